"""A home whose one account is synced from simulated providers, in processes of their own."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx2
from sqlalchemy import select, update

from jobs.streams.stream import AccountId, Channel
from sanderling.api.account_models import StreamShown
from sanderling.client import Sanderling
from sanderling.store import Database, SQLStreamStore, open_database
from sanderling.store.account_schema import account_tokens
from sanderling.wiring.home import DATABASE
from support.command import CommandLine
from support.ports import free_port
from support.waiting import until

OWNER = "ada@example.com"
MAILS = 4
EACH_SECOND = "* * * * * *"
RARELY = "0 0 1 1 *"
_LOOK_EVERY_S = 0.2
_OFTEN = {"API_RATE_LIMITING_LONG_LIMIT": "100000"}
"""Who waits here asks again and again, for longer where the machine has much to do."""


@dataclass(frozen=True, slots=True)
class SyncHome:
    """A home with one account, and a server at `url` that leaves all work to workers.

    `command` starts those; `client` speaks to the server with an administrator's key. `provider` is
    where the account's provider is played.
    """

    command: CommandLine
    client: Sanderling
    provider: str
    account: AccountId
    url: str

    async def stream(self) -> StreamShown:
        """Return the account's one channel."""
        (stream,) = (await self.client.accounts.get(self.account)).streams
        return stream

    async def until_followed(self) -> StreamShown:
        """Return the channel once all that there is was brought in."""

        async def is_followed() -> bool:
            stream = await self.stream()
            return stream.stage == "following" and not (stream.is_running or stream.is_asked)

        await until(is_followed, every_s=_LOOK_EVERY_S)
        return await self.stream()

    async def synced(self) -> StreamShown:
        """Ask for sync out of turn, and return the channel once it was done."""
        await self.client.accounts.sync_now(self.account)
        return await self.until_followed()

    async def deliver(self, count: int) -> None:
        """Let letters arrive at the provider."""
        for number in range(count):
            letter = {"subject": f"Letter {number}"}
            await self._ask("POST", f"/people/{OWNER}/messages", letter)

    async def requests(self) -> int:
        """Return how many requests the provider has answered for mail."""
        return sum((await self._ask("GET", ""))["requests"].values())

    @asynccontextmanager
    async def rows(self) -> AsyncGenerator[tuple[Database, SQLStreamStore]]:
        """Yield what the processes of the home write to."""
        async with open_database(f"sqlite:///{self.command.home / DATABASE}") as database:
            yield database, SQLStreamStore(database)

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.request(method, f"{self.provider}/_simulator{path}", json=body)
        assert not answer.is_error, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def sync_home(
    command: CommandLine,
    settings: Mapping[str, str],
    *,
    stored: Mapping[str, str],
    channel: Channel = Channel.GMAIL,
) -> AsyncGenerator[SyncHome]:
    """Yield a home whose account of mail was connected the whole way; no worker runs yet.

    Its processes are given `settings`; `stored` are kept in the database, where tests may change
    them. The provider of `channel` is turned on, unless one of them says otherwise.
    """
    name = "google" if channel is Channel.GMAIL else "microsoft"
    people = command.folder / "people.json"
    people.write_text(json.dumps([{"email": OWNER, "messages": MAILS, "events": 0}]))
    with command.playing("--seed", str(people)) as playing:
        port, played = free_port(), next(each for each in playing if each["name"] == name)
        printed = {
            setting: value.replace("127.0.0.1:3000", f"127.0.0.1:{port}")
            for setting, value in played["settings"].items()
            if setting not in stored
        }
        here = {"SERVER_URL": f"http://127.0.0.1:{port}", **_OFTEN}
        at_home = replace(command, settings={**command.settings, **printed, **here, **settings})
        key: str = at_home.must("init")["key"]
        with at_home.serving("--without-worker", "--port", str(port)) as server:
            async with Sanderling(server.url, key=key) as client:
                if stored:
                    revision = (await client.settings.change(dict(stored))).revision
                    await client.settings.wait_in_force(revision)
                account = await _connected(client, name, channel)
                yield SyncHome(at_home, client, played["base_url"], account, server.url)


async def _connected(client: Sanderling, provider: str, channel: Channel) -> AccountId:
    departure = await client.accounts.connect(provider, channels=[channel], email=OWNER)
    async with httpx2.AsyncClient(follow_redirects=True, trust_env=False, timeout=60) as browser:
        page = await browser.get(departure.address)
    assert f"{OWNER} is connected" in page.text
    (account,) = (await client.accounts.list()).items
    return AccountId(account.id)


async def let_token_end(database: Database, account: AccountId, at: datetime) -> None:
    """Let the access token of an account end at `at`."""
    change = update(account_tokens).where(account_tokens.c.account_id == account)
    async with database.write() as connection:
        await connection.execute(change.values(expires_at=at))


async def token_row(database: Database, account: AccountId) -> tuple[int, datetime]:
    """Return how often an account's tokens were renewed, and when the access token ends."""
    query = select(account_tokens.c.version, account_tokens.c.expires_at).where(
        account_tokens.c.account_id == account
    )
    async with database.read() as connection:
        row = (await connection.execute(query)).one()
    return row.version, row.expires_at
