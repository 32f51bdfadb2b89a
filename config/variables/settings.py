"""All variables of this process as one frozen object."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, model_validator

from config.declaration import Declared
from config.variables.authentication import AuthenticationVariables
from config.variables.call_history import CallHistoryVariables
from config.variables.concurrency import ConcurrencyVariables
from config.variables.configuration import ConfigurationVariables
from config.variables.email import EmailVariables
from config.variables.google import GoogleVariables
from config.variables.group import VariableGroup
from config.variables.logging import LoggingVariables
from config.variables.logic_functions import LogicFunctionVariables
from config.variables.metering import MeteringVariables
from config.variables.microsoft import MicrosoftVariables
from config.variables.rate_limiting import RateLimitingVariables
from config.variables.sandbox import SandboxVariables
from config.variables.server import ServerVariables
from config.variables.storage import StorageVariables
from config.variables.tokens import TokenVariables
from config.variables.worker import WorkerVariables
from config.variables.workflow_limits import WorkflowLimitVariables


class Settings(
    ServerVariables,
    ConfigurationVariables,
    AuthenticationVariables,
    RateLimitingVariables,
    StorageVariables,
    GoogleVariables,
    MicrosoftVariables,
    EmailVariables,
    LoggingVariables,
    MeteringVariables,
    TokenVariables,
    LogicFunctionVariables,
    CallHistoryVariables,
    ConcurrencyVariables,
    WorkflowLimitVariables,
    SandboxVariables,
    WorkerVariables,
):
    """The value of every variable.

    Made from a mapping of variable names to raw texts; the environment is read by
    `config.layers` alone. A part that needs few of them asks for their group, which this is too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=False)

    @model_validator(mode="before")
    @classmethod
    def _by_field(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        return {FIELD_OF.get(name, name): value for name, value in given.items()}


GROUPS: tuple[type[VariableGroup], ...] = tuple(
    model for model in Settings.__bases__ if issubclass(model, VariableGroup)
)
"""The groups in the order in which they are shown."""


def declared_of(field: str) -> Declared:
    """Return what is declared of the variable behind `field`."""
    metadata = Settings.model_fields[field].metadata
    return next(each for each in metadata if isinstance(each, Declared))


FIELD_OF: Mapping[str, str] = {
    name: field
    for field in Settings.model_fields
    for declared in [declared_of(field)]
    for name in (declared.name, *declared.aliases)
}
"""The field behind each name and alias."""
