"""Retention: calls go by age and by count, and nothing else does."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from runner.call_filter import CallFilter
from runner.memory import MemoryCallLog
from runner.retention import BATCH, Retention, RetentionPolicy, Swept
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import CallsForgotten, EventBus
from sanderling.kernel.ids import WorkspaceId
from support.records import HERE, START, THERE, a_record

DAY_S = 86_400.0


class Scene:
    """A history in memory, and a clock that runs while others wait."""

    def __init__(self, policy: RetentionPolicy) -> None:
        """Prepare a sweep by `policy`, thirty days after the first call."""
        self.clock = VirtualClock(START + timedelta(days=30))
        self.log = MemoryCallLog()
        self.bus = EventBus()
        self.heard: list[CallsForgotten] = []
        self.bus.subscribe(CallsForgotten, self.heard.append)
        self.retention = Retention(self.log, self.clock, self.bus, policy)

    async def sweep(self) -> Swept:
        """Sweep, letting every pause pass at once."""
        sweep = asyncio.ensure_future(self.retention.sweep())
        while not sweep.done():
            await asyncio.sleep(0)
            self.clock.advance(1)
        return await sweep

    async def days(self, workspace_id: WorkspaceId = HERE) -> list[int]:
        """Return on which days the calls that are left were made, newest first."""
        page = await self.log.list_calls(
            workspace_id, matching=CallFilter(), limit=10_000, cursor=None
        )
        return [(record.started_at - START).days for record in page.rows]


async def test_calls_go_by_age_and_by_count() -> None:
    """What is older goes, and of the rest what is beyond the newest so many of a workspace."""
    scene = Scene(RetentionPolicy(max_age_days=10, max_count=3))
    for day in range(15, 30):
        scene.log.record_nowait(a_record(after_s=day * DAY_S))
    scene.log.record_nowait(a_record(THERE, after_s=25 * DAY_S))

    swept = await scene.sweep()

    assert await scene.days() == [29, 28, 27]
    assert await scene.days(THERE) == [25]
    assert swept == Swept(by_age=5, by_count=7)
    assert [(each.reason, each.count) for each in scene.heard] == [("age", 5), ("count", 7)]


async def test_zero_keeps_all() -> None:
    """Neither bound counts when it is 0."""
    scene = Scene(RetentionPolicy(max_age_days=0, max_count=0))
    scene.log.record_nowait(a_record())

    assert await scene.sweep() == Swept()
    assert await scene.days() == [0]


@given(st.lists(st.integers(0, 29), max_size=30), st.integers(0, 30), st.integers(0, 12))
async def test_what_is_left_is_what_the_policy_says(
    days: list[int], max_age_days: int, max_count: int
) -> None:
    """Whatever there was: the newest so many of those that are young enough stay."""
    scene = Scene(RetentionPolicy(max_age_days, max_count))
    for day in days:
        scene.log.record_nowait(a_record(after_s=day * DAY_S))

    await scene.sweep()

    young = [
        day for day in sorted(days, reverse=True) if not max_age_days or 30 - day <= max_age_days
    ]
    assert (young[:max_count] if max_count else young) == await scene.days()


async def test_a_sweep_makes_room_between_its_steps() -> None:
    """Many calls go in portions, and after each of them the clock is waited for."""
    scene = Scene(RetentionPolicy(max_count=1))
    for number in range(BATCH * 2 + 2):
        scene.log.record_nowait(a_record(after_s=29 * DAY_S + number))
    sweep = asyncio.ensure_future(scene.retention.sweep())
    for _ in range(5):
        await asyncio.sleep(0)

    assert [each.count for each in scene.heard] == [BATCH]
    while not sweep.done():
        await asyncio.sleep(0)
        scene.clock.advance(1)
    assert [each.count for each in scene.heard] == [BATCH, BATCH, 1]


async def test_another_policy_counts_from_the_next_sweep_on() -> None:
    """Settings are followed while the process runs."""
    scene = Scene(RetentionPolicy(0, 0))
    scene.log.record_nowait(a_record())
    await scene.sweep()

    scene.retention.follow(RetentionPolicy(1, 0))

    assert await scene.sweep() == Swept(by_age=1)
