"""Push follows the settings and the accounts of processes that run, and withstands a flood."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace

import httpx2
import pytest
from sqlalchemy import func, select

from jobs.push.watch import digest_of_secret
from jobs.streams.stream import Channel
from sanderling.kernel.clock import SystemClock
from sanderling.store import SQLWatchStore
from sanderling.store.watch_schema import watches
from support.command import CommandLine
from support.sync_home import MAILS, RARELY, SyncHome, sync_home
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SWITCH = "IS_CONNECTED_ACCOUNT_WEBHOOK_SUBSCRIPTION_ENABLED"
SELDOM = {
    "JOB_MESSAGE_LIST_FETCH_CRON": RARELY,
    "JOB_MESSAGES_IMPORT_CRON": RARELY,
    "JOB_PUSH_RENEWAL_CRON": RARELY,
}
MAIL = Channel.MICROSOFT_MAIL
FLOOD = 2_000
SENDERS = 20
EVERY_S = 0.2


@pytest.fixture
async def home(command: CommandLine) -> AsyncGenerator[SyncHome]:
    """Yield a home in which nothing has its turn for months, and push is off."""
    stored = {SWITCH: "false"}
    async with sync_home(command, SELDOM, stored=stored, channel=MAIL) as found:
        yield found


async def turn(home: SyncHome, value: str) -> None:
    """Turn push on or off, and return once it is so everywhere."""
    revision = (await home.client.settings.change({SWITCH: value})).revision
    await home.client.settings.wait_in_force(revision)


async def until_pushed(home: SyncHome, state: str) -> None:
    """Return once people are shown that push stands like this."""

    async def is_so() -> bool:
        return (await home.stream()).push.state == state

    await until(is_so, every_s=EVERY_S)


async def until_done(home: SyncHome, number: int) -> None:
    """Return once so many messages were brought in."""

    async def is_so() -> bool:
        return (await home.stream()).done == number

    await until(is_so, every_s=EVERY_S)


async def kept(home: SyncHome) -> int:
    """Return how many watches there are."""
    async with home.rows() as (database, _), database.read() as connection:
        return int(
            (await connection.execute(select(func.count()).select_from(watches))).scalar_one()
        )


async def test_a_change_is_here_before_its_turn(home: SyncHome) -> None:
    """Turned on while all run, each letter comes with its notice; turned off, none is asked for."""
    with home.command.working():
        await home.until_followed()
        await turn(home, "true")
        await until_pushed(home, "watched")
        told_until = (await home.stream()).push.until
        for number in range(1, 4):
            await home.deliver(1)
            await until_done(home, MAILS + number)
        await turn(home, "false")
        await until_pushed(home, "off")

        async def is_ended() -> bool:
            return await kept(home) == 0

        await until(is_ended, every_s=EVERY_S)
        run = (await home.client.jobs.get("push-renewal")).last_run

    assert told_until is not None
    assert told_until > SystemClock().now()
    assert run is not None
    assert run.detail == "Watches arranged or renewed: 0; ended: 1; to be tried again: 0."


@pytest.fixture
async def watched(command: CommandLine) -> AsyncGenerator[SyncHome]:
    """Yield a home at Microsoft that is told of changes from the start on."""
    settings = {**SELDOM, SWITCH: "true"}
    async with sync_home(command, settings, stored={}, channel=MAIL) as found:
        yield found


async def test_who_connects_is_told_of_changes_at_once(watched: SyncHome) -> None:
    """A new account, one that is paused, resumed or disconnected: its watch follows."""
    with watched.command.working():
        await until_pushed(watched, "watched")
        await watched.client.accounts.pause(watched.account)

        async def is_ended() -> bool:
            return await kept(watched) == 0

        await until(is_ended, every_s=EVERY_S)
        await watched.client.accounts.resume(watched.account)
        await until_pushed(watched, "watched")
        shown = watched.command.run("accounts", "show", watched.account)
        await watched.client.accounts.disconnect(watched.account)

    assert "told of changes until" in shown.out
    assert await kept(watched) == 0


async def test_a_flood_of_notices_leads_to_few_writes(watched: SyncHome) -> None:
    """Two thousand over HTTP about one stream: a hint now and then, and the service goes on."""
    clock, secret = SystemClock(), "of-the-flood"
    digest = digest_of_secret(secret)
    body = {
        "value": [
            {
                "subscriptionId": "flood",
                "clientState": secret,
                "changeType": "created",
                "resource": "me/messages/1",
            }
        ]
    }
    with watched.command.working():
        await until_pushed(watched, "watched")
        await watched.until_followed()
        async with watched.rows() as (database, streams):
            store = SQLWatchStore(database)
            [watch] = await store.of_account(watched.account)
            await store.put(replace(watch, remote_id="flood", secret_digest=digest))
            [before] = await streams.of_account(watched.account)
            began = clock.monotonic_ns()
            statuses = await _sent(watched, json.dumps(body).encode(), FLOOD)
            took_s = (clock.monotonic_ns() - began) / 1e9
            await watched.deliver(1)
            await _sent(watched, json.dumps(body).encode(), 1)
            await until_done(watched, MAILS + 1)
            [after] = await streams.of_account(watched.account)

    assert statuses == {202: FLOOD}
    # A hint goes out at once and then at most every two seconds; each is at most two slices.
    rounds = took_s / 2 + 3
    assert 0 < after.fence - before.fence <= 2 * rounds + 2


async def _sent(home: SyncHome, body: bytes, count: int) -> dict[int, int]:
    """Send a notice so often, and return how often each status came."""
    statuses = Counter[int]()
    left = iter(range(count))
    headers = {"content-type": "application/json"}

    async def send(http: httpx2.AsyncClient) -> None:
        for _ in left:
            answer = await http.post(f"{home.url}/push/microsoft", content=body, headers=headers)
            statuses[answer.status_code] += 1

    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        await asyncio.gather(*(send(http) for _ in range(SENDERS)))
    return dict(statuses)
