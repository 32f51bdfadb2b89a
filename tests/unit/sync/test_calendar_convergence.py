"""Whatever happens on the way, what is kept of a calendar comes to be what the provider holds."""

import asyncio
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from support.remote_calendar import CalendarWorld

seeds = st.integers(0, 2**32)
EXAMPLES = 50


class Convergence(RuleBasedStateMachine):
    """Edit, sync under every weather, and compare once all is calm."""

    def __init__(self) -> None:
        """Start with nothing on either side."""
        super().__init__()
        self.world = CalendarWorld()

    @initialize(may_expire=st.booleans(), seed=seeds, count=st.integers(0, 30))
    def begin(self, may_expire: bool, seed: int, count: int) -> None:  # noqa: FBT001 - drawn.
        """Choose whether cursors expire, which heals much and so must not be always on."""
        self.edit(seed, count)
        self.world.may_expire = may_expire

    @rule(seed=seeds, count=st.integers(1, 5))
    def edit(self, seed: int, count: int) -> None:
        """Let others change the calendar while nobody looks."""
        random = Random(seed)  # noqa: S311 - tests are to be repeatable.
        for _ in range(count):
            self.world.edit(random)

    @rule(
        seed=seeds,
        fault=st.sampled_from(["", "temporary", "rate"]),
        edits=st.sampled_from([0.0, 0.3, 1.0]),
        death=st.sampled_from(["", "request", "commit", "usurp"]),
        moment=st.integers(1, 12),
    )
    def sync_under_fire(self, seed: int, fault: str, edits: float, death: str, moment: int) -> None:
        """Sync while others edit, the provider fails, and the process ends or is replaced."""
        weather = self.world.weather
        weather.clear()
        weather.random.seed(seed)
        weather.fault, weather.rate, weather.edits = fault, 0.3, edits
        weather.kill_at_request = moment if death == "request" else 0
        weather.kill_at_commit = moment if death == "commit" else 0
        weather.usurp_at_request = moment if death == "usurp" else 0
        asyncio.run(self.world.one_pass())

    @rule()
    def quiesce(self) -> None:
        """Once all is calm, both sides are equal, and little is asked."""
        world = self.world
        asyncio.run(world.quiesce())

        assert asyncio.run(world.local()) == world.calendar.events
        assert world.told() == {each.title for each in world.calendar.events.values()}
        world.weather.requests = 0
        asyncio.run(world.slices(world.sync()))
        assert world.weather.requests <= 2

    def teardown(self) -> None:
        """End in calm."""
        self.quiesce()


@pytest.mark.slow
def test_both_sides_come_to_be_equal() -> None:
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    run_state_machine_as_test(
        Convergence, settings=settings(max_examples=EXAMPLES, stateful_step_count=25)
    )
