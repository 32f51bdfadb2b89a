"""One account with a mailbox and a calendar in memory, and the work on its streams."""

from dataclasses import dataclass, field
from datetime import datetime

from jobs.accounts.account import Account
from jobs.accounts.memory import MemoryAccountStore
from jobs.accounts.work import CalendarWork, Ledger, MailWork
from jobs.providers.quota import Spending
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.steps import settled
from jobs.streams.stream import Channel, Due, Phase, SliceResult, Stream, StreamId
from jobs.sync.budget import Budget
from jobs.sync.calendar import CalendarSync
from jobs.sync.faults import ProviderFault
from jobs.sync.history import MemorySliceHistory
from jobs.sync.mail import MailSync
from jobs.sync.memory_calendar import (
    MemoryCalendar,
    MemoryCalendarEvents,
    MemoryCalendarProviders,
)
from jobs.sync.memory_mail import MemoryMail, MemoryMailProviders
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from sanderling.kernel.clock import VirtualClock
from support.accounts import NOW, TOKENS, an_account
from support.remote import whole_mailbox
from support.streams import a_claim

BUDGET = Budget(requests=4, seconds=20.0, fetch_size=2)


@dataclass
class Desk:
    """Everything that a slice of one account touches; `faults` befall the next requests."""

    chance: float = 0.0
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOW))
    accounts: MemoryAccountStore = field(default_factory=MemoryAccountStore)
    streams: MemoryStreamStore = field(default_factory=MemoryStreamStore)
    faults: list[ProviderFault | None] = field(default_factory=list[ProviderFault | None])
    requests: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        """Begin with an empty mailbox and an empty calendar."""
        self.account: Account = an_account(channels=tuple(Channel)[:2])
        self.mailbox, self.calendar = whole_mailbox(), MemoryCalendar()
        self.mail = MemoryMail(self.mailbox, self.before)
        self.mail_store = MemoryMailStore(lambda _: True)
        self.calendar_store = MemoryCalendarStore(lambda _: True)
        self.history = MemorySliceHistory(lambda _: True)
        self.spending = Spending()
        ledger = Ledger(
            self.accounts,
            self.streams,
            self.history,
            self.spending.taken,
            self.clock,
            lambda: self.chance,
        )
        mail = MemoryMailProviders({self.account.id: self.mail})
        events = MemoryCalendarEvents(self.calendar, self.before)
        calendars = MemoryCalendarProviders({self.account.id: events})
        self.mail_work = MailWork(
            MailSync(mail, self.mail_store, self.clock, lambda: self.chance, BUDGET), ledger
        )
        self.calendar_work = CalendarWork(
            CalendarSync(calendars, self.calendar_store, self.clock, BUDGET), ledger
        )

    async def before(self, request: str) -> None:
        """Note a request, and let the next fault befall it; None lets one pass."""
        self.requests.append(request)
        self.spending.add(self.account.id, 2)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault

    async def connect(self) -> None:
        """Connect the account, with a stream for each channel."""
        await self.accounts.connect(self.account, TOKENS)
        await self.streams.open([self._stream(channel) for channel in self.account.channels])

    def _stream(self, channel: Channel) -> Stream:
        stream_id = StreamId(f"{self.account.id}:{channel}")
        workspace_id = self.account.workspace_id
        return Stream(stream_id, workspace_id, self.account.id, channel, NOW, NOW)

    async def kept(self, channel: Channel = Channel.GMAIL) -> Stream:
        """Return a stream as it is kept."""
        streams = await self.streams.of_account(self.account.id)
        return next(each for each in streams if each.channel is channel)

    async def slice(self, channel: Channel = Channel.GMAIL) -> SliceResult:
        """Do one slice of a stream as a sweeper would, and return what it came to."""
        now = self.clock.now()
        due = await self.kept(channel)
        [stream] = await self.streams.claim(due.lane, a_claim(now), limit=1)
        work = self.mail_work if channel is Channel.GMAIL else self.calendar_work
        result = await work(stream, stream.lease())
        # What waits for its turn is due in a test as soon as it asks.
        due_at = result.due if isinstance(result.due, datetime) else now
        after = settled(stream, result, now, due_at)
        await self.streams.settle([(stream.lease(), after)])
        return result

    async def slices(self, channel: Channel = Channel.GMAIL, most: int = 40) -> list[SliceResult]:
        """Do slices until a listing finds nothing more to do, or one fails."""
        results: list[SliceResult] = []
        for _ in range(most):
            results.append(await self.slice(channel))
            last = results[-1]
            if last.failure is not None or (last.due, last.phase) == (Due.IN_TURN, Phase.LIST):
                return results
        raise AssertionError(results)
