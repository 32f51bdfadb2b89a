"""What becomes of a stream, as pure steps between values."""

from dataclasses import replace
from datetime import datetime, timedelta

from jobs.streams.stream import (
    BROKEN,
    LOST_WORKER,
    Healing,
    Phase,
    SliceResult,
    Stream,
    StreamClaim,
    StreamFailure,
    StreamStatus,
)

MOST_ATTEMPTS = 5
"""How often in a row a stream may lose its worker, or break it, before it is parked."""

MOST_RECOVERIES = 6
"""How often a parked stream is tried again by itself before that is left to people."""

_FIRST_PAUSE = timedelta(seconds=30)

_PROMISE = " It is tried again by itself."

FIRST_RECOVERY = timedelta(minutes=30)
"""How long after it was parked a stream is tried again first; each pause is twice the last."""

LONGEST_LEASE = timedelta(hours=1)
"""How far ahead a lease may end; one that ends later was given by a clock that was wrong."""

LONGEST_REST = timedelta(hours=26)
"""How long a stream may rest after a failure: providers ask for a day at most."""


def claimed(stream: Stream, claim: StreamClaim) -> Stream:
    """Return a due stream with its next attempt begun."""
    return replace(
        stream,
        lease_owner=claim.worker,
        lease_until=claim.lease_until,
        fence=stream.fence + 1,
        attempts=stream.attempts + 1,
        asked_at=None,
        # Only a listing finds what changed: what goes on importing leaves the hint to the next one.
        hinted_at=None if stream.phase is Phase.LIST else stream.hinted_at,
        rests_until=None,
        updated_at=claim.now,
    )


def settled(stream: Stream, result: SliceResult, now: datetime, due_at: datetime) -> Stream:
    """Return a claimed stream after a slice that ended in order, due again at `due_at`.

    It rests until then where the slice named a moment, and otherwise waits for its turn.
    A slice that only waits, and still counts failures, is not a good one.
    """
    is_good = result.failure is None and not result.failures
    after = replace(
        _free(stream, now),
        phase=result.phase,
        status=result.status,
        next_due_at=due_at,
        rests_until=due_at if isinstance(result.due, datetime) else None,
        attempts=0,
        failures=result.failures,
        detail=result.detail,
        last_success_at=now if is_good else stream.last_success_at,
        last_failure=result.failure,
        recoveries=0 if is_good else stream.recoveries,
    )
    is_healing = result.status is StreamStatus.PARKED and result.healing is Healing.BY_TIME
    return _left_to_time(after, now) if is_healing else after


def given_back(stream: Stream, now: datetime, due_at: datetime) -> Stream:
    """Return a claimed stream as if it had not been claimed, due at `due_at`."""
    return replace(_free(stream, now), next_due_at=due_at, attempts=max(0, stream.attempts - 1))


def broken(stream: Stream, sentence: str, now: datetime) -> Stream:
    """Return a claimed stream whose slice met a defect: it is tried later, and in the end parked.

    It waits twice as long each time.
    """
    if stream.attempts >= MOST_ATTEMPTS:
        reason = f"It broke {stream.attempts} times in a row. {sentence}"
        return _left_to_time(_parked(_free(stream, now), StreamFailure(BROKEN, reason)), now)
    return replace(
        _free(stream, now),
        next_due_at=now + _FIRST_PAUSE * 2 ** max(0, stream.attempts - 1),
        detail=sentence,
        last_failure=StreamFailure(BROKEN, sentence),
    )


def lost(stream: Stream, now: datetime) -> Stream:
    """Return what becomes of a stream whose lease ran out: due at once, and parked in the end.

    One that broke before did not take its worker down each time, so it is left to time. The fence
    moves on, so that whoever held it changes nothing any more.
    """
    free = replace(_free(stream, now), fence=stream.fence + 1)
    sentence = f"It lost its worker {stream.attempts} times in a row."
    if stream.attempts < MOST_ATTEMPTS:
        return replace(free, next_due_at=now, last_failure=StreamFailure(LOST_WORKER, sentence))
    if stream.last_failure is not None and stream.last_failure.kind == BROKEN:
        mixed = StreamFailure(LOST_WORKER, "It lost its worker, and it broke before.")
        return _left_to_time(_parked(free, mixed), now)
    return _parked(free, StreamFailure(LOST_WORKER, f"{sentence} Resume it to try again."))


def merged(kept: Stream, after: Stream) -> Stream:
    """Return what to write of `after`, when people changed `kept` while it was worked on.

    A pause stands, and so does a wish for a slice out of turn: a slice that ended in order, and
    parked the stream without knowing of the wish, is followed by one more. A hint only makes the
    next turn come sooner: what backs off, or waits for quota, does so all the same.
    """
    is_wanted = kept.asked_at is not None and after.attempts == 0
    is_settled = kept.status is StreamStatus.ACTIVE and not is_wanted
    status = after.status if is_settled else kept.status
    due_at = after.next_due_at if kept.asked_at is None else min(after.next_due_at, kept.asked_at)
    recover_at = after.recover_at if status is StreamStatus.PARKED else None
    written = replace(
        after,
        status=status,
        next_due_at=due_at,
        asked_at=None,
        recover_at=recover_at,
        hinted_at=kept.hinted_at,
        rests_until=after.rests_until if kept.asked_at is None else None,
    )
    if kept.hinted_at is None or not written.is_in_turn:
        return written
    return replace(written, next_due_at=min(due_at, kept.hinted_at))


def recovered(stream: Stream, now: datetime) -> Stream:
    """Return a parked stream that is tried once more, as soon as may be.

    One more failure parks it again: it keeps what it is known for, less one.
    """
    return replace(
        stream,
        status=StreamStatus.ACTIVE,
        next_due_at=now,
        attempts=max(0, stream.attempts - 1),
        failures=max(0, stream.failures - 1),
        recoveries=stream.recoveries + 1,
        recover_at=None,
        rests_until=None,
        updated_at=now,
    )


def switched(stream: Stream, status: StreamStatus, now: datetime, detail: str = "") -> Stream:
    """Return a stream that somebody pauses or parks, or lets go on: then it is due and unmarked.

    `detail` says why it rests; without it what was said before stays, but for the promise to try
    again.
    """
    if status is not StreamStatus.ACTIVE:
        told = detail or stream.detail.removesuffix(_PROMISE)
        return replace(stream, status=status, detail=told, recover_at=None, updated_at=now)
    active = replace(
        stream,
        status=status,
        attempts=stream.attempts if stream.lease_until else 0,
        failures=0,
        last_failure=None if stream.is_suspect else stream.last_failure,
        detail="",
        recoveries=0,
        recover_at=None,
    )
    return asked(active, now)


def asked(stream: Stream, now: datetime) -> Stream:
    """Return a stream that somebody wants a slice of as soon as may be."""
    due_at = min(stream.next_due_at, now)
    return replace(stream, next_due_at=due_at, asked_at=now, rests_until=None, updated_at=now)


def is_open_to_hints(stream: Stream, now: datetime) -> bool:
    """Claim that a hint changes anything: one of a flood mostly does not.

    What backs off, was lost or broken, or is paused is closed to them.
    """
    is_held = stream.status is StreamStatus.ACTIVE and stream.lease_until is not None
    if not is_held and not stream.is_well:
        return False
    return stream.hinted_at is None or (stream.is_in_turn and stream.next_due_at > now)


def hinted(stream: Stream, now: datetime) -> Stream:
    """Return a stream of which its provider says that something changed.

    One that waits for its turn is due; one that is held is due again once its slice has ended well,
    and one that rests keeps its moment.
    """
    if not stream.is_in_turn:
        return replace(stream, hinted_at=now)
    return replace(stream, next_due_at=min(stream.next_due_at, now), hinted_at=now)


def recalled(stream: Stream, now: datetime) -> Stream:
    """Return a stream taken from whoever holds it, that is to look at everything as soon as may be.

    The fence moves on, so that whoever held it changes nothing any more.
    """
    free = replace(_free(stream, now), fence=stream.fence + 1, attempts=0, phase=Phase.LIST)
    return asked(free, now)


def is_stuck(stream: Stream, now: datetime) -> bool:
    """Claim that a clock that was wrong keeps a stream from being worked on.

    What waits for its turn is not judged: only its lane's cron says how long that may be.
    """
    if stream.lease_until is not None:
        return stream.lease_until > now + LONGEST_LEASE
    is_resting = stream.status is StreamStatus.ACTIVE and not stream.is_in_turn
    return is_resting and stream.next_due_at > now + LONGEST_REST


def unstuck(stream: Stream, now: datetime) -> Stream:
    """Return a stuck stream due now, and held by nobody: the fence moves on."""
    free = replace(_free(stream, now), fence=stream.fence + 1)
    return replace(free, next_due_at=now, rests_until=None)


def _free(stream: Stream, now: datetime) -> Stream:
    return replace(stream, lease_owner=None, lease_until=None, updated_at=now)


def _left_to_time(stream: Stream, now: datetime) -> Stream:
    """Return a parked stream with the moment of its next recovery, which is twice as far each time.

    In the end it is left to people, and says so.
    """
    if stream.recoveries >= MOST_RECOVERIES:
        told = f"Trying again did not help {stream.recoveries} times; resume it to try once more."
        return replace(stream, detail=f"{stream.detail} {told}")
    return replace(
        stream,
        detail=f"{stream.detail}{_PROMISE}",
        recover_at=now + FIRST_RECOVERY * 2**stream.recoveries,
    )


def _parked(stream: Stream, failure: StreamFailure) -> Stream:
    return replace(
        stream, status=StreamStatus.PARKED, detail=failure.sentence, last_failure=failure
    )
