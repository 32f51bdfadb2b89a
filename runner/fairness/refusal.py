"""Why a call did not get to the driver, as the outcome will tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from drivers.port import OutcomeKind


class Reason(StrEnum):
    """What a call was turned away for: a cap that nobody freed in time, or a line that is full."""

    FUNCTION = "function"
    WORKSPACE = "workspace"
    ALL = "all"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """No room in time: `kind` is throttled for a caller's own caps and saturated for everyone's.

    `detail` is a sentence for people. `retry_after_s` is how long calls wait for room just now.
    """

    kind: OutcomeKind
    detail: str
    retry_after_s: float


_TOLD: Final[Mapping[Reason, tuple[OutcomeKind, str]]] = {
    Reason.FUNCTION: (
        OutcomeKind.THROTTLED,
        "As many calls of this function run as its concurrency allows, and none ended in time.",
    ),
    Reason.WORKSPACE: (
        OutcomeKind.THROTTLED,
        "As many calls of this workspace run as may run at once, and none ended in time.",
    ),
    Reason.ALL: (
        OutcomeKind.SATURATED,
        "Too many calls at once: none of those that run ended in time.",
    ),
    Reason.LINE: (OutcomeKind.SATURATED, "Too many calls at once: the waiting line is full."),
}


def turned_away(reason: Reason, retry_after_s: float) -> TurnedAway:
    """Return what a call is told that is turned away for `reason`."""
    kind, detail = _TOLD[reason]
    return TurnedAway(kind, detail, retry_after_s)
