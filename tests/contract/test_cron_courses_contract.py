"""What every store of cron courses promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from runner.memory import MemoryFunctionStore
from runner.ports import FunctionStore
from runner.triggers.cron_course import CronCourse, CronCourses, CronOutlook, CronTurn
from runner.triggers.memory import MemoryTriggerStore
from runner.triggers.ports import TriggerStore
from runner.triggers.trigger import CronSchedule, Trigger
from sanderling.kernel.ids import ExecutionId, WorkspaceId
from sanderling.store import SQLCronCourses, SQLFunctionStore, SQLTriggerStore, open_database
from support.databases import add_workspaces
from support.records import HERE, START, THERE, a_function
from support.triggers import ROUTE, SCHEDULE, a_trigger

MINUTELY = CronSchedule("* * * * *")
HOURLY = CronSchedule("30 * * * *")
LEASE = timedelta(seconds=30)


@dataclass(frozen=True)
class Stores:
    """Courses beside the triggers and functions that they go with."""

    courses: CronCourses
    triggers: TriggerStore
    functions: FunctionStore

    async def add(
        self, settings: CronSchedule = MINUTELY, workspace_id: WorkspaceId = HERE
    ) -> Trigger:
        """Return a new trigger."""
        function = a_function("greet", workspace_id)
        found = await self.functions.find_function(workspace_id, function.name)
        if found is None:
            await self.functions.add_function(function)
        return await self.triggers.add_trigger(a_trigger(found or function, settings))

    async def course(self, trigger: Trigger) -> CronCourse:
        """Return the course of a trigger."""
        found = await self.triggers.find_course(trigger.workspace_id, trigger.id)
        assert found is not None
        return found

    async def claim(self, later_s: float = 60, limit: int = 50) -> list[CronTurn]:
        """Claim what is due some seconds after the start."""
        now = START + timedelta(seconds=later_s)
        return list(await self.courses.claim(now, lease_until=now + LEASE, limit=limit))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[Stores]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        functions = MemoryFunctionStore()
        triggers = MemoryTriggerStore(functions)
        yield Stores(triggers.courses, triggers, functions)
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        yield Stores(
            SQLCronCourses(database), SQLTriggerStore(database), SQLFunctionStore(database)
        )


async def test_a_new_cron_trigger_has_a_course_from_then_on(stores: Stores) -> None:
    """Moments before it was made do not count, and the first one after it is due."""
    trigger = await stores.add(HOURLY)

    course = await stores.course(trigger)

    expected = CronCourse(HERE, trigger.id, START, HOURLY.cron.after(START))
    assert expected == course


async def test_other_triggers_have_no_course(stores: Stores) -> None:
    """Only what has moments comes any way, in the workspace that it is of."""
    cron = await stores.add()
    function = await stores.functions.find_function(HERE, "greet")
    assert function is not None
    other = await stores.triggers.add_trigger(a_trigger(function, ROUTE))

    assert await stores.triggers.find_course(HERE, other.id) is None
    assert await stores.triggers.find_course(THERE, cron.id) is None


async def test_what_is_due_is_claimed_once(stores: Stores) -> None:
    """Whoever claims next gets it when the lease is over, under a higher fence."""
    trigger = await stores.add(SCHEDULE)
    due_s = (SCHEDULE.cron.after(START) or START).timestamp() - START.timestamp()

    before = await stores.claim(due_s - 1)
    first = await stores.claim(due_s)
    second = await stores.claim(due_s + 29)
    third = await stores.claim(due_s + 30)

    assert (before, second) == ([], [])
    assert [(turn.trigger, turn.schedule) for turn in first] == [(trigger, SCHEDULE)]
    assert [turn.course.fence for turn in (*first, *third)] == [1, 2]


async def test_many_at_once_claim_each_course_once(stores: Stores) -> None:
    """No two processes work on the same trigger."""
    expected = sorted([(await stores.add()).id for _ in range(12)])

    claimed = await asyncio.gather(*(stores.claim(limit=4) for _ in range(6)))
    rest = await stores.claim()

    assert expected == sorted(turn.trigger.id for each in (*claimed, rest) for turn in each)


async def test_workspaces_take_turns(stores: Stores) -> None:
    """One with many due triggers does not keep that of another waiting."""
    for _ in range(5):
        await stores.add()
    last = await stores.add(workspace_id=THERE)

    claimed = await stores.claim(limit=2)

    assert {turn.trigger.workspace_id for turn in claimed} == {HERE, THERE}
    assert last.id in {turn.trigger.id for turn in claimed}


async def test_a_course_comes_back_as_it_was_saved(stores: Stores) -> None:
    """Every field survives, and the course is free again without its lease."""
    trigger = await stores.add()
    (turn,) = await stores.claim()
    course = replace(
        turn.course,
        seen_until=START + timedelta(microseconds=7),
        next_due_at=START + timedelta(seconds=61),
        pending=(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, 1, 2, 3, tzinfo=UTC)),
        decided_at=START + timedelta(microseconds=8),
        last_tick_at=START,
        last_execution_id=ExecutionId("exec_1"),
        missed=2**40,
        overlapped=3,
        attempts=4,
        detail="rate_limited",
        lease_until=None,
    )

    assert await stores.courses.save([course]) == (True,)

    assert await stores.course(trigger) == course
    assert len(await stores.claim(61)) == 1


async def test_whoever_lost_a_course_writes_nothing(stores: Stores) -> None:
    """A second claim, a change of the trigger and its deletion take the course away."""
    again, switched, gone, held = [await stores.add() for _ in range(4)]
    turns = {turn.trigger.id: turn.course for turn in await stores.claim()}
    await stores.triggers.set_enabled(HERE, switched.id, is_enabled=False, saved_at=START)
    await stores.triggers.delete_trigger(HERE, gone.id)
    assert await stores.courses.save([replace(turns[held.id], missed=1)]) == (True,)
    await stores.claim(100)

    late = [replace(turns[each.id], missed=9) for each in (again, switched, gone)]

    assert await stores.courses.save(late) == (False, False, False)
    assert (await stores.course(again)).missed == 0


async def test_a_given_back_course_cannot_be_written_again(stores: Stores) -> None:
    """Nothing is said twice by one claim."""
    await stores.add()
    (turn,) = await stores.claim()
    back = replace(turn.course, lease_until=None)

    assert await stores.courses.save([back]) == (True,)
    assert await stores.courses.save([back]) == (False,)


async def test_switching_counts_moments_from_then_on(stores: Stores) -> None:
    """While it is disabled nothing is to come; what passed meanwhile is not made up for."""
    trigger = await stores.add(HOURLY)
    later = START + timedelta(days=3)

    await stores.triggers.set_enabled(HERE, trigger.id, is_enabled=False, saved_at=START)
    off = await stores.course(trigger)
    await stores.triggers.set_enabled(HERE, trigger.id, is_enabled=True, saved_at=later)
    on = await stores.course(trigger)

    assert off.next_due_at is None
    assert (on.seen_until, on.next_due_at) == (later, HOURLY.cron.after(later))


async def test_enabling_what_is_enabled_loses_nothing(stores: Stores) -> None:
    """A course goes on when nothing changed for it."""
    trigger = await stores.add(HOURLY)
    before = await stores.course(trigger)
    later = START + timedelta(days=3)

    await stores.triggers.set_enabled(HERE, trigger.id, is_enabled=True, saved_at=later)
    kinder = replace(HOURLY, payload_json="1", jitter_s=3)
    await stores.triggers.save_settings(HERE, trigger.id, kinder, saved_at=later)

    assert await stores.course(trigger) == before


async def test_another_schedule_counts_from_its_change_on(stores: Stores) -> None:
    """Moments of the new schedule that passed before the change are not made up for."""
    trigger = await stores.add(HOURLY)
    later = START + timedelta(days=3)

    await stores.triggers.save_settings(HERE, trigger.id, MINUTELY, saved_at=later)

    course = await stores.course(trigger)
    assert (course.seen_until, course.next_due_at) == (later, MINUTELY.cron.after(later))
    assert course.fence == 1


async def test_a_deleted_function_takes_its_courses_with_it(stores: Stores) -> None:
    """Nothing is due of a function that is gone."""
    trigger = await stores.add()

    await stores.functions.delete_function(HERE, trigger.function_id)

    assert await stores.claim() == []


async def test_the_next_due_moment_is_known(stores: Stores) -> None:
    """Whoever sweeps sleeps until then."""
    assert await stores.courses.next_due_at(START) is None
    await stores.add(HOURLY)
    await stores.add(MINUTELY)

    first = MINUTELY.cron.after(START)
    assert first is not None
    assert await stores.courses.next_due_at(START) == first
    assert await stores.courses.next_due_at(first) == HOURLY.cron.after(START)


async def test_what_is_to_come_is_counted_over_all_workspaces(stores: Stores) -> None:
    """Triggers with moments count, those that are due among them, and the first moment."""
    nothing = await stores.courses.outlook(START)
    await stores.add(HOURLY)
    await stores.add(workspace_id=THERE)
    off = await stores.add()
    await stores.triggers.set_enabled(HERE, off.id, is_enabled=False, saved_at=START)

    outlook = await stores.courses.outlook(START + timedelta(seconds=60))

    assert nothing == CronOutlook(0, 0, None)
    assert outlook == CronOutlook(2, 1, MINUTELY.cron.after(START))
