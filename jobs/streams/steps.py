"""What becomes of a stream, as pure steps between values."""

from dataclasses import replace
from datetime import datetime, timedelta

from jobs.streams.stream import (
    BROKEN,
    LOST_WORKER,
    Phase,
    SliceResult,
    Stream,
    StreamClaim,
    StreamFailure,
    StreamStatus,
)

MOST_ATTEMPTS = 5
"""How often in a row a stream may lose its worker, or break it, before it is parked."""

_FIRST_PAUSE = timedelta(seconds=30)


def claimed(stream: Stream, claim: StreamClaim) -> Stream:
    """Return a due stream with its next attempt begun."""
    return replace(
        stream,
        lease_owner=claim.worker,
        lease_until=claim.lease_until,
        fence=stream.fence + 1,
        attempts=stream.attempts + 1,
        asked_at=None,
        updated_at=claim.now,
    )


def settled(stream: Stream, result: SliceResult, now: datetime, due_at: datetime) -> Stream:
    """Return a claimed stream after a slice that ended in order, due again at `due_at`."""
    is_good = result.failure is None
    return replace(
        _free(stream, now),
        phase=result.phase,
        status=result.status,
        next_due_at=due_at,
        attempts=0,
        failures=result.failures,
        detail=result.detail,
        last_success_at=now if is_good else stream.last_success_at,
        last_failure=result.failure,
    )


def given_back(stream: Stream, now: datetime, due_at: datetime) -> Stream:
    """Return a claimed stream as if it had not been claimed, due at `due_at`."""
    return replace(_free(stream, now), next_due_at=due_at, attempts=max(0, stream.attempts - 1))


def broken(stream: Stream, sentence: str, now: datetime) -> Stream:
    """Return a claimed stream whose slice met a defect: it is tried later, and in the end parked.

    It waits twice as long each time.
    """
    if stream.attempts >= MOST_ATTEMPTS:
        reason = f"It broke {stream.attempts} times in a row. {sentence}"
        return _parked(_free(stream, now), StreamFailure(BROKEN, reason))
    return replace(
        _free(stream, now),
        next_due_at=now + _FIRST_PAUSE * 2 ** max(0, stream.attempts - 1),
        detail=sentence,
        last_failure=StreamFailure(BROKEN, sentence),
    )


def lost(stream: Stream, now: datetime) -> Stream:
    """Return what becomes of a stream whose lease ran out: due at once, and parked in the end.

    The fence moves on, so that whoever held it changes nothing any more.
    """
    free = replace(_free(stream, now), fence=stream.fence + 1)
    sentence = f"It lost its worker {stream.attempts} times in a row."
    failure = StreamFailure(LOST_WORKER, sentence)
    if stream.attempts >= MOST_ATTEMPTS:
        return _parked(free, StreamFailure(LOST_WORKER, f"{sentence} Resume it to try again."))
    return replace(free, next_due_at=now, last_failure=failure)


def merged(kept: Stream, after: Stream) -> Stream:
    """Return what to write of `after`, when people changed `kept` while it was worked on.

    A pause stands, and so does a wish for a slice out of turn: a slice that ended in order, and
    parked the stream without knowing of the wish, is followed by one more.
    """
    is_wanted = kept.asked_at is not None and after.attempts == 0
    is_settled = kept.status is StreamStatus.ACTIVE and not is_wanted
    status = after.status if is_settled else kept.status
    due_at = after.next_due_at if kept.asked_at is None else min(after.next_due_at, kept.asked_at)
    return replace(after, status=status, next_due_at=due_at, asked_at=None)


def switched(stream: Stream, status: StreamStatus, now: datetime, detail: str = "") -> Stream:
    """Return a stream that somebody pauses or parks, or lets go on: then it is due and unmarked.

    `detail` says why it rests; without it what was said before stays.
    """
    if status is not StreamStatus.ACTIVE:
        return replace(stream, status=status, detail=detail or stream.detail, updated_at=now)
    attempts = stream.attempts if stream.lease_until else 0
    failure = None if stream.is_suspect else stream.last_failure
    return asked(
        replace(
            stream, status=status, attempts=attempts, failures=0, last_failure=failure, detail=""
        ),
        now,
    )


def asked(stream: Stream, now: datetime) -> Stream:
    """Return a stream that somebody wants a slice of as soon as may be."""
    return replace(stream, next_due_at=min(stream.next_due_at, now), asked_at=now, updated_at=now)


def recalled(stream: Stream, now: datetime) -> Stream:
    """Return a stream taken from whoever holds it, that is to look at everything as soon as may be.

    The fence moves on, so that whoever held it changes nothing any more.
    """
    free = replace(_free(stream, now), fence=stream.fence + 1, attempts=0, phase=Phase.LIST)
    return asked(free, now)


def _free(stream: Stream, now: datetime) -> Stream:
    return replace(stream, lease_owner=None, lease_until=None, updated_at=now)


def _parked(stream: Stream, failure: StreamFailure) -> Stream:
    return replace(
        stream, status=StreamStatus.PARKED, detail=failure.sentence, last_failure=failure
    )
