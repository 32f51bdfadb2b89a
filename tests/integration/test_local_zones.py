"""Time zones inside the sandbox, where no file can be opened."""

from importlib import resources

from drivers.local import LocalDriver, LocalSettings
from support.artifacts import an_artifact, an_invocation

SOURCE = """
from zoneinfo import available_timezones

def handler(event, context):
    return sorted(available_timezones())
"""


async def test_the_guest_knows_the_zones_of_the_pinned_package() -> None:
    """Zones are those of the tzdata package, whatever the system has."""
    artifact = an_artifact(SOURCE)
    listed = resources.files("tzdata").joinpath("zones").read_text().split()

    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        outcome = await driver.invoke(an_invocation(artifact))

    assert isinstance(outcome.result, list)
    assert set(listed) <= set(map(str, outcome.result))
    assert len(outcome.result) - len(listed) <= 1  # The package has a file for unknown places.
