"""How many workflow runs a workspace may start."""

from typing import Annotated, ClassVar

from config.declaration import Declared, Group
from config.variables.group import VariableGroup
from config.variables.rate_bounds import Limit, Window


class WorkflowLimitVariables(VariableGroup):
    """Beyond the soft limit runs wait; beyond the hard one they fail."""

    group: ClassVar[Group] = Group.WORKFLOW_LIMITS

    workflow_soft_limit: Annotated[
        Limit,
        Declared(
            "WORKFLOW_EXEC_SOFT_THROTTLE_LIMIT",
            "Runs a workspace may start within the soft TTL before further ones wait.",
        ),
    ] = 100
    workflow_soft_ttl_ms: Annotated[
        Window,
        Declared(
            "WORKFLOW_EXEC_SOFT_THROTTLE_TTL",
            "Milliseconds over which the soft limit is refilled.",
        ),
    ] = 60_000
    workflow_hard_limit: Annotated[
        Limit,
        Declared(
            "WORKFLOW_EXEC_HARD_THROTTLE_LIMIT",
            "Runs a workspace may start within the hard TTL before further ones fail.",
        ),
    ] = 5000
    workflow_hard_ttl_ms: Annotated[
        Window,
        Declared(
            "WORKFLOW_EXEC_HARD_THROTTLE_TTL",
            "Milliseconds over which the hard limit is refilled.",
        ),
    ] = 3_600_000
