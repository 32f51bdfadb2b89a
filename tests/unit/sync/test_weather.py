"""What convergence is to outlive does happen: each fault strikes, and each end comes."""

import asyncio
from itertools import islice
from random import Random

import pytest

from jobs.streams.errors import LeaseLost
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.simulator.core.faults import FaultKind
from support.remote import Killed
from support.simulated_convergence import KINDS
from support.simulated_remote import DEATHS, FAULTS, SimulatedRemote

_OF_BATCHES = frozenset(
    {
        *(FaultKind.PART_429, FaultKind.PART_404, FaultKind.PART_500),
        *(FaultKind.PART_MISSING, FaultKind.PART_DUPLICATED, FaultKind.PARTS_SHUFFLED),
    }
)
IMPOSSIBLE = {"google_calendar": _OF_BATCHES}
"""What cannot happen to a kind: events of Google's come without batches."""
ENDS = {"usurp": LeaseLost, "busy": StoreUnavailableError}


def begun(kind: str, seed: int) -> tuple[SimulatedRemote, Random]:
    """Return an account with something in it, where nothing was synced yet."""
    made, brand = KINDS[kind]
    remote, random = made(brand), Random(seed)  # noqa: S311 - tests are to be repeatable.
    for _ in range(30):
        remote.change(random)
    return remote, random


async def struck(kind: str, fault: FaultKind, runs: int) -> bool:
    """Claim that a fault strikes in one of a few runs, after all of which the sides are equal."""
    for seed in range(runs):
        remote, random = begun(kind, seed)
        remote.may_expire = fault is FaultKind.CURSOR_EXPIRED
        for number in range(4):
            given = None if remote.may_expire else fault
            remote.strike(seed=4 * seed + number, fault=given, rate=0.3, edits=0.3, death="", at=0)
            await remote.one_pass()
            remote.change(random)
        has_struck = remote.account.world.faults.struck[fault] > 0
        await remote.quiesce()
        assert await remote.local() == remote.remote()
        if has_struck:
            return True
    return False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [*FAULTS, FaultKind.CURSOR_EXPIRED])
def test_each_fault_strikes(kind: str, fault: FaultKind) -> None:
    """None of them is listed and never met, but those that a kind cannot meet."""
    is_possible = fault not in IMPOSSIBLE.get(kind, ())

    assert asyncio.run(struck(kind, fault, 25 if is_possible else 3)) == is_possible


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("death", DEATHS)
async def test_each_end_comes(kind: str, death: str) -> None:
    """A process ends at any of its first steps, whichever it is."""
    remote, _ = begun(kind, 1)

    for at in range(1, 4):
        remote.strike(seed=1, fault=None, rate=0.0, edits=0.3, death=death, at=at)
        await remote.one_pass()
        remote.change(Random(at))  # noqa: S311 - tests are to be repeatable.

    assert list(islice(remote.ends, 2)) == [ENDS.get(death, Killed)]
