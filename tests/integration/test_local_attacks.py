"""What unrestricted Python behind the walls of the operating system can see, and what is said."""

import pytest

from drivers.local import LocalDriver, LocalSettings
from drivers.local.settings import Experiment
from drivers.port import Isolation, Outcome
from support.artifacts import an_artifact, an_invocation
from support.corpus import attacks

pytestmark = pytest.mark.slow


async def run_raw(attack_id: str) -> Outcome:
    """Run one attack of the corpus without the language layer."""
    (source,) = [attack.source for attack in attacks() if attack.id == attack_id]
    artifact = an_artifact(source)
    settings = LocalSettings(spares=1, experiment=Experiment(is_raw=True))
    async with LocalDriver(settings) as driver:
        await driver.deploy(artifact)
        return await driver.invoke(an_invocation(artifact))


async def test_what_escaped_python_can_see_is_nothing() -> None:
    """Escaped code sees one variable and no descriptor to write to."""
    assert (await run_raw("os.environ_dict")).result == ["LC_ALL"]
    assert (await run_raw("os.write_fd0_9")).result == []


async def test_an_outcome_behind_fewer_walls_says_so() -> None:
    """Without the language layer an outcome has isolation none and does not list the layer."""
    outcome = await run_raw("os.environ_dict")

    assert outcome.isolation is Isolation.NONE
    assert outcome.layers[:5] == ("process", "rlimits", "privileges", "landlock", "seccomp")
    assert "language" not in outcome.layers
