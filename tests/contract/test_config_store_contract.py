"""What every configuration store promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from config.acknowledgement import Acknowledgement, AcknowledgementState, ProcessLabel
from config.errors import HeadMoved
from config.memory import MemoryConfigStore
from config.ports import ConfigStore
from config.stored import NOTHING_STORED, Change, HistoryEntry, StoredBody
from sanderling.kernel.clock import SystemClock
from sanderling.store import SQLConfigStore, open_database
from support.records import ODD_WORDS, START


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[ConfigStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryConfigStore(SystemClock())
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLConfigStore(database)


def a_body(revision: int = 1, **values: str) -> StoredBody:
    """Return a body with `values`, or with two that are hard to keep."""
    return StoredBody(revision, values or {"EMAIL_FROM_NAME": "", "LOG_LEVEL": "„λ“\n\t\\'\"%"})


def an_entry(revision: int = 1) -> HistoryEntry:
    """Return an entry in which nothing is at its default."""
    return HistoryEntry(
        revision=revision,
        changed_at=START,
        changed_by="key_01",
        reason="A „reason“",
        changes=(Change("LOG_LEVEL", None, "INFO"), Change("NODE_ENV", "", None)),
    )


def a_word(process_id: str = "p1") -> Acknowledgement:
    """Return an acknowledgement in which nothing is at its default."""
    return Acknowledgement(
        process=ProcessLabel(process_id, "serve", "host-1"),
        revision=2,
        state=AcknowledgementState.REFUSED,
        in_force=1,
        why="LOG_LEVEL is not valid.",
    )


async def fill(store: ConfigStore, revisions: int) -> None:
    """Append that many revisions."""
    for revision in range(1, revisions + 1):
        await store.append(a_body(revision, NODE_PORT=str(revision)), an_entry(revision))


async def test_a_new_store_is_at_nothing(store: ConfigStore) -> None:
    """Before the first change there is an empty body and no history."""
    assert await store.read_head() == NOTHING_STORED
    assert await store.read_body() == StoredBody(NOTHING_STORED, {})
    assert await store.find_body(NOTHING_STORED) == StoredBody(NOTHING_STORED, {})
    assert await store.list_history(limit=10) == ()


async def test_a_revision_comes_back_as_it_was_kept(store: ConfigStore) -> None:
    """Every text survives, also an empty one and one full of signs, with its entry."""
    await store.append(a_body(), an_entry())

    assert await store.read_head() == 1
    assert await store.read_body() == a_body()
    assert await store.find_body(1) == a_body()
    assert await store.list_history(limit=10) == (an_entry(),)


@pytest.mark.parametrize("number", [0, 1, 3, -1, 2**40])
async def test_only_the_next_number_is_taken(store: ConfigStore, number: int) -> None:
    """Whoever has not seen the head is told where it is, and nothing is kept."""
    await fill(store, 1)

    with pytest.raises(HeadMoved) as refused:
        await store.append(a_body(number), an_entry(number))

    assert refused.value.head == 1
    assert await store.read_body() == a_body(1, NODE_PORT="1")
    assert len(await store.list_history(limit=10)) == 1


async def test_of_many_that_append_the_same_number_one_succeeds(store: ConfigStore) -> None:
    """No change is lost to another one that was made at the same moment."""

    async def attempt(port: int) -> bool:
        try:
            await store.append(a_body(1, NODE_PORT=str(port)), an_entry())
        except HeadMoved:
            return False
        return True

    wins = await asyncio.gather(*(attempt(port) for port in range(8)))

    assert wins.count(True) == 1
    assert await store.read_body() == a_body(1, NODE_PORT=str(wins.index(True)))


async def test_old_bodies_stay(store: ConfigStore) -> None:
    """Each revision is found as it was, and no other number is."""
    await fill(store, 3)

    assert await store.find_body(2) == a_body(2, NODE_PORT="2")
    assert [await store.find_body(number) for number in (-1, 4, 2**40)] == [None, None, None]


async def test_a_body_may_be_empty(store: ConfigStore) -> None:
    """Unsetting the last variable leaves a revision without values."""
    await fill(store, 1)
    await store.append(StoredBody(2, {}), an_entry(2))

    assert await store.read_body() == StoredBody(2, {})


async def test_a_body_is_sealed_anew_in_its_place(store: ConfigStore) -> None:
    """Only the body that is kept is replaced, and the head stays where it is."""
    await fill(store, 2)
    new = a_body(1, NODE_PORT="sealed")

    assert not await store.replace_body(a_body(1, NODE_PORT="other"), new)
    assert not await store.replace_body(a_body(3), a_body(3))
    assert not await store.replace_body(a_body(2, NODE_PORT="2"), new)
    assert await store.replace_body(a_body(1, NODE_PORT="1"), new)

    assert await store.find_body(1) == new
    assert await store.read_body() == a_body(2, NODE_PORT="2")


async def test_history_is_read_from_the_newest_in_pages(store: ConfigStore) -> None:
    """Pages continue below the last revision that was seen."""
    await fill(store, 5)

    first = await store.list_history(limit=2)
    second = await store.list_history(limit=9, before=first[-1].revision)

    assert [entry.revision for entry in (*first, *second)] == [5, 4, 3, 2, 1]


async def test_a_process_has_one_word(store: ConfigStore) -> None:
    """What a process says takes the place of what it said before."""
    later = replace(a_word(), revision=3, why="", in_force=3)
    await store.acknowledge(a_word())
    await store.acknowledge(later)

    seen = await store.list_acknowledgements()

    assert [word.acknowledgement for word in seen] == [later]
    assert seen[0].seen_at.utcoffset() is not None
    assert 0 <= seen[0].age_s < 60


async def test_processes_are_listed_by_kind_host_and_id(store: ConfigStore) -> None:
    """The order does not depend on who spoke first."""
    labels = [
        ProcessLabel("p3", "worker", "a"),
        ProcessLabel("p2", "serve", "b"),
        ProcessLabel("p4", "serve", "a"),
        ProcessLabel("p1", "serve", "a"),
    ]
    for label in labels:
        await store.acknowledge(replace(a_word(), process=label))

    seen = await store.list_acknowledgements()

    assert [word.acknowledgement.process.id for word in seen] == ["p1", "p4", "p2", "p3"]


@pytest.mark.parametrize("process_id", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_a_process_that_ends_is_forgotten(store: ConfigStore, process_id: str) -> None:
    """Its word goes, the others stay, and an unknown one is no fault."""
    await store.acknowledge(a_word("stays"))
    await store.acknowledge(a_word("goes"))

    await store.withdraw("goes")
    await store.withdraw(process_id)

    seen = await store.list_acknowledgements()
    assert [word.acknowledgement.process.id for word in seen] == ["stays"]


async def test_silent_processes_are_reaped(store: ConfigStore) -> None:
    """Whoever spoke lately stays; a bound of less than nothing takes all."""
    await store.acknowledge(a_word("p1"))
    await store.acknowledge(a_word("p2"))

    assert await store.reap(older_than_s=60) == 0
    assert len(await store.list_acknowledgements()) == 2
    assert await store.reap(older_than_s=-1) == 2
    assert await store.list_acknowledgements() == ()
