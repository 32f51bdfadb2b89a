"""Over the real adapters, what is kept of an account comes to be what its provider holds."""

import asyncio
from collections import Counter
from collections.abc import Collection
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from sanderling.simulator.core.faults import FaultKind
from support.keeping import Keeping, MemoryKeeping
from support.simulated_calendar_remote import SimulatedCalendar
from support.simulated_mail_remote import SimulatedMail
from support.simulated_remote import DEATHS, FAULTS, Seen, SimulatedRemote

KINDS = {
    "gmail": (SimulatedMail, "google"),
    "graph_mail": (SimulatedMail, "microsoft"),
    "google_calendar": (SimulatedCalendar, "google"),
    "graph_calendar": (SimulatedCalendar, "microsoft"),
}
_MOST_IDLE = 6
_SKEWS_S = (-7200.0, -1.0, 0.0, 1.0, 7200.0)
seeds = st.integers(0, 2**32)


class SimulatedConvergence(RuleBasedStateMachine):
    """Edit, sync in every weather, and compare once all is calm."""

    kind: str

    def __init__(self) -> None:
        """Start with nothing on either side."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.run = self.runner.run
        made, brand = KINDS[self.kind]
        self.remote: SimulatedRemote = made(brand, self.make_keeping())

    def make_keeping(self) -> Keeping:
        """Return what the account is kept in."""
        return MemoryKeeping()

    @initialize(may_expire=st.booleans(), seed=seeds, count=st.integers(0, 20))
    def begin(self, may_expire: bool, seed: int, count: int) -> None:  # noqa: FBT001 - drawn.
        """Choose whether cursors expire, which heals much and so must not be always on."""
        self.edit(seed, count)
        self.remote.may_expire = may_expire

    @rule(seed=seeds, count=st.integers(1, 5))
    def edit(self, seed: int, count: int) -> None:
        """Let others change something while nobody looks."""
        random = Random(seed)  # noqa: S311 - tests are to be repeatable.
        for _ in range(count):
            self.remote.change(random)

    @rule(
        seed=seeds,
        fault=st.none() | st.sampled_from(FAULTS),
        rate=st.sampled_from([0.15, 0.5]),
        edits=st.sampled_from([0.0, 0.3, 1.0]),
        death=st.just("") | st.sampled_from(DEATHS),
        at=st.integers(1, 12),
    )
    def sync_under_fire(
        self, seed: int, fault: FaultKind | None, rate: float, edits: float, death: str, at: int
    ) -> None:
        """Sync while others edit, the provider fails, and the process ends or is replaced."""
        self.remote.strike(seed=seed, fault=fault, rate=rate, edits=edits, death=death, at=at)
        self.run(self.remote.one_pass())

    @rule(skew_s=st.sampled_from(_SKEWS_S))
    def skew(self, skew_s: float) -> None:
        """Let the provider's clock go wrong, or right again."""
        self.remote.skew(skew_s)

    @rule()
    def quiesce(self) -> None:
        """Once all is calm, both sides are equal, listeners know it, and little is asked."""
        self.run(self._compare())

    async def _compare(self) -> None:
        remote = self.remote
        remote.look()
        await remote.quiesce()
        remote.look()

        local = await remote.local()
        assert local == remote.remote()
        assert not await remote.is_waiting()
        assert not await remote.false_ends()
        known = list(await remote.told())
        assert Counter(known) == Counter(each[: _length(known)] for each in local.values())
        assert await remote.idle() <= _MOST_IDLE + await remote.places()

    def teardown(self) -> None:
        """End in calm."""
        try:
            self.quiesce()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of everything that the machine holds."""
        self.runner.close()


def _length(known: Collection[Seen]) -> int:
    """Return how much of each record listeners are told of here."""
    return max(map(len, known), default=0)


def search(machine: type[SimulatedConvergence], *, examples: int, steps: int) -> None:
    """Search for a run after which the sides differ."""
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None),
    )
