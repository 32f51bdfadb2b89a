"""A change of settings, as somebody asks for it and as it would be made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from config.catalogue import BY_NAME
from config.errors import ConfigRejected, EnvironmentOnlyVariable, Problem, VariableUnknown
from config.loader import check_text
from config.stored import Change, StoredBody

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that somebody asks for.

    `values` maps names or aliases to raw texts; None takes a variable out of the database.
    `base` is the revision that the person was looking at, by default the newest one. Texts may be
    secrets, so they are not shown.
    """

    values: Mapping[str, str | None] = field(repr=False)
    changed_by: str
    reason: str = ""
    base: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A change that would be taken: the body it makes, and what differs from the newest one."""

    head: StoredBody
    body: StoredBody
    changes: tuple[Change, ...]


def asked_of(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return what is asked for under the variables' own names.

    Raises:
        VariableUnknown: there is no such variable; it may tell which one is meant.
        EnvironmentOnlyVariable: it cannot be kept in the database.
        ConfigRejected: one is named twice, or its text cannot be stored.

    """
    asked: dict[str, str | None] = {}
    problems: list[Problem] = []
    for name, text in values.items():
        variable = BY_NAME.get(name)
        if variable is None:
            close = get_close_matches(name[:_SHOWN_CHARACTERS].upper(), BY_NAME, n=1)
            raise VariableUnknown(name=name, guess=close[0] if close else "")
        if variable.is_env_only:
            raise EnvironmentOnlyVariable(name=variable.name)
        if variable.name in asked:
            problems.append(Problem(variable.name, "it is named twice"))
        asked[variable.name] = text
        problems += check_text(variable.name, text or "")
    if problems:
        raise ConfigRejected(problems)
    return asked
