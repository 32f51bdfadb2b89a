"""Caps on what is under way at once, as values."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Shares:
    """The caps on turns: as in `Concurrency`, over every process."""

    in_all: int = 0
    per_workspace: int = 0
    soft: int = 0


class CapName(StrEnum):
    """What a cap counts."""

    FUNCTION = "function"
    WORKSPACE = "workspace"
    CHANNEL = "channel"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` slots at once under `key`, which tells apart what is counted."""

    name: CapName
    key: str
    limit: int


def even_share(places: int, waiting: int) -> int:
    """Return what each of `waiting` has of `places`, rounded up; 0 places are no bound."""
    return -(-places // max(waiting, 1))
