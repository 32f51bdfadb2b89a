"""A change of a record calls each function that watches it, once."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.call import Trigger
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from runner.triggers.courier import Courier
from runner.triggers.delivery import GIVES_UP_AFTER, LEASE
from runner.triggers.outbox import EventState, outbox_event
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.jsontext import decode
from support.mailroom import Mailroom
from support.queue import settle
from support.river import GENEROUS
from support.stopping import RestlessClock, outlived
from support.triggers import a_change


async def test_every_function_that_watches_is_called_once() -> None:
    """Those that watch something else are not."""
    room = Mailroom()
    caller = await room.caller()
    for name, watched in (
        ("exact", "company.updated"),
        ("object", "company.*"),
        ("operation", "*.updated"),
        ("all", "*.*"),
        ("other", "person.updated"),
        ("gone", "company.deleted"),
    ):
        await room.watch(caller, name, watched)

    await room.announce(caller)
    await room.delivery().deliver_due()

    queued = room.queued()
    assert sorted(each.function_name for each in queued) == ["all", "exact", "object", "operation"]
    assert {each.trigger for each in queued} == {Trigger.RECORD}
    assert {each.key_id for each in queued} == {None}
    assert (await room.event()).state is EventState.DELIVERED


async def test_a_function_is_given_the_change() -> None:
    """The event has the names that users of the reference system know."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "echo")

    await room.announce(caller, before={"name": "a"}, after={"name": "b"})
    await room.delivery().deliver_due()

    (queued,) = room.queued()
    assert decode(queued.event_json) == {
        "id": "evt_1",
        "name": "company.updated",
        "objectName": "company",
        "operation": "updated",
        "recordId": "rec_\N{SNOWMAN}",
        "happenedAt": "2026-03-29T01:59:59.999999Z",
        "properties": {
            "before": {"name": "a"},
            "after": {"name": "b"},
            "updatedFields": ["name", "domainName"],
        },
    }


@pytest.mark.parametrize(
    ("watched", "fields", "operation", "touched", "is_called"),
    [
        ("company.updated", ("name",), RecordOperation.UPDATED, ("name", "city"), True),
        ("company.updated", ("name",), RecordOperation.UPDATED, ("city",), False),
        ("company.updated", ("name",), RecordOperation.UPDATED, (), False),
        ("company.updated", (), RecordOperation.UPDATED, (), True),
        ("company.*", ("name",), RecordOperation.UPDATED, ("city",), False),
        ("company.*", ("name",), RecordOperation.CREATED, (), True),
    ],
)
async def test_updates_are_narrowed_by_their_fields(
    watched: str,
    fields: tuple[str, ...],
    operation: RecordOperation,
    touched: tuple[str, ...],
    *,
    is_called: bool,
) -> None:
    """An update must touch one of the fields; what is no update has none to touch."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "echo", watched, *fields)

    await room.announce(caller, operation=operation, updated_fields=touched)
    await room.delivery().deliver_due()

    assert len(room.queued()) == is_called


async def test_an_event_that_comes_ten_times_calls_once() -> None:
    """The id says that it is the same change; only the first one is new."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "echo")
    delivery = room.delivery()

    answers: list[object] = []
    for _ in range(10):
        answers.append(await room.announce(caller))
        await delivery.deliver_due()

    assert answers == [True, *[False] * 9]
    assert len(room.queued()) == 1


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_however_many_deliver_each_function_is_called_once(data: st.DataObject) -> None:
    """Several that deliver, die midway and meet failures make no second call, and lose none."""
    deliverers = data.draw(st.integers(1, 4), label="processes")
    events = [f"evt_{n}" for n in range(data.draw(st.integers(1, 4), label="events"))]
    faults = data.draw(
        st.lists(st.sampled_from(["a", "b", "kill", ""]), max_size=6), label="faults"
    )

    async def run() -> None:
        room = Mailroom()
        caller = await room.caller()
        for name in ("a", "b"):
            await room.watch(caller, name)
        for event_id in events * 2:
            await room.announce(caller, event_id)
        for fault in [*faults, "", ""]:
            room.away = {fault} & {"a", "b"}
            tasks = [
                asyncio.ensure_future(room.delivery().deliver_due()) for _ in range(deliverers)
            ]
            if fault == "kill":
                await asyncio.sleep(0)
                tasks[0].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            room.clock.advance(LEASE.total_seconds() + 301)

        called = sorted((each.function_name, each.event_json) for each in room.queued())
        assert len(called) == len(set(called)) == 2 * len(events)
        assert await room.outbox.count_waiting() == 0

    asyncio.run(run())


async def test_what_failed_is_tried_again_alone() -> None:
    """One function that cannot be called does not make the others run again, nor wait."""
    room = Mailroom()
    caller = await room.caller()
    for name in ("well", "ill"):
        await room.watch(caller, name)
    room.away = {"ill"}
    await room.announce(caller)
    delivery = room.delivery()

    await delivery.deliver_due()
    after_one = [each.function_name for each in room.queued()]
    waiting = await room.event()
    asked = room.asked
    room.away = set()
    room.clock.advance(1.0)
    await delivery.deliver_due()

    assert after_one == ["well"]
    assert (waiting.state, len(waiting.delivered)) == (EventState.WAITING, 1)
    assert "store_unavailable" in waiting.detail
    assert [each.function_name for each in room.queued()] == ["well", "ill"]
    assert room.asked == asked + 1
    assert (await room.event()).state is EventState.DELIVERED


