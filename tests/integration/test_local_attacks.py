"""Every attack of the corpus that concerns processes, against real walls."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
import pytest_asyncio

from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.local.settings import Experiment
from drivers.port import Deployment, Isolation, Outcome, OutcomeKind
from support.artifacts import an_artifact, an_invocation
from support.corpus import Attack, attacks, is_expected

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

Observed = Mapping[str, Outcome | Deployment]

OS_ATTACKS = [attack for attack in attacks() if attack.layer == "os"]
GREEDY_ATTACKS = [
    attack
    for attack in attacks()
    if attack.layer == "full"
    and not attack.runs_twice
    and (attack.expect in {"timeout", "memory_limit"} or attack.category == "resource")
]
STATE_ATTACKS = [attack for attack in attacks() if attack.runs_twice]

AT_ONCE = 4


async def run(driver: LocalDriver, attack: Attack, limits: Limits) -> Outcome | Deployment:
    """Deploy and call one attack."""
    artifact = an_artifact(attack.source, limits=limits)
    deployment = await driver.deploy(artifact)
    if deployment.kind is not OutcomeKind.OK:
        return deployment
    return await driver.invoke(an_invocation(artifact, {"phase": 1}))


async def run_all(
    driver: LocalDriver, chosen: Sequence[Attack], limits: Limits
) -> Mapping[str, Outcome | Deployment]:
    """Run attacks, some at once, and return what became of each."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def run_one(attack: Attack) -> Outcome | Deployment:
        async with gate:
            return await run(driver, attack, limits)

    observed = await asyncio.gather(*(run_one(attack) for attack in chosen))
    return {attack.id: outcome for attack, outcome in zip(chosen, observed, strict=True)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def os_observed() -> Observed:
    """Return what became of each attack on the operating-system walls alone."""
    async with LocalDriver(LocalSettings(experiment=Experiment(is_raw=True))) as driver:
        return await run_all(driver, OS_ATTACKS, Limits(wall_s=2.0, cpu_s=1.0))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[LocalDriver]:
    """Start a driver with all its walls."""
    async with LocalDriver(LocalSettings()) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def greedy_observed(driver: LocalDriver) -> Observed:
    """Return what became of each attack on time and memory."""
    # CPU ends them, not the wall, so that a busy machine changes nothing.
    return await run_all(driver, GREEDY_ATTACKS, Limits(wall_s=30.0, cpu_s=1.0))


@pytest.mark.parametrize("attack", OS_ATTACKS, ids=lambda attack: attack.id)
async def test_the_kernel_stops_it_without_the_language(
    attack: Attack, os_observed: Observed
) -> None:
    """Unrestricted Python inside the walls ends as the corpus says."""
    observed = os_observed[attack.id]

    assert is_expected(attack, observed), observed


async def test_what_escaped_python_can_see_is_nothing(os_observed: Observed) -> None:
    """Escaped code sees one variable, one path of our own, and no descriptor to write to."""
    environment = os_observed["os.environ_dict"]
    descriptors = os_observed["os.write_fd0_9"]

    assert isinstance(environment, Outcome)
    assert environment.result == ["LC_ALL"]
    assert isinstance(descriptors, Outcome)
    assert descriptors.result == []


async def test_an_outcome_behind_fewer_walls_says_so(os_observed: Observed) -> None:
    """Without the language layer an outcome has isolation none and does not list the layer."""
    outcome = os_observed["os.environ_dict"]

    assert isinstance(outcome, Outcome)
    assert outcome.isolation is Isolation.NONE
    assert outcome.layers[:5] == ("process", "rlimits", "privileges", "landlock", "seccomp")
    assert "language" not in outcome.layers


@pytest.mark.parametrize("attack", GREEDY_ATTACKS, ids=lambda attack: attack.id)
async def test_greed_ends_at_its_limit(attack: Attack, greedy_observed: Observed) -> None:
    """A function that takes all the time or memory there is ends as the corpus says."""
    observed = greedy_observed[attack.id]

    assert is_expected(attack, observed), observed


@pytest.mark.parametrize("attack", STATE_ATTACKS, ids=lambda attack: attack.id)
async def test_nothing_survives_from_one_call_to_the_next(
    attack: Attack, driver: LocalDriver
) -> None:
    """Two calls of one function in reused workers know nothing of each other."""
    limits = Limits(wall_s=30.0, cpu_s=0.5)
    artifact = an_artifact(attack.source, limits=limits, isolation=Isolation.FUNCTION)
    assert (await driver.deploy(artifact)).kind is OutcomeKind.OK

    first = await driver.invoke(an_invocation(artifact, {"phase": 1}))
    second = await driver.invoke(an_invocation(artifact, {"phase": 2}))

    assert is_expected(attack, first), first
    assert second.result == "clean"
