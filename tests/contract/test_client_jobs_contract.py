"""What the Python client does with jobs, over HTTP and in this process."""

from collections.abc import AsyncGenerator

import pytest

from jobs.catalogue import CLEAN_UP, KNOWN_JOBS
from jobs.errors import JobRunRefused, JobUnknown
from sanderling.access.errors import Forbidden
from sanderling.client import Sanderling
from support.clients import WAYS, Setting, open_setting


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house, reached in each way."""
    async with open_setting(request.param) as found:
        yield found


@pytest.fixture
async def client(setting: Setting) -> AsyncGenerator[Sanderling]:
    """Yield a client with the key of a server administrator."""
    async with setting.opening(await setting.house.key(is_server_admin=True)) as found:
        yield found


async def test_every_job_is_listed_and_shown(client: Sanderling) -> None:
    """The list has what the release knows, by name; each is shown alike alone."""
    listed = await client.jobs.list()

    assert [job.name for job in listed.items] == sorted(job.name for job in KNOWN_JOBS)
    assert [await client.jobs.get(job.name) for job in listed.items] == listed.items
    assert listed.workers == []


async def test_a_job_is_paused_asked_and_resumed(client: Sanderling) -> None:
    """Each answer is the job as it is from then on."""
    paused = await client.jobs.pause(CLEAN_UP)
    asked = await client.jobs.run(CLEAN_UP)
    resumed = await client.jobs.resume(CLEAN_UP)

    assert (paused.state, paused.next_run_at, paused.is_run_asked) == ("paused", None, False)
    assert (asked.state, asked.is_run_asked) == ("paused", True)
    assert (resumed.state, resumed.is_run_asked) == ("on", True)
    assert resumed.next_run_at is not None
    assert resumed == await client.jobs.get(CLEAN_UP)


@pytest.mark.parametrize("name", ["sweep", "clean-up/run", "", "Clean-Up", "a" * 200, ".."])
async def test_what_is_no_job_is_refused(client: Sanderling, name: str) -> None:
    """No other route is reached by a name, and the refusal shows the way to the list."""
    for ask in (client.jobs.get, client.jobs.run, client.jobs.pause, client.jobs.resume):
        with pytest.raises(JobUnknown, match="sanderling jobs list"):
            await ask(name)


async def test_a_job_that_is_off_is_not_asked_to_run(setting: Setting, client: Sanderling) -> None:
    """The same refusal comes over both ways, with what to do."""
    await client.jobs.pause(CLEAN_UP)
    setting.house.services.jobs.follow(())

    with pytest.raises(JobRunRefused, match="no settings want it") as refused:
        await client.jobs.run(CLEAN_UP)

    assert (await client.jobs.get(CLEAN_UP)).state == "off"
    assert refused.value.facts["name"] == CLEAN_UP


async def test_jobs_are_for_server_administrators(setting: Setting) -> None:
    """An admin of a workspace, whom jobs do not belong to, is refused each of the ways."""
    jobs = setting.admin.jobs

    with pytest.raises(Forbidden, match=r"jobs\.read"):
        await jobs.list()
    for ask in (jobs.run, jobs.pause, jobs.resume):
        with pytest.raises(Forbidden, match=r"jobs\.manage"):
            await ask(CLEAN_UP)
