"""The variables as data: what the docs, `doctor` and the tests read."""

from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from config.variables import Settings

HOME = "SANDERLING_HOME"


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared variable; `names` starts with `name`, the others are accepted as well."""

    name: str
    names: tuple[str, ...]
    field: str
    group: str
    description: str
    default: object
    is_sensitive: bool


def _variable(field: str, info: FieldInfo) -> Variable:
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias or field]
    names = tuple(str(choice) for choice in choices)
    extra: Any = info.json_schema_extra
    return Variable(
        name=names[0],
        names=names,
        field=field,
        group=extra["group"],
        description=info.description or "",
        default=info.default,
        is_sensitive=extra.get("sensitive", False),
    )


CATALOGUE = tuple(_variable(field, info) for field, info in Settings.model_fields.items())
"""Every variable, in the order in which it is declared."""
