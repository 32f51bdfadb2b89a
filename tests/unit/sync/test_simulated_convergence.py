"""Over the real adapters, what is kept of an account comes to be what its provider holds."""

import pytest

from support.simulated_convergence import KINDS, SimulatedConvergence, search


def machine(kind: str) -> type[SimulatedConvergence]:
    """Return what is run for a kind of channel."""
    return type("Machine", (SimulatedConvergence,), {"kind": kind})


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_over_the_adapters_both_sides_come_to_be_equal(kind: str) -> None:
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    search(machine(kind), examples=50, steps=6)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_in_long_runs_both_sides_come_to_be_equal(kind: str) -> None:
    """The same with more and longer runs."""
    search(machine(kind), examples=300, steps=25)
