"""What people do with accounts in a house, and providers in memory at which they consent."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from jobs.accounts.account import Account
from jobs.accounts.accounts import Accounts, Belongings, Tools
from jobs.accounts.attachments import Attachments
from jobs.accounts.memory import MemoryAccountStore
from jobs.streams.stream import Channel
from jobs.sync.faults import ProviderFault
from jobs.sync.history import MemorySliceHistory
from jobs.sync.memory_mail import MemoryMail, MemoryMailbox
from jobs.sync.memory_records import MemorySyncRecords
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from jobs.sync.provider import MailProvider
from sanderling.api.account_models import DepartureShown
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds
from support.tokens import Balky
from support.watches import unwatched

PATHS = {
    "google": "/auth/google-apis/get-access-token",
    "microsoft": "/auth/microsoft-apis/get-access-token",
}


@dataclass
class Doorstep:
    """Accounts over twins in memory; each secret of an errand is another one."""

    clock: VirtualClock
    ids: SortableIds
    store: MemoryAccountStore = field(default_factory=MemoryAccountStore)

    def __post_init__(self) -> None:
        """Open the door."""
        self.streams = self.store.streams
        self.sign_in = Balky(self.clock)
        numbers = itertools.count(1)
        tools = Tools(self.clock, self.ids, lambda count: next(numbers).to_bytes(count))
        self.mail = MemoryMailStore(lambda _: True)
        self.calendars = MemoryCalendarStore(lambda _: True)
        self.records = MemorySyncRecords(self.mail, self.calendars, self.streams.recall)
        self.slices = MemorySliceHistory(lambda _: True)
        belongings = Belongings(self.streams, self.records, self.slices, unwatched(self.clock))
        self.accounts = Accounts(self.store, belongings, self.sign_in, tools)
        self.mailbox = MemoryMailbox(())
        self.faults: list[ProviderFault] = []
        self.attachments = Attachments(self.store, self.records, self._opened)

    @asynccontextmanager
    async def _opened(self, account: Account) -> AsyncGenerator[MailProvider]:  # noqa: ARG002 - one mailbox serves all.
        """Yield the mail at the provider, which the next of `faults` befalls."""

        async def before(_request: str) -> None:
            if self.faults:
                raise self.faults.pop(0)

        yield MemoryMail(self.mailbox, before)

    def way_back(self, departure: DepartureShown, *, email: str = "ada@example.com") -> str:
        """Return the path with which somebody comes back who consents to all of it."""
        told = parse_qs(urlsplit(departure.address).query)
        code = self.sign_in.consent(
            email,
            challenge=told["code_challenge"][0],
            channels=[Channel(channel) for channel in departure.channels],
            sends=departure.sends,
        )
        return f"{PATHS[departure.provider]}?code={code}&state={told['state'][0]}"
