"""A worker beside simulated providers on loopback, with accounts that somebody connected."""

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.layers import Layers
from config.loader import build_snapshot
from jobs.accounts.account import Account, Provider, TokenSet
from jobs.streams.stream import AccountId, Channel, Stream, StreamId
from jobs.sync.items import Role
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import SortableIds, WorkspaceId
from sanderling.simulator.core.mail import Correspondent, Genre, Letter
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import World
from sanderling.simulator.providers import PROVIDERS
from sanderling.store import (
    Database,
    SQLAccountStore,
    SQLCalendarStore,
    SQLMailStore,
    SQLStreamStore,
    SQLSyncRecords,
    SQLWorkspaces,
    open_database,
)
from sanderling.vault import AESGCMSealer, Keyring
from sanderling.wiring import open_runtime
from sanderling.wiring.configuration import label_process
from support.loopback import serving

SECRET = "0123456789abcdef0123456789abcdef"
ADA = "ada@example.com"
SCOPES = {
    Provider.GOOGLE: frozenset(
        {
            "https://www.googleapis.com/auth/gmail.readonly",
            "https://www.googleapis.com/auth/calendar.events",
        }
    ),
    Provider.MICROSOFT: frozenset({"offline_access", "Mail.Read", "Calendars.Read"}),
}
_CALLBACKS = {
    f"AUTH_{name}_{kind}": "http://127.0.0.1:1/back"
    for name in ("GOOGLE", "MICROSOFT")
    for kind in ("CALLBACK_URL", "APIS_CALLBACK_URL")
}


@dataclass
class Played:
    """A provider that is played, and the account of the one person there."""

    provider: Provider
    world: World
    account: Account


@dataclass
class Synced:
    """What a worker keeps in its database, and what the providers have."""

    database: Database
    settings: dict[str, str]
    home: Path
    played: dict[Provider, Played]

    def __post_init__(self) -> None:
        """Open the stores."""
        sealer = AESGCMSealer(Keyring.of(SECRET), os.urandom)
        self.accounts = SQLAccountStore(self.database, sealer)
        self.streams = SQLStreamStore(self.database)
        self.mail = SQLMailStore(self.database)
        self.calendars = SQLCalendarStore(self.database)

    async def connect(self, provider: Provider) -> None:
        """Connect the account as the way back from the provider does."""
        played = self.played[provider]
        issued = played.world.oauth.issue(ADA, SCOPES[provider])
        now = SystemClock().now()
        until = now + timedelta(seconds=issued.expires_in_s)
        tokens = TokenSet(issued.access_token, issued.refresh_token, until)
        kept = await self.accounts.connect(played.account, tokens)
        await self.streams.open(
            [
                Stream(StreamId(f"{kept.id}:{each}"), kept.workspace_id, kept.id, each, now, now)
                for each in kept.channels
            ]
        )

    def post(self, provider: Provider, sender: str) -> None:
        """Let a message of somebody come in."""
        world = self.played[provider].world
        person = world.people[ADA]
        who, now = Correspondent("", sender), SystemClock().now().replace(microsecond=0)
        letter = Letter(who, (person.owner,), "Hello", "Text", now, f"<hello-{sender}>")
        person.mailbox.add(letter, places=world.placing.places(Genre.LETTER))

    async def senders(self, provider: Provider) -> set[str]:
        """Return who wrote the messages that people see."""
        account = self.played[provider].account
        records = SQLSyncRecords(self.database)
        page = await records.messages(account.workspace_id, limit=100, account_id=account.id)
        return {
            participant.address.email
            for record in page.rows
            for participant in record.message.participants
            if participant.role is Role.FROM
        }

    async def stream(self, channel: Channel) -> Stream:
        """Return the stream of a channel."""
        for played in self.played.values():
            for stream in await self.streams.of_account(played.account.id):
                if stream.channel is channel:
                    return stream
        raise AssertionError(channel)

    async def mails(self, provider: Provider) -> int:
        """Return how many messages are kept that are not gone."""
        account_id = self.played[provider].account.id
        places = await self.mail.places(account_id)
        return sum([await self.mail.count_there(account_id, each) for each in places])

    async def events(self, provider: Provider) -> int:
        """Return how many events are kept that are not gone."""
        account_id = self.played[provider].account.id
        places = await self.calendars.places(account_id)
        return sum([await self.calendars.count_there(account_id, each) for each in places])

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """Let a worker sync for as long as the block lasts."""
        layers = Layers(arguments={"SANDERLING_HOME": str(self.home)}, environment=self.settings)
        opening = open_runtime(
            build_snapshot(layers, rules=()), process="test", label=label_process("worker")
        )
        async with opening:
            yield


@asynccontextmanager
async def synced(home: Path, url: str, *, mails: int, meetings: int) -> AsyncGenerator[Synced]:
    """Yield a worker's database, and providers with Ada's things; nothing is connected yet."""
    settings = {
        "DATABASE_URL": url,
        "APP_SECRET": SECRET,
        "SERVERLESS_TYPE": "DISABLED",
        "MESSAGING_MESSAGES_GET_BATCH_SIZE": "20",
        **_CALLBACKS,
    }
    played: dict[Provider, Played] = {}
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(url))
        clock = SystemClock()
        workspaces = SQLWorkspaces(database, ids=SortableIds(clock), clock=clock)
        workspace_id = await workspaces.ensure_default()
        for each in PROVIDERS:
            provider = Provider(each.name)
            world = each.world(SystemClock())
            world.drip_s = 0
            world.settle(ADA, "Ada", mails=mails, meetings=meetings)
            site: Site = each.site(world)
            base_url = await stack.enter_async_context(serving(site))
            settings |= each.settings(base_url)
            played[provider] = Played(provider, world, _account(provider, workspace_id))
        yield Synced(database, settings, home, played)


def _account(provider: Provider, workspace_id: WorkspaceId) -> Account:
    return Account(
        AccountId(f"acc_{provider}"),
        workspace_id,
        provider,
        subject=f"{provider}-ada",
        email=ADA,
        channels=tuple(sorted(provider.channels)),
        created_at=SystemClock().now(),
    )