async def test_one_event_does_not_hold_up_another() -> None:
    """What waits for its next attempt lets those behind it pass."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "ill", "company.*")
    await room.watch(caller, "well", "person.*")
    room.away = {"ill"}
    await room.announce(caller, "first")
    await room.announce(caller, "second", object="person")

    await room.delivery().deliver_due()

    assert [each.function_name for each in room.queued()] == ["well"]
    assert (await room.event("second")).state is EventState.DELIVERED


async def test_attempts_grow_apart_and_end() -> None:
    """Whatever stays broken is given up after half a day, and says why."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "ill")
    room.away = {"ill"}
    await room.announce(caller)
    delivery = room.delivery()

    pauses: list[timedelta] = []
    while (await room.event()).state is EventState.WAITING:
        now = room.clock.now()
        assert await delivery.deliver_due() == 1
        pauses.append((await room.event()).due_at - now)
        room.clock.advance(max(pauses[-1].total_seconds(), 1.0))

    assert pauses[:3] == [timedelta(seconds=n) for n in (0.5, 1, 2)]
    assert max(pauses) == timedelta(seconds=150)
    event = await room.event()
    assert event.state is EventState.DEAD
    assert room.clock.now() - event.created_at >= GIVES_UP_AFTER
    assert "store_unavailable" in event.detail


async def test_a_rate_limit_lets_the_rest_wait() -> None:
    """Calls beyond the limit are not lost; they come when there is room."""
    room = Mailroom(policy=LimitPolicy(GENEROUS, GENEROUS, RateLimit(2, 60_000)))
    caller = await room.caller()
    await room.watch(caller, "echo")
    for n in range(4):
        await room.announce(caller, f"evt_{n}")
    delivery = room.delivery()

    await delivery.deliver_due()
    at_first = len(room.queued())
    for _ in range(4):
        room.clock.advance(61)
        await delivery.deliver_due()

    assert at_first == 2
    assert len(room.queued()) == 4
    assert await room.outbox.count_waiting() == 0


async def test_a_function_that_cannot_be_called_is_told_and_passed() -> None:
    """Nothing published is no reason to try for half a day."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "well")
    trigger = await room.watch(caller, "fresh")
    room.river.targets.follow(room.river.policy)
    function = await room.river.store.find_function(room.river.here, "fresh")
    assert function is not None
    await room.river.functions.delete(caller.principal, "fresh")
    await room.river.functions.create(caller.principal, "fresh", function.draft)
    again = await room.triggers.create(caller.principal, "fresh", trigger.settings)

    await room.announce(caller)
    await room.delivery().deliver_due()

    assert [each.function_name for each in room.queued()] == ["well"]
    event = await room.event()
    assert (event.state, event.detail) == (
        EventState.DELIVERED,
        f"{again.id}: version_unpublished",
    )


async def test_a_trigger_that_is_disabled_makes_no_call() -> None:
    """What counts is how it stands when the event is delivered."""
    room = Mailroom()
    caller = await room.caller()
    trigger = await room.watch(caller, "echo")
    await room.announce(caller)

    await room.triggers.disable(caller.principal, trigger.id)
    await room.delivery().deliver_due()

    assert room.queued() == []


async def test_another_workspace_is_not_called() -> None:
    """A change belongs to the workspace of whoever tells of it."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "echo")
    stranger = await room.river.caller(workspace_id=room.river.elsewhere)

    await room.announce(stranger)
    await room.delivery().deliver_due()

    assert room.queued() == []


async def test_the_courier_looks_when_it_is_woken_and_after_a_while() -> None:
    """A change that is announced here is delivered at once, others within the interval."""
    room = Mailroom()
    caller = await room.caller()
    await room.watch(caller, "echo")
    courier = Courier(room.delivery(), room.clock, every_s=5.0)
    room.river.bus.subscribe(RecordChanged, courier.wake)
    task = asyncio.create_task(courier.follow())
    await settle()

    await room.announce(caller, "told")
    await settle()
    woken = len(room.queued())
    change = a_change("untold", workspace_id=room.river.here)
    await room.outbox.add([outbox_event(change, room.clock.now())])
    await settle()
    untold = len(room.queued())
    room.clock.advance(5.0)
    await settle()
    later = len(room.queued())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert (woken, untold, later) == (1, 1, 2)


async def test_courier_that_is_told_to_end_ends() -> None:
    """Also amid its turn from one look to the next, whichever ends its rest."""
    room = Mailroom()
    clock = RestlessClock()

    def follow() -> Coroutine[object, object, None]:
        return Courier(room.delivery(), clock, every_s=5.0).follow()

    assert await outlived(follow) == []
