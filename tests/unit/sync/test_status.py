"""How sync is getting on, told in one word, and what it cost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.stream import Channel, Phase, Stream, StreamStatus
from jobs.sync.history import MOST_KEPT, SliceRecord
from jobs.sync.status import KINDS, SLICES_SHOWN, Progress, SyncStage, Usage, stage_of, status_of
from support.records import START
from support.streams import a_stream

LISTING = a_stream()
IMPORTING = replace(LISTING, phase=Phase.IMPORT)
FAILED = replace(IMPORTING, failures=2)
HELD = replace(LISTING, lease_owner="worker-1", lease_until=START, attempts=1)
OPEN = Progress(kept=1)
OPEN_WANTED = Progress(kept=1, wanted=2, missing=2)
LISTED = Progress(kept=1, is_listed=True)
WANTED = Progress(kept=1, wanted=2, missing=1, is_listed=True)


@pytest.mark.parametrize(
    ("stream", "progress", "stage"),
    [
        (LISTING, Progress(), SyncStage.SCANNING),
        (LISTING, OPEN_WANTED, SyncStage.SCANNING),
        (IMPORTING, OPEN_WANTED, SyncStage.FETCHING),
        (IMPORTING, OPEN, SyncStage.SCANNING),
        (LISTING, WANTED, SyncStage.FETCHING),
        (IMPORTING, WANTED, SyncStage.FETCHING),
        (LISTING, LISTED, SyncStage.FOLLOWING),
        (FAILED, WANTED, SyncStage.WAITING),
        (replace(LISTING, attempts=1), OPEN, SyncStage.WAITING),
        (HELD, OPEN, SyncStage.SCANNING),
        (replace(HELD, failures=2), WANTED, SyncStage.FETCHING),
        (replace(FAILED, status=StreamStatus.PARKED), WANTED, SyncStage.STOPPED),
        (
            replace(FAILED, status=StreamStatus.PARKED, recover_at=START),
            WANTED,
            SyncStage.WAITING,
        ),
        (replace(FAILED, status=StreamStatus.PAUSED), WANTED, SyncStage.PAUSED),
    ],
)
def test_the_stage_is_what_comes_first(
    stream: Stream, progress: Progress, stage: SyncStage
) -> None:
    """People's part comes before what went wrong, and that before what is done meanwhile."""
    assert stage_of(stream, progress, is_consented=True) is stage
    assert stage_of(stream, progress, is_consented=False) is SyncStage.NEEDS_RECONNECT


def test_every_channel_brings_something() -> None:
    """A channel that is added has to say what."""
    assert set(KINDS) == set(Channel)


def slices(count: int, *, every: timedelta) -> list[SliceRecord]:
    """Return slices of ten units each, the newest first, of which the last ended at `START`."""
    return [
        SliceRecord(
            LISTING.id, count - age, Phase.LIST, ended_at - every, ended_at, 1, 1, 10, "Done."
        )
        for age in range(count)
        for ended_at in [START - age * every]
    ]


def test_what_was_spent_is_told_since_when() -> None:
    """Units count within the hour and the day, and a few slices are shown."""
    kept = slices(30, every=timedelta(minutes=20))

    found = status_of(LISTING, LISTED, kept, START, is_consented=True)

    assert found.last_hour == Usage(30, START - timedelta(hours=1))
    assert found.last_day == Usage(300, START - timedelta(days=1))
    assert list(found.slices) == kept[:SLICES_SHOWN]


def test_slices_that_are_not_kept_any_more_are_not_claimed_to_be_counted() -> None:
    """Of a busy channel so much is known as its kept slices reach back."""
    kept = slices(MOST_KEPT, every=timedelta(seconds=20))

    found = status_of(LISTING, LISTED, kept, START, is_consented=True)

    reach = Usage(10 * MOST_KEPT, START - MOST_KEPT * timedelta(seconds=20))
    assert (found.last_hour, found.last_day) == (reach, reach)
