"""What a worker of a reused function does that nobody asked it to, once it broke the language."""

import pytest
from structlog.testing import capture_logs

from drivers.local import LocalDriver, LocalSettings
from drivers.local.meters import CPUAccount
from drivers.local.settings import Experiment
from drivers.port import Isolation, OutcomeKind
from support.artifacts import an_artifact, an_invocation
from support.waiting import until

pytestmark = pytest.mark.slow

# It answers its call itself and never gives the worker back.
GOES_ON = """
import os, struct, sys

def handler(event, context):
    nonce = sys._getframe(1).f_locals["nonce"]
    answer = b'{"nonce":"%s","value":1}' % nonce.encode()
    os.write(3, struct.pack(">IB", len(answer) + 1, ord("R")) + answer)
    while True:
        pass
"""
RESTS = "def handler(event, context):\n    return event\n"


@pytest.fixture(autouse=True)
def _frequent_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.local.bound._SWEEP_S", 0.1)


async def test_an_idle_worker_that_computes_is_ended() -> None:
    """Its answer stands, but no processor is taken by a function that nobody called."""
    settings = LocalSettings(spares=1, experiment=Experiment(is_raw=True))
    artifact = an_artifact(GOES_ON, isolation=Isolation.FUNCTION)
    async with LocalDriver(settings) as driver:
        await driver.deploy(artifact)
        with capture_logs() as logs:
            outcome = await driver.invoke(an_invocation(artifact))

            async def is_ended() -> bool:
                return not (await driver.health()).numbers["bound_idle"]

            await until(is_ended)

    assert (outcome.kind, outcome.result) == (OutcomeKind.OK, 1)
    assert [log["event"] for log in logs] == ["worker.restless"]


async def test_an_idle_worker_at_rest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at it again and again finds nothing."""
    found: list[bool] = []
    is_restless = CPUAccount.is_restless

    def noted(account: CPUAccount) -> bool:
        found.append(is_restless(account))
        return found[-1]

    monkeypatch.setattr(CPUAccount, "is_restless", noted)
    artifact = an_artifact(RESTS, isolation=Isolation.FUNCTION)
    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        await driver.invoke(an_invocation(artifact, 1))
        await until(lambda: len(found) > 1)
        numbers = (await driver.health()).numbers

    assert not any(found)
    assert numbers["bound_idle"] == 1
