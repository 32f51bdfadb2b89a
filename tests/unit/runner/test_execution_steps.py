"""What becomes of an execution after each attempt."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.port import GUEST_RAN, Outcome, OutcomeKind
from runner.executions.execution import (
    OVERDUE,
    Execution,
    ExecutionStatus,
    claimed,
    lost,
    overdue,
)
from runner.executions.retry import BACKOFF, GIVEN_BACK, HOPELESS, Backoff, settled
from support.executions import LEASE, a_claim, an_execution
from support.records import START

NOW = START + LEASE
kinds = st.sampled_from(sorted(OutcomeKind))
chances = st.floats(0, 1, exclude_max=True)


def _running(*, attempts: int = 1, **more: Any) -> Execution:
    """Return an execution whose attempt of this number is under way."""
    execution = an_execution(**more)
    for _ in range(attempts):
        execution = claimed(execution, a_claim())
    return execution


def _settled(
    execution: Execution,
    kind: OutcomeKind,
    *,
    is_idempotent: bool = False,
    retry_after_s: float | None = None,
) -> Execution:
    outcome = Outcome(kind, "memory", retry_after_s=retry_after_s)
    return settled(
        execution, outcome, b"{}", is_idempotent=is_idempotent, now=NOW, random=lambda: 0.5
    )


def test_success_is_an_end_with_its_answer() -> None:
    """An attempt that did well ends the execution, whatever was asked meanwhile."""
    asked = replace(_running(), is_cancel_asked=True)

    after = _settled(asked, OutcomeKind.OK)

    assert after.status is ExecutionStatus.SUCCEEDED
    assert (after.outcome, after.answer_json, after.finished_at) == ("ok", b"{}", NOW)
    assert (after.lease_until, after.worker) == (None, None)


@pytest.mark.parametrize("kind", sorted(GUEST_RAN - {OutcomeKind.OK}))
def test_code_that_ran_is_not_run_again_unasked(kind: OutcomeKind) -> None:
    """A function that declares nothing runs once, and the detail says why it ends there."""
    after = _settled(_running(), kind)

    assert after.status is ExecutionStatus.DEAD
    assert after.outcome == kind
    assert after.detail


@pytest.mark.parametrize("kind", sorted(GUEST_RAN - HOPELESS - {OutcomeKind.OK}))
def test_an_idempotent_function_is_tried_again(kind: OutcomeKind) -> None:
    """Whatever happened to its code, it waits for the next attempt until all are used up."""
    again = _settled(_running(attempts=4), kind, is_idempotent=True)
    ended = _settled(_running(attempts=5), kind, is_idempotent=True)

    assert again.status is ExecutionStatus.WAITING
    assert again.due_at == NOW + timedelta(seconds=4)
    assert ended.status is ExecutionStatus.DEAD
    assert ended.answer_json == b"{}"


@pytest.mark.parametrize("kind", [OutcomeKind.PLATFORM_ERROR, OutcomeKind.NOT_DEPLOYED])
def test_where_no_code_ran_every_function_is_tried_again(kind: OutcomeKind) -> None:
    """A fault on our side costs attempts, not the execution, until they are used up."""
    assert _settled(_running(), kind).status is ExecutionStatus.WAITING
    assert _settled(_running(attempts=5), kind).status is ExecutionStatus.DEAD


@pytest.mark.parametrize("kind", sorted(GIVEN_BACK))
def test_where_there_was_no_room_the_attempt_is_given_back(kind: OutcomeKind) -> None:
    """However often there is no room, or functions are off, the execution waits on."""
    after = _settled(_running(attempts=9, max_attempts=1), kind)

    assert after.status is ExecutionStatus.WAITING
    assert after.attempts == 8
    assert after.due_at == NOW + timedelta(seconds=7.5)


@pytest.mark.parametrize("kind", sorted(HOPELESS))
def test_what_cannot_get_better_is_not_repeated(kind: OutcomeKind) -> None:
    """The same code and event would end alike, idempotent or not."""
    assert _settled(_running(), kind, is_idempotent=True).status is ExecutionStatus.DEAD


def test_a_wait_that_was_named_is_kept() -> None:
    """Who says when to come back is not asked earlier."""
    after = _settled(_running(), OutcomeKind.THROTTLED, retry_after_s=17.0)

    assert after.due_at == NOW + timedelta(seconds=17)


def test_a_cancelled_attempt_is_not_repeated() -> None:
    """Once its end was asked for, an execution that did not do well is cancelled."""
    asked = replace(_running(), is_cancel_asked=True)

    after = _settled(asked, OutcomeKind.USER_ERROR, is_idempotent=True)

    assert after.status is ExecutionStatus.CANCELLED
    assert after.finished_at == NOW


def test_nothing_waits_past_its_deadline() -> None:
    """A next attempt that would come too late is not waited for."""
    running = _running(deadline_at=NOW + timedelta(seconds=0.4))

    after = _settled(running, OutcomeKind.PLATFORM_ERROR)

    assert after.status is ExecutionStatus.DEAD
    assert after.outcome == OVERDUE
    assert "platform_error" in after.detail


def test_a_deadline_says_what_was_tried() -> None:
    """An execution that never ran does not tell of an attempt."""
    assert "attempt" not in overdue(an_execution(), NOW).detail


def test_a_lost_attempt_is_repeated_only_where_that_is_safe() -> None:
    """Nobody knows whether the code ran, so only a declared function runs again."""
    running = _running()

    again = lost(running, NOW, is_idempotent=True, pause_s=3)
    dead = lost(running, NOW, is_idempotent=False, pause_s=3)

    assert (again.status, again.due_at) == (ExecutionStatus.WAITING, NOW + timedelta(seconds=3))
    assert (dead.status, dead.outcome) == (ExecutionStatus.DEAD, "unknown_outcome")


def test_a_lost_attempt_ends_with_its_bounds() -> None:
    """The last attempt, a deadline and a wish to end are seen although nobody told an outcome."""
    last = lost(_running(attempts=5), NOW, is_idempotent=True, pause_s=0)
    late = lost(_running(deadline_at=NOW), NOW, is_idempotent=True, pause_s=0)
    asked = lost(replace(_running(), is_cancel_asked=True), NOW, is_idempotent=True, pause_s=0)

    assert (last.status, last.outcome) == (ExecutionStatus.DEAD, "unknown_outcome")
    assert (late.status, late.outcome) == (ExecutionStatus.DEAD, OVERDUE)
    assert asked.status is ExecutionStatus.CANCELLED


@given(number=st.integers(-1, 10_000), chance=chances, least_s=st.floats(0, 1000))
def test_pauses_stay_within_their_bounds(number: int, chance: float, least_s: float) -> None:
    """A pause is below its doubling bound and the cap, unless a longer one was asked for."""
    pause_s = BACKOFF.pause_s(number, lambda: chance, at_least_s=least_s)

    assert least_s <= pause_s <= max(least_s, 300, 0)
    if number <= 9:
        assert pause_s <= max(least_s, 2.0 ** (max(number, 1) - 1))


def test_chance_takes_from_the_whole_range() -> None:
    """Jitter is full: without luck there is no pause, and with most luck the whole bound."""
    backoff = Backoff(first_s=2, most_s=30)

    assert backoff.pause_s(1, lambda: 0.0) == 0
    assert backoff.pause_s(3, lambda: 0.75) == pytest.approx(6)
    assert backoff.pause_s(99, lambda: 0.5) == 15


@given(
    kind=kinds,
    attempts=st.integers(1, 6),
    most=st.integers(1, 6),
    is_idempotent=st.booleans(),
    is_asked=st.booleans(),
    chance=chances,
    deadline_s=st.none() | st.floats(-10, 1000),
)
def test_every_attempt_leads_on_or_ends(  # noqa: PLR0913 - each is drawn on its own.
    kind: OutcomeKind,
    attempts: int,
    most: int,
    *,
    is_idempotent: bool,
    is_asked: bool,
    chance: float,
    deadline_s: float | None,
) -> None:
    """After an attempt an execution waits, within its bounds, or is at its end; nothing else."""
    deadline_at = None if deadline_s is None else NOW + timedelta(seconds=deadline_s)
    running = _running(attempts=attempts, max_attempts=most, deadline_at=deadline_at)
    running = replace(running, is_cancel_asked=is_asked)

    after = settled(
        running,
        Outcome(kind, "memory"),
        b"{}",
        is_idempotent=is_idempotent,
        now=NOW,
        random=lambda: chance,
    )

    assert after.fence == running.fence
    assert after.lease_until is None
    if after.status is ExecutionStatus.WAITING:
        assert after.attempts < most or kind in GIVEN_BACK
        assert not after.is_overdue(after.due_at)
        assert is_idempotent or kind not in GUEST_RAN
        assert not is_asked
    else:
        assert after.is_final
        assert after.finished_at == NOW
