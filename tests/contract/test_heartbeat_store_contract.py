"""What every store of heartbeats promises."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from config.acknowledgement import ProcessLabel
from jobs.heartbeats import Heartbeat, HeartbeatStore
from jobs.memory_heartbeats import MemoryHeartbeatStore
from sanderling.kernel.clock import SystemClock
from sanderling.store import SQLHeartbeatStore, open_database
from support.records import ODD_WORDS


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[HeartbeatStore]:
    """Yield an empty store of each kind in turn."""
    clock = SystemClock()
    if request.param == "memory":
        yield MemoryHeartbeatStore(clock)
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLHeartbeatStore(database, clock)


def a_beat(process_id: str = "worker-1") -> Heartbeat:
    """Return a heartbeat in which nothing is at its default."""
    return Heartbeat(ProcessLabel(process_id, "worker", "host-1"), 7, ("clean-up", "„λ“"))


async def test_a_process_has_one_heartbeat(store: HeartbeatStore) -> None:
    """The last one counts, is told as it was written, and is young."""
    later = replace(a_beat(), revision=8, jobs=())
    await store.beat(a_beat())
    first = await store.heartbeats()
    await store.beat(later)

    (seen,) = await store.heartbeats()

    assert [a_beat()] == [each.heartbeat for each in first]
    assert (later, True) == (seen.heartbeat, seen.is_alive)
    assert seen.seen_at.utcoffset() is not None
    assert first[0].seen_at <= seen.seen_at


async def test_processes_are_listed_by_kind_host_and_id(store: HeartbeatStore) -> None:
    """The order does not depend on who spoke first."""
    for label in (
        ProcessLabel("p3", "worker", "a"),
        ProcessLabel("p2", "serve", "b"),
        ProcessLabel("p4", "serve", "a"),
        ProcessLabel("p1", "serve", "a"),
    ):
        await store.beat(replace(a_beat(), process=label))

    seen = await store.heartbeats()

    assert [each.heartbeat.process.id for each in seen] == ["p1", "p4", "p2", "p3"]


@pytest.mark.parametrize("process_id", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_a_process_that_ends_is_forgotten(store: HeartbeatStore, process_id: str) -> None:
    """Its heartbeat goes, the others stay, and an unknown one is no fault."""
    await store.beat(a_beat("stays"))
    await store.beat(a_beat("goes"))

    await store.withdraw("goes")
    await store.withdraw(process_id)

    assert [each.heartbeat.process.id for each in await store.heartbeats()] == ["stays"]


async def test_silent_processes_are_reaped(store: HeartbeatStore) -> None:
    """Whoever spoke lately stays; a bound of less than nothing takes all."""
    await store.beat(a_beat("p1"))
    await store.beat(a_beat("p2"))

    assert await store.reap(older_than_s=60) == 0
    assert len(await store.heartbeats()) == 2
    assert await store.reap(older_than_s=-1) == 2
    assert list(await store.heartbeats()) == []
