"""What people do with accounts in a house, and providers in memory at which they consent."""

import itertools
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from jobs.accounts.accounts import Accounts, Tools
from jobs.accounts.memory import MemoryAccountStore
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.stream import Channel
from jobs.sync.history import MemorySliceHistory
from jobs.sync.memory_records import MemorySyncRecords
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from sanderling.api.account_models import DepartureShown
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds
from support.tokens import Balky

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
    streams: MemoryStreamStore = field(default_factory=MemoryStreamStore)

    def __post_init__(self) -> None:
        """Open the door."""
        self.sign_in = Balky(self.clock)
        numbers = itertools.count(1)
        tools = Tools(self.clock, self.ids, lambda count: next(numbers).to_bytes(count))
        self.mail = MemoryMailStore(lambda _: True)
        self.calendars = MemoryCalendarStore(lambda _: True)
        self.records = MemorySyncRecords(self.mail, self.calendars, self.streams.recall)
        self.slices = MemorySliceHistory(lambda _: True)
        self.accounts = Accounts(
            self.store, self.streams, self.records, self.slices, self.sign_in, tools
        )

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
