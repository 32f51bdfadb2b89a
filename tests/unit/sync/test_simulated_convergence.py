"""Over the real adapters, what is kept of an account comes to be what its provider holds."""

import asyncio
from collections import Counter
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

from sanderling.simulator.core.faults import FaultKind
from support.simulated_calendar_remote import SimulatedCalendar
from support.simulated_mail_remote import SimulatedMail
from support.simulated_remote import FAULTS, Seen, SimulatedRemote

KINDS = {
    "gmail": (SimulatedMail, "google"),
    "graph_mail": (SimulatedMail, "microsoft"),
    "google_calendar": (SimulatedCalendar, "google"),
    "graph_calendar": (SimulatedCalendar, "microsoft"),
}
_MOST_IDLE = 6
seeds = st.integers(0, 2**32)


class Convergence(RuleBasedStateMachine):
    """Edit, sync in every weather, and compare once all is calm."""

    kind: str

    def __init__(self) -> None:
        """Start with nothing on either side."""
        super().__init__()
        made, brand = KINDS[self.kind]
        self.remote: SimulatedRemote = made(brand)

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
            self.remote.edit(random)

    @rule(
        seed=seeds,
        fault=st.sampled_from(FAULTS),
        rate=st.sampled_from([0.15, 0.5]),
        edits=st.sampled_from([0.0, 0.3, 1.0]),
        death=st.sampled_from(["", "request", "commit", "usurp"]),
        at=st.integers(1, 12),
    )
    def sync_under_fire(
        self, seed: int, fault: FaultKind | None, rate: float, edits: float, death: str, at: int
    ) -> None:
        """Sync while others edit, the provider fails, and the process ends or is replaced."""
        self.remote.strike(seed=seed, fault=fault, rate=rate, edits=edits, death=death, at=at)
        asyncio.run(self.remote.one_pass())

    @rule()
    def quiesce(self) -> None:
        """Once all is calm, both sides are equal, listeners know it, and little is asked."""
        asyncio.run(self._compare())

    async def _compare(self) -> None:
        remote = self.remote
        await remote.quiesce()

        local = await remote.local()
        assert local == remote.remote()
        assert not await remote.is_waiting()
        known = list(remote.told())
        assert Counter(known) == Counter(each[: _length(known)] for each in local.values())
        assert await remote.idle() <= _MOST_IDLE + await remote.places()

    def teardown(self) -> None:
        """End in calm."""
        self.quiesce()


def _length(known: list[Seen]) -> int:
    """Return how much of each record listeners are told of here."""
    return max(map(len, known), default=0)


def run(kind: str, examples: int, steps: int) -> None:
    """Search for a run after which the sides differ."""
    machine = type("Machine", (Convergence,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps)
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_over_the_adapters_both_sides_come_to_be_equal(kind: str) -> None:
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    run(kind, examples=50, steps=6)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_in_long_runs_both_sides_come_to_be_equal(kind: str) -> None:
    """The same with more and longer runs."""
    run(kind, examples=300, steps=25)
