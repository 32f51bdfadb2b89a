"""Whatever happens on the way, what is kept of a mailbox comes to be what the provider holds."""

import asyncio
from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from support.remote import ACCOUNT, DEATHS, FAULTS, World

seeds = st.integers(0, 2**32)


class MailConvergence(RuleBasedStateMachine):
    """Edit, sync under every weather, and compare once all is calm."""

    is_whole: bool

    def __init__(self) -> None:
        """Start with nothing on either side."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.run = self.runner.run
        self.world = self.make_world()

    def make_world(self) -> World:
        """Return what is synced, and what that is kept in."""
        return World(is_whole=self.is_whole)

    @initialize(may_expire=st.booleans(), seed=seeds, count=st.integers(0, 30))
    def begin(self, may_expire: bool, seed: int, count: int) -> None:  # noqa: FBT001 - drawn.
        """Choose whether cursors expire, which heals much and so must not be always on."""
        self.world.weather.random.seed(seed)
        for _ in range(count):
            self.world.edit(self.world.weather.random)
        self.world.may_expire = may_expire

    @rule(seed=seeds, count=st.integers(1, 5))
    def edit(self, seed: int, count: int) -> None:
        """Let others change the mailbox while nobody looks."""
        self.world.weather.random.seed(seed)
        for _ in range(count):
            self.world.edit(self.world.weather.random)

    @rule(
        seed=seeds,
        fault=st.sampled_from(FAULTS),
        rate=st.sampled_from([0.15, 0.5]),
        edits=st.sampled_from([0.0, 0.3, 1.0]),
        death=st.sampled_from(DEATHS),
        moment=st.integers(1, 12),
    )
    def sync_under_fire(
        self, seed: int, fault: str, rate: float, edits: float, death: str, moment: int
    ) -> None:
        """Sync while others edit, the provider fails, and the process ends or is replaced."""
        weather = self.world.weather
        weather.clear()
        weather.random.seed(seed)
        weather.fault, weather.rate, weather.edits = fault, rate, edits
        weather.doom(death, moment)
        self.run(self.world.one_pass())

    @rule()
    def quiesce(self) -> None:
        """Once all is calm, both sides are equal, listeners know it, and little is asked."""
        world = self.world
        self.run(world.quiesce())

        local = self.run(world.local())
        assert local == world.remote()
        assert self.run(world.store.next_wanted_at(ACCOUNT.id)) is None
        assert Counter(self.run(world.told()).values()) == Counter(
            (folders, is_read) for folders, is_read, _ in local.values()
        )
        world.weather.requests = 0
        self.run(world.slices(world.sync()))
        assert world.weather.requests <= 1 + len(self.run(world.store.places(ACCOUNT.id)))

    def teardown(self) -> None:
        """End in calm."""
        try:
            self.quiesce()
        finally:
            self.runner.close()
