"""What people ask about accounts, over twins in memory."""

import os
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from jobs.accounts.account import Account, Provider
from jobs.accounts.accounts import Accounts, Belongings, Departure, Tools
from jobs.accounts.consent import Answer
from jobs.accounts.memory import MemoryAccountStore
from jobs.push.watches import Watches
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.stream import Channel, StreamStatus
from jobs.sync.history import MemorySliceHistory
from jobs.sync.memory_records import MemorySyncRecords
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.ids import SortableIds
from support.accounts import HOME
from support.tokens import Balky
from support.watches import unwatched

GOOGLE, BOTH = Provider.GOOGLE, (Channel.GMAIL, Channel.GOOGLE_CALENDAR)
EMAIL = "ada@example.com"


class Shaky(MemorySyncRecords):
    """Records whose removal may be interrupted; counts the steps that it took."""

    def __init__(self, mail: MemoryMailStore, streams: MemoryStreamStore) -> None:
        """Remove what is asked for."""
        super().__init__(mail, MemoryCalendarStore(lambda _: True), streams.recall)
        self.steps: list[int] = []
        self.fails_at_step = 0

    async def forget(self, account_id: str, *, limit: int) -> int:
        """Remove some of what an account brought, unless the database is away."""
        if len(self.steps) + 1 == self.fails_at_step:
            raise StoreUnavailableError(reason="it is away")
        self.steps.append(await super().forget(account_id, limit=limit))
        return self.steps[-1]


@dataclass
class Desk:
    """What people ask, and what it is kept in."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    store: MemoryAccountStore = field(default_factory=MemoryAccountStore)
    watches: Watches | None = None

    def __post_init__(self) -> None:
        """Open the desk."""
        self.streams = self.store.streams
        self.sign_in = Balky(self.clock)
        tools = Tools(self.clock, SortableIds(self.clock), os.urandom)
        self.mail = MemoryMailStore(lambda _: True)
        self.records = Shaky(self.mail, self.streams)
        self.slices = MemorySliceHistory(lambda _: True)
        watches = self.watches or unwatched(self.clock)
        belongings = Belongings(self.streams, self.records, self.slices, watches)
        self.accounts = Accounts(self.store, belongings, self.sign_in, tools)

    async def leave(
        self, *channels: Channel, email: str | None = None, sends: bool = False
    ) -> tuple[Departure, str]:
        """Send somebody off, and return where to and with what state."""
        departure = await self.accounts.connect(
            HOME, GOOGLE, channels or BOTH, email=email, sends=sends
        )
        return departure, parse_qs(urlsplit(departure.address).query)["state"][0]

    def consent(self, departure: Departure, *channels: Channel) -> str:
        """Let somebody consent, and return the code."""
        challenge = parse_qs(urlsplit(departure.address).query)["code_challenge"][0]
        return self.sign_in.consent(
            EMAIL,
            challenge=challenge,
            channels=channels or departure.errand.channels,
            sends=departure.errand.sends,
        )

    async def connected(
        self, *channels: Channel, email: str | None = None, sends: bool = False
    ) -> Account:
        """Return an account that somebody connected, who allowed all that was asked for."""
        departure, state = await self.leave(*channels, email=email, sends=sends)
        return await self.accounts.complete(
            GOOGLE, state=state, answer=Answer(self.consent(departure))
        )

    async def statuses(self, account: Account) -> dict[Channel, StreamStatus]:
        """Return how each stream stands."""
        streams = await self.streams.of_account(account.id)
        return {stream.channel: stream.status for stream in streams}
