"""What the configuration store keeps: bodies, and the history of how they came about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

NOTHING_STORED = 0
"""The revision of a store in which nothing was ever changed; its body is empty."""


@dataclass(frozen=True, slots=True)
class StoredBody:
    """All values that are stored, as of one revision: variable name to raw text.

    The names are those of the catalogue, never an alias. The text of a sensitive variable is
    sealed; whoever needs its value opens it with the `Sealer`, bound to `secret_place(name)`.
    One that `is_damaged` was written by somebody else and cannot be read: it has no values, and
    nothing may be built on it.
    """

    revision: int = NOTHING_STORED
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One variable in a change: both texts as people may see them, None where there was none.

    A sensitive variable is shown as its keyed fingerprint.
    """

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Who made a revision, when, why, and what changed against the revision before it.

    `changed_by` names the principal, for example `key_01J…` or `operator`. `changes` are sorted by
    name; a revision that rolls back has the old body and the changes that this took.
    """

    revision: int
    changed_at: datetime
    changed_by: str
    reason: str
    changes: tuple[Change, ...] = ()
