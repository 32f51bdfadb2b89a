"""What a call leaves behind in a reused worker, and what the compiler can read."""

from collections.abc import AsyncGenerator

import pytest

from drivers.local import LocalDriver, LocalSettings
from drivers.port import Isolation, Outcome
from support.artifacts import an_artifact, an_invocation

LEFT_IN_A_CACHE = """
import urllib.parse

class Text(str):
    def isascii(self):
        return False

def talker(say=print):
    try:
        yield
    finally:
        say("left behind")

def handler(event, context):
    if event == 1:
        waiting = talker()
        next(waiting)
        address = Text("http://example.com")
        address.kept = waiting
        urllib.parse.urlsplit(address)
    return event
"""


@pytest.fixture
async def driver() -> AsyncGenerator[LocalDriver]:
    """Yield a driver with one spare."""
    async with LocalDriver(LocalSettings(spares=1)) as local:
        yield local


async def test_what_hides_in_a_cache_ends_with_its_own_call(driver: LocalDriver) -> None:
    """A generator that the library's cache kept does not speak in the next call's log."""
    artifact = an_artifact(LEFT_IN_A_CACHE, isolation=Isolation.FUNCTION)
    await driver.deploy(artifact)

    outcomes: list[Outcome] = [
        await driver.invoke(an_invocation(artifact, phase)) for phase in (1, 2, 3)
    ]

    assert [outcome.result for outcome in outcomes] == [1, 2, 3]
    assert [outcome.logs for outcome in outcomes] == ["left behind\n", "", ""]


async def test_a_character_can_be_named(driver: LocalDriver) -> None:
    r"""The text '\N{BULLET}' is compiled, although no file can be read then."""
    artifact = an_artifact('def handler(event, context):\n    return "\\N{BULLET}"\n')

    deployment = await driver.deploy(artifact)
    outcome = await driver.invoke(an_invocation(artifact))

    assert deployment.detail == ""
    assert outcome.result == "•"
