"""Whatever happens on the way, what is kept of a calendar comes to be what the provider holds."""

import asyncio
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from support.remote import DEATHS
from support.remote_calendar import CalendarWorld

seeds = st.integers(0, 2**32)


class CalendarConvergence(RuleBasedStateMachine):
    """Edit, sync under every weather, and compare once all is calm."""

    def __init__(self) -> None:
        """Start with nothing on either side."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.run = self.runner.run
        self.world = self.make_world()

    def make_world(self) -> CalendarWorld:
        """Return what is synced, and what that is kept in."""
        return CalendarWorld()

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
        death=st.sampled_from(DEATHS),
        moment=st.integers(1, 12),
    )
    def sync_under_fire(self, seed: int, fault: str, edits: float, death: str, moment: int) -> None:
        """Sync while others edit, the provider fails, and the process ends or is replaced."""
        weather = self.world.weather
        weather.clear()
        weather.random.seed(seed)
        weather.fault, weather.rate, weather.edits = fault, 0.3, edits
        weather.doom(death, moment)
        self.run(self.world.one_pass())

    @rule()
    def quiesce(self) -> None:
        """Once all is calm, both sides are equal, and little is asked."""
        world = self.world
        self.run(world.quiesce())

        assert self.run(world.local()) == world.calendar.events
        assert self.run(world.told()) == {each.title for each in world.calendar.events.values()}
        world.weather.requests = 0
        self.run(world.slices(world.sync()))
        assert world.weather.requests <= 2

    def teardown(self) -> None:
        """End in calm."""
        try:
            self.quiesce()
        finally:
            self.runner.close()
