"""Which calls of the history are asked for; every store means the same by it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from drivers.port import Outcome, OutcomeKind
from runner.call import CallRecord, Selector

OPERATOR = "operator"
"""Stands where a key's id does for calls that were made without one."""

FAILED = "failed"
"""Stands for every outcome but ok."""

FAILURES = frozenset(kind.value for kind in OutcomeKind) - {OutcomeKind.OK.value}

MAX_SEARCH = 200
"""The most characters of a search, and of the text that is searched in one call."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which records to list; None means any, and what is given narrows together.

    `version` is a number or the draft. `caller` is the id of a key, or `operator`. `since` is
    inclusive and `until` exclusive, both over `started_at`; both durations are inclusive.

    `error` is searched in the type of what went wrong and in those of its causes, whatever the
    case: each word of it must be one of these types, or with a star at its start or end, end or
    start one. `*key*` stands anywhere in one.
    """

    function: str | None = None
    outcomes: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    version: int | Selector | None = None
    trigger: str | None = None
    caller: str | None = None
    execution_id: str | None = None
    replay_of: str | None = None
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    error: str | None = None

    def admits(self, record: CallRecord) -> bool:
        """Claim that `record` is one of those to list."""
        outcome = record.outcome
        return (
            (self.function is None or record.function_name == self.function)
            and (self.outcomes is None or outcome.kind in self.outcomes)
            and (self.since is None or record.started_at >= self.since)
            and (self.until is None or record.started_at < self.until)
            and (self.version is None or (record.version or Selector.DRAFT) == self.version)
            and (self.trigger is None or record.trigger == self.trigger)
            and (self.caller is None or (record.key_id or OPERATOR) == self.caller)
            and (self.execution_id is None or record.execution_id == self.execution_id)
            and (self.replay_of is None or record.replay_of == self.replay_of)
            and (self.min_duration_s is None or outcome.duration_s >= self.min_duration_s)
            and (self.max_duration_s is None or outcome.duration_s <= self.max_duration_s)
            and (self.error is None or _has_error(outcome, self.error))
        )


def error_text(outcome: Outcome) -> str | None:
    """Return the words that a search for errors looks at, each between blanks; None without any.

    What no database can hold is replaced, and only the start is kept of a text that is long.
    """
    error = outcome.error
    if error is None or outcome.kind is OutcomeKind.OK:
        return None
    types = " ".join((error.type, *(cause.type for cause in error.causes)))
    clean = "".join("\ufffd" if _is_unstorable(char) else char for char in types[:MAX_SEARCH])
    words = clean.casefold().split()
    return f" {' '.join(words)} " if words else None


@lru_cache(64)
def error_needles(search: str) -> tuple[str, ...]:
    """Return the pieces of text that all have to be in the `error_text` of a call."""
    needles: list[str] = []
    for word in search[:MAX_SEARCH].casefold().split():
        before = "" if word.startswith("*") else " "
        after = "" if word.endswith("*") else " "
        needles.append(f"{before}{word.strip('*')}{after}")
    return tuple(needles)


def _has_error(outcome: Outcome, search: str) -> bool:
    text = error_text(outcome)
    return text is not None and all(needle in text for needle in error_needles(search))


def _is_unstorable(char: str) -> bool:
    return char == "\0" or "\ud800" <= char <= "\udfff"
