"""The variables as data: what the docs, the command line, `doctor` and the tests read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.declaration import Condition, Group, Kind, Unit
from config.variables import GROUPS, declared_of

HOME = "SANDERLING_HOME"
IN_DATABASE = "IS_CONFIG_VARIABLES_IN_DB_ENABLED"
_SECONDS_PER = (("d", 86_400), ("h", 3600), ("m", 60))


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared variable; `names` starts with `name`, the others are accepted as well.

    `words` are what an enum takes. `default` is a value, `default_text` how people write it; it
    is empty where there is none.
    """

    name: str
    names: tuple[str, ...]
    field: str
    group: Group
    kind: Kind
    unit: Unit | None
    words: tuple[str, ...]
    description: str
    default: object
    is_env_only: bool
    needs_restart: bool
    is_planned: bool
    required_if: tuple[Condition, ...]

    @property
    def is_sensitive(self) -> bool:
        """Claim that the value is shown to nobody."""
        return self.kind is Kind.SECRET

    @property
    def default_text(self) -> str:
        """The default as people write it."""
        return self.text_of(self.default)

    def text_of(self, value: object) -> str:
        """Return `value` as people write it; one that is sensitive is not for their eyes."""
        if isinstance(value, tuple):
            return ",".join(self.text_of(item) for item in cast("tuple[object, ...]", value))
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int) and self.unit is Unit.SECONDS:
            return _duration(value)
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return "" if value is None else str(value)


def _duration(value_s: int) -> str:
    for letter, length_s in _SECONDS_PER:
        if value_s and value_s % length_s == 0:
            return f"{value_s // length_s}{letter}"
    return f"{value_s}s"


def _marks(annotation: Any) -> Iterator[Any]:
    """Yield all that is annotated, however deep: an optional type hides its marks inside."""
    yield annotation
    for inner in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        if inner is not annotation:
            yield from _marks(inner)


def _variable(group: Group, field: str, info: FieldInfo) -> Variable:
    declared = declared_of(field)
    marks = [*info.metadata, *_marks(info.annotation)]
    kind = next(mark for mark in marks if isinstance(mark, Kind))
    words = info.annotation if kind is Kind.ENUM else None
    return Variable(
        name=declared.name,
        names=(declared.name, *declared.aliases),
        field=field,
        group=group,
        kind=kind,
        unit=next((mark for mark in marks if isinstance(mark, Unit)), None),
        words=tuple(str(word) for word in cast("type[StrEnum]", words)) if words else (),
        description=declared.description,
        default=info.default,
        is_env_only=declared.is_env_only,
        needs_restart=declared.needs_restart,
        is_planned=declared.is_planned,
        required_if=declared.required_if,
    )


CATALOGUE = tuple(
    _variable(model.group, field, info)
    for model in GROUPS
    for field, info in model.model_fields.items()
)
"""Every variable, by group, in the order in which it is declared."""

BY_NAME: Mapping[str, Variable] = {
    name: variable for variable in CATALOGUE for name in variable.names
}
"""The variable behind each name and alias."""

BY_FIELD: Mapping[str, Variable] = {variable.field: variable for variable in CATALOGUE}
"""The variable behind each field of the settings."""
