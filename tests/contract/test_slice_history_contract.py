"""What every history of slices promises."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.stream import AccountId, Phase, StreamId
from jobs.sync.history import MOST_KEPT, MemorySliceHistory, SliceHistory, SliceRecord
from sanderling.store import SQLSliceHistory, SQLStreamStore, open_database
from support.records import START
from support.streams import a_stream

MINUTE = timedelta(minutes=1)
STREAM, OTHER = a_stream(), a_stream("b")
GONE = StreamId("gone")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def history(request: pytest.FixtureRequest) -> AsyncGenerator[SliceHistory]:
    """Yield an empty history of two streams, of each kind in turn."""
    if request.param == "memory":
        yield MemorySliceHistory(lambda stream_id: stream_id in {STREAM.id, OTHER.id})
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await SQLStreamStore(database).open([STREAM, OTHER])
        yield SQLSliceHistory(database)


def a_slice(fence: int, stream_id: StreamId = STREAM.id) -> SliceRecord:
    """Return a slice that was done in the minute of its fence."""
    began_at = START + fence * MINUTE
    return SliceRecord(
        stream_id=stream_id,
        fence=fence,
        phase=Phase.IMPORT,
        began_at=began_at,
        ended_at=began_at + MINUTE,
        requests=3,
        items=20,
        units=2**40,
        detail="Messages fetched: 20.",
        failure_kind=None if fence % 2 else "provider_temporary",
    )


async def test_slices_come_back_newest_first(history: SliceHistory) -> None:
    """Each is as it was kept, in the order of claims, and of its own stream alone."""
    for fence in (2, 3, 1):
        await history.add(a_slice(fence))
    await history.add(a_slice(4, OTHER.id))

    assert await history.latest(STREAM.id, limit=2) == (a_slice(3), a_slice(2))
    assert await history.latest(OTHER.id, limit=9) == (a_slice(4, OTHER.id),)


async def test_a_slice_is_kept_once(history: SliceHistory) -> None:
    """What is told of the same claim again changes nothing."""
    await history.add(a_slice(1))
    await history.add(replace(a_slice(1), items=99))

    assert await history.latest(STREAM.id, limit=9) == (a_slice(1),)


async def test_of_a_stream_so_many_are_kept(history: SliceHistory) -> None:
    """A busy stream does not fill the database, and takes nothing from another one."""
    await history.add(a_slice(1, OTHER.id))
    for fence in range(1, MOST_KEPT + 3):
        await history.add(a_slice(fence))

    kept = await history.latest(STREAM.id, limit=MOST_KEPT * 2)
    assert [each.fence for each in kept] == list(range(MOST_KEPT + 2, 2, -1))
    assert len(await history.latest(OTHER.id, limit=9)) == 1


async def test_a_stream_that_is_not_there_has_no_history(history: SliceHistory) -> None:
    """A slice that ends after its account was disconnected is not kept."""
    await history.add(a_slice(1, GONE))

    assert await history.latest(GONE, limit=9) == ()


async def test_what_is_old_is_forgotten_in_steps(history: SliceHistory) -> None:
    """Slices that ended before a moment go, at most so many at once."""
    for fence in range(5):
        await history.add(a_slice(fence))
    before = a_slice(3).ended_at

    assert [await history.forget(ended_before=before, limit=2) for _ in range(3)] == [2, 1, 0]
    assert await history.latest(STREAM.id, limit=9) == (a_slice(4), a_slice(3))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_the_history_goes_with_its_stream(kind: str, request: pytest.FixtureRequest) -> None:
    """Who is disconnected leaves nothing behind that another stream of that name would show."""
    async with open_database(request.getfixturevalue(f"{kind}_url")) as database:
        streams, history = SQLStreamStore(database), SQLSliceHistory(database)
        await streams.open([STREAM])
        await history.add(a_slice(1))

        await streams.close(AccountId(STREAM.account_id))
        await streams.open([STREAM])

        assert await history.latest(STREAM.id, limit=9) == ()
