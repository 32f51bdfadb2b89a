"""Each moment of a cron trigger calls its function once, by the rules of the trigger."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from runner.call import Trigger
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from runner.triggers.cron_sweep import GIVES_UP_AFTER, LEASE, MOST_IN_TURN
from runner.triggers.cron_sweeper import EVERY_S, CronSweeper
from runner.triggers.trigger import CronSchedule
from sanderling.kernel.events import TickQueued, TicksLeftOut
from sanderling.kernel.jsontext import decode
from sanderling.schedule.catch_up import CatchUp
from sanderling.schedule.overlap import Overlap
from support.queue import settle
from support.records import a_function
from support.river import GENEROUS
from support.timetable import Killed, Timetable

MINUTES = [f"2026-01-01T00:{minute:02}:00Z" for minute in range(1, 11)]
STEPS = ["claimed", "decided", "submitting", "submitted", "saved"]


async def test_a_function_is_called_when_its_moment_comes() -> None:
    """Not before, and once however many look."""
    table = Timetable()
    caller = await table.caller()
    trigger = await table.schedule(caller, payload_json='{"a":1}')

    table.clock.advance(59)
    await table.sweep()
    early = table.ticks()
    table.clock.advance(1)
    await asyncio.gather(*(table.sweep() for _ in range(3)))

    assert early == []
    (queued,) = table.queued()
    assert decode(queued.event_json) == {
        "triggerId": trigger.id,
        "scheduledAt": MINUTES[0],
        "payload": {"a": 1},
    }
    assert (queued.trigger, queued.lane, queued.key_id) == (Trigger.CRON, None, None)
    course = await table.course(trigger)
    assert course.last_execution_id == queued.id
    assert course.next_due_at == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize("step", STEPS)
async def test_whoever_ends_in_between_loses_and_doubles_nothing(step: str) -> None:
    """The next process finishes what was begun, once the lease is over."""
    table = Timetable()
    caller = await table.caller()
    await table.schedule(caller, overlap=Overlap.ALLOW)
    table.clock.advance(60)
    table.dies_at = step

    with pytest.raises(Killed):
        await table.sweep()
    table.clock.advance(LEASE.total_seconds() - 1)
    await table.sweep()
    table.clock.advance(1)
    await table.sweep()

    assert table.ticks() == MINUTES[:1]


async def test_what_was_decided_is_done_after_a_long_absence() -> None:
    """Also where the rule would leave it out by now, and without calling twice."""
    table = Timetable()
    caller = await table.caller()
    await table.schedule(caller, overlap=Overlap.ALLOW, catch_up=CatchUp.SKIP)
    table.clock.advance(60)
    table.dies_at = "submitted"
    with pytest.raises(Killed):
        await table.sweep()

    table.clock.advance(3 * 86_400)
    await table.sweep()

    assert table.ticks()[0] == MINUTES[0]
    assert len(table.ticks()) == len(set(table.ticks()))


async def test_what_nobody_can_know_any_more_is_missed() -> None:
    """Once its key may be forgotten a tick is not risked a second time."""
    table = Timetable()
    caller = await table.caller()
    trigger = await table.schedule(caller, catch_up=CatchUp.SKIP)
    table.clock.advance(60)
    table.dies_at = "submitting"
    with pytest.raises(Killed):
        await table.sweep()

    table.clock.advance(GIVES_UP_AFTER.total_seconds() + 30)
    await table.sweep()

    assert MINUTES[0] not in table.ticks()
    assert (await table.course(trigger)).missed > 0


@pytest.mark.parametrize(
    ("catch_up", "most", "expected", "missed"),
    [
        (CatchUp.SKIP, 10, [], 9),
        (CatchUp.ONE, 10, MINUTES[8:9], 8),
        (CatchUp.ALL, 4, MINUTES[5:9], 5),
    ],
)
async def test_a_stopped_service_catches_up_by_its_rule(
    catch_up: CatchUp, most: int, expected: list[str], missed: int
) -> None:
    """What is not made up for is counted."""
    table = Timetable()
    caller = await table.caller()
    trigger = await table.schedule(
        caller, overlap=Overlap.ALLOW, catch_up=catch_up, catch_up_most=most
    )

    table.clock.advance(9 * 60 + 45)
    await table.sweep()

    assert expected == table.ticks()
    assert (await table.course(trigger)).missed == missed


async def test_a_moment_is_left_out_while_the_last_call_is_not_over() -> None:
    """It is counted, and the one after the end is called again."""
    table = Timetable()
    caller = await table.caller()
    trigger = await table.schedule(caller)

    for minute in range(4):
        table.clock.advance(60)
        if minute == 2:
            await table.queue.work()
        await table.sweep()

    assert table.ticks() == [MINUTES[0], MINUTES[2]]
    assert (await table.course(trigger)).overlapped == 2


async def test_queued_moments_wait_for_one_another() -> None:
    """Calls of one trigger share a lane, in which nothing overlaps."""
    table = Timetable()
    caller = await table.caller()
    trigger = await table.schedule(caller, overlap=Overlap.QUEUE)

    for _ in range(2):
        table.clock.advance(60)
        await table.sweep()

    assert table.ticks() == MINUTES[:2]
    assert {each.lane for each in table.queued()} == {f"cron:{trigger.id}"}


async def test_jitter_puts_a_call_off_the_same_way_everywhere() -> None:
    """Two triggers differ, and each stays within its seconds."""
    table = Timetable()
    caller = await table.caller()
    for _ in range(2):
        await table.schedule(caller, jitter_s=600)

    table.clock.advance(60)
    table.dies_at = "submitted"
    with pytest.raises(Killed):
        await table.sweep()
    table.clock.advance(LEASE.total_seconds())
    await table.sweep()

    put_off = [each.due_at - datetime(2026, 1, 1, 0, 1, tzinfo=UTC) for each in table.queued()]
    assert len(set(put_off)) == 2
    assert all(timedelta() <= each < timedelta(seconds=600) for each in put_off)


async def test_a_disabled_trigger_calls_nothing_and_makes_up_for_nothing() -> None:
    """From the moment on at which it is enabled again its moments count."""
    table = Timetable()
    caller = await table.caller()
    trigger = await table.schedule(caller)

    await table.triggers.disable(caller.principal, trigger.id)
    table.clock.advance(185)
    await table.sweep()
    asleep = table.ticks()
    await table.triggers.enable(caller.principal, trigger.id)
    table.clock.advance(60)
    await table.sweep()

    assert asleep == []
    assert table.ticks() == MINUTES[3:4]
    assert (await table.course(trigger)).missed == 0


async def test_a_rate_limit_puts_a_tick_off() -> None:
    """Nothing is lost: it is queued when there is room."""
    table = Timetable(policy=LimitPolicy(GENEROUS, GENEROUS, RateLimit(1, 120_000)))
    caller = await table.caller()
    trigger = await table.schedule(caller, overlap=Overlap.ALLOW, catch_up=CatchUp.ALL)

    for _ in range(2):
        table.clock.advance(60)
        await table.sweep()
    waiting = await table.course(trigger)
    table.clock.advance(120)
    await table.sweep()

    assert waiting.detail == "rate_limited"
    assert waiting.pending
    assert table.ticks()[:2] == MINUTES[:2]
    assert (await table.course(trigger)).missed == 0


async def test_a_trigger_that_cannot_be_served_does_not_hold_up_others() -> None:
    """Neither a defect nor a store that is away, and both are tried again."""
    table = Timetable()
    caller = await table.caller()
    table.defects, table.away = {"broken"}, {"away"}
    triggers = [await table.schedule(caller, name=name) for name in ("broken", "away", "echo")]

    table.clock.advance(60)
    await table.sweep()
    troubles = [(await table.course(each)).detail for each in triggers]
    table.defects, table.away = set(), set()
    table.clock.advance(5)
    await table.sweep()

    assert troubles == ["defect", "store_unavailable", ""]
    assert [table.ticks(name) for name in ("broken", "away", "echo")] == [MINUTES[:1]] * 3


async def test_a_tick_that_no_attempt_could_queue_is_left_out() -> None:
    """A function without a live version says why, and the next moment is tried anew."""
    table = Timetable()
    caller = await table.caller()
    await table.river.store.add_function(a_function("draft", table.river.here))
    trigger = await table.triggers.create(caller.principal, "draft", CronSchedule("* * * * *"))

    table.clock.advance(60)
    await table.sweep()

    course = await table.course(trigger)
    assert (course.detail, course.pending) == ("version_unpublished", ())
    assert course.next_due_at == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)


async def test_what_is_queued_is_behind_whoever_takes_over() -> None:
    """A process that ends at the second of two triggers leaves the first one done."""
    table = Timetable()
    caller = await table.caller()
    triggers = [await table.schedule(caller, overlap=Overlap.ALLOW) for _ in range(2)]
    table.clock.advance(60)
    table.dies_at = "saved"

    with pytest.raises(Killed):
        await table.sweep()

    courses = [await table.course(trigger) for trigger in triggers]
    assert sorted(len(course.pending) for course in courses) == [0, 1]


async def test_each_tick_is_told_once() -> None:
    """Listeners hear how late each was queued, and why others lead to no call."""
    table = Timetable()
    caller = await table.caller()
    queued, left_out = list[TickQueued](), list[TicksLeftOut]()
    table.river.bus.subscribe(TickQueued, queued.append)
    table.river.bus.subscribe(TicksLeftOut, left_out.append)
    await table.schedule(caller, catch_up=CatchUp.SKIP)
    table.clock.advance(62)
    await table.sweep()
    table.clock.advance(60)
    await table.sweep()
    table.clock.advance(10 * 60 - 2 + 45)
    await table.sweep()

    assert queued == [TickQueued(2.0)]
    assert left_out == [TicksLeftOut("overlapped", 1), TicksLeftOut("missed", 10)]


async def test_many_ticks_of_one_trigger_leave_room_for_others() -> None:
    """After so many of one the others have their turn, and then it goes on."""
    table = Timetable()
    caller = await table.caller()
    await table.schedule(caller, overlap=Overlap.ALLOW, catch_up=CatchUp.ALL, catch_up_most=150)

    table.clock.advance(200 * 60 + 45)
    await table.sweeper().sweep()
    first = len(table.ticks())
    await table.sweep()

    assert first == MOST_IN_TURN
    assert len(set(table.ticks())) == len(table.ticks()) == 150


async def test_the_sweeper_wakes_when_a_moment_comes() -> None:
    """It sleeps no longer than until then, outlives a store that is away, and rests when paused."""
    table = Timetable()
    caller = await table.caller()
    await table.schedule(caller, "* * * * * *", overlap=Overlap.ALLOW)
    pauses = [False]

    async def is_paused() -> bool:
        return pauses[-1]

    sweeper = CronSweeper(table.sweeper(), table.clock, random=lambda: 0.5, is_paused=is_paused)
    task = asyncio.create_task(sweeper.follow())

    await settle()
    for _ in range(3):
        table.clock.advance(1)
        await settle()
    awake = len(table.ticks())
    pauses.append(True)
    table.clock.advance(EVERY_S)
    await settle()
    table.clock.advance(EVERY_S)
    await settle()
    task.cancel()

    assert awake == 3
    assert len(table.ticks()) == 3
