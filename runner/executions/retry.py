"""Whether an execution is tried again after an attempt, and when; pure.

An attempt is repeated only where that can do no harm: no user code ran, or the function declares
that running twice does what running once does. How often is bounded by `max_attempts`, but for
attempts that were not made at all: where there was no room, or functions are switched off, the
attempt is given back and the execution waits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.port import GUEST_RAN, Outcome, OutcomeKind
from runner.executions.execution import (
    Execution,
    ExecutionStatus,
    cancelled,
    finished,
    overdue,
    postponed,
    rescheduled,
)

Random = Callable[[], float]
"""Returns a number from 0 up to, but without, 1."""

GIVEN_BACK = frozenset(
    {
        OutcomeKind.SATURATED,
        OutcomeKind.THROTTLED,
        OutcomeKind.DISABLED,
        OutcomeKind.MISCONFIGURED,
    }
)
"""Outcomes that say nothing of the execution: no attempt was made, so none is counted."""

HOPELESS = frozenset(
    {
        OutcomeKind.BAD_CODE,
        OutcomeKind.BAD_RESULT,
        OutcomeKind.PAYLOAD_TOO_LARGE,
        OutcomeKind.RESULT_TOO_LARGE,
    }
)
"""Outcomes that the same event and the same code will have again."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from `first_s` up to `most_s`, of which chance takes a part.

    Full jitter: each pause is drawn from the whole range below its bound, so that many which
    failed together do not come back together.
    """

    first_s: float = 1.0
    most_s: float = 300.0

    def pause_s(self, number: int, random: Random, *, at_least_s: float = 0.0) -> float:
        """Return the pause before the attempt after the one of this number, from 1."""
        # Past the exponent the bound holds anyway, and a float would overflow.
        bound_s = min(self.most_s, math.ldexp(self.first_s, min(max(number, 1) - 1, 64)))
        return max(at_least_s, bound_s * random())


BACKOFF = Backoff()

ROOM = Backoff(most_s=15.0)
"""Pauses where nothing was tried: room may be there soon, and nobody should wait for minutes."""


def settled(
    execution: Execution,
    outcome: Outcome,
    answer_json: bytes,
    *,
    is_idempotent: bool,
    now: datetime,
    random: Random,
) -> Execution:
    """Return what becomes of a running execution whose attempt ended in `outcome`.

    `answer_json` is the whole outcome, kept with the execution when this is the end.
    """
    word, detail = outcome.kind.value, outcome.detail
    if outcome.kind is OutcomeKind.OK:
        return finished(
            execution, ExecutionStatus.SUCCEEDED, now, outcome=word, answer_json=answer_json
        )
    if execution.is_cancel_asked:
        return cancelled(execution, now)
    if outcome.kind in GIVEN_BACK:
        # The fence counts every claim, so the pauses grow although no attempt is counted.
        pause_s = ROOM.pause_s(execution.fence, random, at_least_s=outcome.retry_after_s or 0.0)
        return _at(postponed, execution, now, pause_s, word, detail)
    if _may_repeat(outcome.kind, is_idempotent=is_idempotent) and (
        execution.attempts < execution.max_attempts
    ):
        pause_s = BACKOFF.pause_s(
            execution.attempts, random, at_least_s=outcome.retry_after_s or 0.0
        )
        return _at(rescheduled, execution, now, pause_s, word, detail)
    return finished(
        execution,
        ExecutionStatus.DEAD,
        now,
        outcome=word,
        detail=detail or _why(execution, outcome.kind, is_idempotent=is_idempotent),
        answer_json=answer_json,
    )


def _may_repeat(kind: OutcomeKind, *, is_idempotent: bool) -> bool:
    return kind not in HOPELESS and (is_idempotent or kind not in GUEST_RAN)


def _at(
    step: Callable[..., Execution],
    execution: Execution,
    now: datetime,
    pause_s: float,
    word: str,
    detail: str,
) -> Execution:
    due_at = now + timedelta(seconds=pause_s)
    if execution.is_overdue(due_at):
        # Waiting for a moment past the deadline would only tell later what is known now.
        return overdue(step(execution, due_at, outcome=word, detail=detail), now)
    return step(execution, due_at, outcome=word, detail=detail)


def _why(execution: Execution, kind: OutcomeKind, *, is_idempotent: bool) -> str:
    if kind in HOPELESS:
        return "The same event and the same code would end the same way again."
    if not is_idempotent and kind in GUEST_RAN:
        return (
            "Its code ran, and the function does not declare `is_idempotent`; "
            "so it was not tried again."
        )
    return f"All {execution.max_attempts} attempts were used up."
