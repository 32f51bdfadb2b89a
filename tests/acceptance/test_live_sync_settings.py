"""Settings of sync are followed by workers that run: by what they do, not only by what they say."""

import re
from collections.abc import AsyncGenerator

import httpx2
import pytest

from support.command import CommandLine, Server
from support.sync_home import EACH_SECOND, MAILS, RARELY, SyncHome, sync_home
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SWITCH = "MESSAGING_PROVIDER_GMAIL_ENABLED"
LISTING = "gmail-message-list-fetch"
LISTING_CRON = "JOB_MESSAGE_LIST_FETCH_CRON"
LETTERS = 6
WITHIN_S = 25.0
"""The longest that anybody may wait for a change; it is promised sooner."""


@pytest.fixture
async def home(command: CommandLine) -> AsyncGenerator[SyncHome]:
    """Yield a home in which sync has no turn for months, so that only what is asked for is done."""
    stored = {SWITCH: "true", LISTING_CRON: RARELY, "JOB_MESSAGES_IMPORT_CRON": RARELY}
    async with sync_home(command, {}, stored=stored) as found:
        yield found


async def changed(home: SyncHome, name: str, value: str) -> int:
    """Change a setting, and return the revision once every process runs by it."""
    revision = (await home.client.settings.change({name: value})).revision
    await home.client.settings.wait_in_force(revision, timeout_s=WITHIN_S)
    return revision


async def is_left_alone(home: SyncHome) -> bool:
    """Ask for sync, see the worker do something else meanwhile, and claim that it was not done."""
    jobs = home.client.jobs
    await home.client.accounts.sync_now(home.account)
    for name in ("clean-up", "call-retention"):
        before = (await jobs.get(name)).last_run
        await jobs.run(name)

        async def is_over(name: str = name, before: object = before) -> bool:
            run = (await jobs.get(name)).last_run
            return run is not None and run != before and run.status == "done"

        await until(is_over)
    stream = await home.stream()
    return stream.is_asked and not stream.is_running


async def listings_of(worker: Server) -> float:
    """Return how many slices a worker has done."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{worker.url}/metrics")).text
    found = re.findall(r"^sanderling_stream_slices_total{.*} (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


async def test_how_many_are_synced_at_once_and_whether_at_all_is_followed(home: SyncHome) -> None:
    """With no place, or with its channel turned off, nothing asked for is done until it is back."""
    with home.command.working():
        await home.until_followed()
        await home.deliver(1)
        await changed(home, "WORKER_SYNC_CONCURRENCY", "0")
        is_idle = await is_left_alone(home)
        await changed(home, "WORKER_SYNC_CONCURRENCY", "5")
        with_places = await home.synced()
        await home.deliver(1)
        await changed(home, SWITCH, "false")
        is_off = await is_left_alone(home)
        await changed(home, SWITCH, "true")
        turned_on = await home.synced()

    assert (is_idle, is_off) == (True, True)
    assert (with_places.done, turned_on.done) == (MAILS + 1, MAILS + 2)


async def test_how_much_is_fetched_at_once_is_followed(home: SyncHome) -> None:
    """Letters come one by one, and then all in one request, in a worker that was not restarted."""

    async def fetched() -> tuple[int, int]:
        await home.deliver(LETTERS)
        slices = (await home.synced()).slices
        done = next(each for each in slices if each.phase == "import")
        return done.items, done.requests

    with home.command.working():
        await home.until_followed()
        await changed(home, "MESSAGING_MESSAGES_GET_BATCH_SIZE", "1")
        one_by_one = await fetched()
        await changed(home, "MESSAGING_MESSAGES_GET_BATCH_SIZE", "400")
        together = await fetched()

    assert (one_by_one[0], together[0]) == (LETTERS, LETTERS)
    # Beside what fetches letters there is the same in both.
    assert one_by_one[1] - together[1] == LETTERS - 1


async def test_a_changed_cron_is_followed_by_every_process(home: SyncHome) -> None:
    """Two workers and a server have it, and whichever worker is left lists by it."""
    with home.command.working() as first, home.command.working() as second:
        await home.until_followed()
        seen = await listings_of(second)
        revision = await changed(home, LISTING_CRON, EACH_SECOND)
        job, listed = await home.client.jobs.get(LISTING), await home.client.jobs.list()
        processes = (await home.client.settings.processes()).items
        # Whoever is left has nobody to do it in its place.
        assert first.stop() == 0

        async def has_listed() -> bool:
            return await listings_of(second) > seen + 1

        await until(has_listed)

    assert job.cron == EACH_SECOND
    assert len(job.registered_on) == len((first, second))
    assert {each.revision for each in listed.workers} == {revision}
    assert sorted(each.kind for each in processes) == ["serve", "worker", "worker"]
