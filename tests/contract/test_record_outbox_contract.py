"""What every outbox of record events promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from runner.triggers.memory_outbox import MemoryRecordOutbox
from runner.triggers.outbox import EventState, OutboxEvent, RecordOutbox, outbox_event
from sanderling.kernel.ids import TriggerId
from sanderling.store import SQLRecordOutbox, open_database
from support.databases import add_workspaces
from support.records import HERE, ODD_WORDS, START, THERE
from support.triggers import a_change

LEASE = timedelta(seconds=30)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def outbox(request: pytest.FixtureRequest) -> AsyncGenerator[RecordOutbox]:
    """Yield an empty outbox of each kind in turn."""
    if request.param == "memory":
        yield MemoryRecordOutbox()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        yield SQLRecordOutbox(database)


def _event(event_id: str = "evt_1", *, after_s: float = 0.0, here: bool = True) -> OutboxEvent:
    workspace_id = HERE if here else THERE
    change = a_change(event_id, workspace_id=workspace_id)
    return outbox_event(change, START + timedelta(seconds=after_s))


async def _claim(
    outbox: RecordOutbox, *, after_s: float = 0.0, limit: int = 10
) -> list[OutboxEvent]:
    now = START + timedelta(seconds=after_s)
    return list(await outbox.claim(now, lease_until=now + LEASE, limit=limit))


async def test_an_event_comes_back_as_it_was_kept(outbox: RecordOutbox) -> None:
    """Every field survives, the event to the byte."""
    event = _event()

    assert await outbox.add([event]) == (True,)

    assert event == await outbox.find(HERE, event.id)
    (claimed,) = await _claim(outbox)
    assert claimed == replace(event, attempts=1, fence=1, lease_until=START + LEASE)


async def test_an_event_is_kept_once(outbox: RecordOutbox) -> None:
    """However often it comes, in one batch or in many, the first one stays."""
    first, again = _event(), replace(_event(), event_json=b"{}")

    assert await outbox.add([first, again]) == (True, False)
    assert await outbox.add([again]) == (False,)
    await asyncio.gather(*(outbox.add([again]) for _ in range(5)))

    assert first == await outbox.find(HERE, first.id)
    assert await outbox.count_waiting() == 1


async def test_an_id_belongs_to_its_workspace(outbox: RecordOutbox) -> None:
    """Two systems that count alike do not meet."""
    assert await outbox.add([_event(), _event(here=False)]) == (True, True)

    assert len(await _claim(outbox)) == 2


async def test_events_are_claimed_in_order_and_in_part(outbox: RecordOutbox) -> None:
    """What is due first goes first; what is due later, or at the limit, waits."""
    events = [_event("c", after_s=2), _event("a", after_s=1), _event("b", after_s=1)]
    await outbox.add(events)

    early = await _claim(outbox, after_s=0.5)
    first = await _claim(outbox, after_s=5, limit=2)
    second = await _claim(outbox, after_s=5, limit=2)

    assert early == []
    assert [event.id for event in (*first, *second)] == ["a", "b", "c"]


async def test_claimers_at_once_get_different_events(outbox: RecordOutbox) -> None:
    """No event is held by two at the same time."""
    await outbox.add([_event(f"evt_{n}") for n in range(12)])

    claims = await asyncio.gather(*(_claim(outbox, limit=4) for _ in range(5)))
    rest = await _claim(outbox, limit=12)

    ids = [event.id for claim in (*claims, rest) for event in claim]
    assert sorted(ids) == sorted(f"evt_{n}" for n in range(12))


async def test_a_lease_that_ran_out_lets_others_claim(outbox: RecordOutbox) -> None:
    """Who was taken for gone changes nothing any more."""
    await outbox.add([_event()])
    (lost,) = await _claim(outbox)

    assert await _claim(outbox, after_s=29) == []
    (found,) = await _claim(outbox, after_s=31)

    assert (found.fence, found.attempts) == (2, 2)
    assert not await outbox.settle(replace(lost, state=EventState.DEAD))
    assert await outbox.settle(replace(found, state=EventState.DELIVERED))
    kept = await outbox.find(HERE, lost.id)
    assert kept is not None
    assert (kept.state, kept.lease_until) == (EventState.DELIVERED, None)


async def test_settling_keeps_what_was_delivered(outbox: RecordOutbox) -> None:
    """Another attempt begins where the last one ended, at its time."""
    await outbox.add([_event()])
    (event,) = await _claim(outbox)
    later = START + timedelta(seconds=60)
    settled = replace(
        event,
        due_at=later,
        delivered=(TriggerId("trg_1"), TriggerId("trg_2")),
        detail="busy \u2603",
    )

    assert await outbox.settle(settled)
    assert not await outbox.settle(settled)

    assert await _claim(outbox, after_s=59) == []
    (again,) = await _claim(outbox, after_s=61)
    assert (again.delivered, again.detail) == (settled.delivered, settled.detail)


async def test_settled_events_are_known_until_they_are_forgotten(outbox: RecordOutbox) -> None:
    """What waits is never forgotten; what is forgotten may come again."""
    await outbox.add([_event("done"), _event("waits"), _event("young", after_s=90)])
    for event in await _claim(outbox, after_s=100):
        if event.id != "waits":
            await outbox.settle(replace(event, state=EventState.DELIVERED))
    known = await outbox.add([_event("done")])

    before = START + timedelta(seconds=60)
    assert await outbox.forget(created_before=before, limit=10) == 1
    assert await outbox.forget(created_before=before, limit=10) == 0

    assert known == (False,)
    assert await outbox.find(HERE, "done") is None
    assert await outbox.count_waiting() == 1
    assert await outbox.add([_event("done")]) == (True,)


@pytest.mark.parametrize("word", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_id_is_not_found(outbox: RecordOutbox, word: str) -> None:
    """No id, however odd, is an error; another workspace's is not found."""
    await outbox.add([_event()])

    assert await outbox.find(HERE, word) is None
    assert await outbox.find(THERE, "evt_1") is None
