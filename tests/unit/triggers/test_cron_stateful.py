"""Whoever sweeps, ends or waits in whatever order, each tick is dealt with once, by the rules."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from runner.triggers.trigger import Trigger
from sanderling.schedule.catch_up import CatchUp
from sanderling.schedule.cron import parse_cron
from sanderling.schedule.overlap import Overlap
from support.timetable import Killed, Timetable

EXPRESSIONS = ["* * * * *", "*/10 * * * * *", "*/7 * * * *", "15,45 1,2 * * *"]
STEPS = ["claimed", "decided", "submitting", "submitted", "saved"]


class Ticks(RuleBasedStateMachine):
    """Move time, sweep, end in between, finish calls; count every tick."""

    trigger: Trigger

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.table = Timetable()

    def teardown(self) -> None:
        """Sweep to the end: what nothing hinders any more is queued."""
        try:
            self.table.clock.advance(31)
            self.runner.run(self.table.sweep())
            course = self.runner.run(self.table.course(self.trigger))
            assert course.pending == ()
            due = self.cron.runs_within(self.trigger.created_at, course.seen_until, most=10_000)
            left_out = course.missed + course.overlapped
            assert len(due) == len(self.table.ticks()) + left_out
            if self.overlap is not Overlap.SKIP and self.catch_up is CatchUp.ALL:
                assert course.missed == 0
                assert course.overlapped == 0
        finally:
            self.runner.close()

    @initialize(
        expression=st.sampled_from(EXPRESSIONS),
        zone=st.sampled_from(["UTC", "Europe/Berlin"]),
        catch_up=st.sampled_from(CatchUp),
        overlap=st.sampled_from(Overlap),
    )
    def begin(self, expression: str, zone: str, catch_up: CatchUp, overlap: Overlap) -> None:
        """Make one trigger."""
        self.cron, self.catch_up, self.overlap = parse_cron(expression, zone), catch_up, overlap

        async def make() -> None:
            caller = await self.table.caller()
            self.trigger = await self.table.schedule(
                caller,
                expression,
                zone=zone,
                catch_up=catch_up,
                catch_up_most=1000,
                overlap=overlap,
            )

        self.runner.run(make())

    @rule(seconds=st.sampled_from([0.5, 1, 9, 31, 59, 300, 3600]))
    def wait(self, seconds: float) -> None:
        """Let time pass, at most so long that all ticks can be counted."""
        if self.table.clock.now() - self.trigger.created_at < timedelta(hours=2):
            self.table.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        """Let a process sweep."""
        self.runner.run(self.table.sweep())

    @rule(sweepers=st.integers(2, 4))
    def sweep_together(self, sweepers: int) -> None:
        """Let several sweep at once."""

        async def together() -> None:
            await asyncio.gather(*(self.table.sweep() for _ in range(sweepers)))

        self.runner.run(together())

    @rule(step=st.sampled_from(STEPS))
    def end(self, step: str) -> None:
        """Let a process sweep and end in the middle."""
        self.table.dies_at = step
        with suppress(Killed):
            self.runner.run(self.table.sweep())
        self.table.dies_at = None

    @rule()
    def finish(self) -> None:
        """Let a worker run what is queued."""
        self.runner.run(self.table.queue.work())

    @invariant()
    def no_tick_is_queued_twice(self) -> None:
        """However often it was tried."""
        ticks = self.table.ticks()
        assert len(ticks) == len(set(ticks))

    @invariant()
    def only_ticks_are_queued(self) -> None:
        """Nothing is called at a moment that the schedule does not name."""
        if hasattr(self, "trigger"):
            runs = self.cron.runs_within(
                self.trigger.created_at, self.table.clock.now(), most=10_000
            )
            named = {run.isoformat().replace("+00:00", "Z") for run in runs}
            assert named.issuperset(self.table.ticks())


def test_each_tick_is_dealt_with_once() -> None:
    """It is queued, or counted as missed or overlapped, and nothing of it twice."""
    run_state_machine_as_test(
        Ticks, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )
