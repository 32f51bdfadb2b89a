"""What an account is kept in, in memory or in a database, of processes that may end any time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from jobs.streams.stream import Lease, StreamId
from jobs.sync.held import CalendarBatch, MailBatch
from jobs.sync.memory_records import MemorySyncRecords
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from jobs.sync.ports import CalendarStore, MailStore
from jobs.sync.provider import AccountRef
from jobs.sync.records import SyncRecords
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import RecordChanged
from sanderling.store import (
    SQLCalendarStore,
    SQLMailStore,
    SQLSyncRecords,
)
from support.lasting_remote import MortalDatabase, announced, usurped
from support.remote import LEASE

Moment = Callable[[], None]


def _live_on() -> None:
    """Let whatever happens come to its end."""


class Keeping(ABC):
    """Stores of one account, and the hold under which they are written.

    `in_commit` is called when all of a commit is written and nothing is kept yet, `after_commit`
    once it is. `is_busy` is asked before each: then others hold what it needs for too long.
    """

    mail: MailStore
    calendars: CalendarStore
    records: SyncRecords

    def __init__(self) -> None:
        """Let the first worker hold it."""
        self.fence = LEASE.fence
        self.in_commit: Moment = _live_on
        self.after_commit: Moment = _live_on
        self.is_busy: Callable[[], bool] = bool

    def lease(self, clock: VirtualClock) -> Lease:
        """Return the hold of whoever works on it now."""
        return Lease(StreamId(LEASE.stream_id), LEASE.worker, self.fence, clock.now())

    @abstractmethod
    async def succeed(self) -> None:
        """Let another worker take over."""

    @abstractmethod
    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""


class MemoryKeeping(Keeping):
    """Keep all of it for as long as the test lives."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.mail = self._mail = _MortalMail(self)
        self.calendars = self._calendars = _MortalCalendars(self)
        self.records = MemorySyncRecords(self._mail, self._calendars)

    async def succeed(self) -> None:
        """Let another worker take over."""
        self.fence += 1

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return [*self._mail.events, *self._calendars.events]


class SQLKeeping(Keeping):
    """Keep all of it in a database that is held already."""

    def __init__(self, database: MortalDatabase) -> None:
        """Use `database`, in which there is nothing of the account yet."""
        super().__init__()
        self._database = database
        self.mail = SQLMailStore(database)
        self.calendars = SQLCalendarStore(database)
        self.records = SQLSyncRecords(database)
        # Looked up when they are called, since the test chooses them later.
        database.before_commit = self._in_commit
        database.after_commit = self._after_commit
        database.is_busy = self._is_busy

    async def succeed(self) -> None:
        """Let another worker take over."""
        self.fence = await usurped(self._database)

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return await announced(self._database)

    def _in_commit(self) -> None:
        self.in_commit()

    def _after_commit(self) -> None:
        self.after_commit()

    def _is_busy(self) -> bool:
        return self.is_busy()


def _begin(keeping: Keeping) -> None:
    """Let something befall a commit: here all is written at once or not, with nothing between."""
    if keeping.is_busy():
        raise StoreUnavailableError(reason="busy")
    keeping.in_commit()


class _MortalMail(MemoryMailStore):
    """Mail in memory, around whose commits the process may end."""

    def __init__(self, keeping: Keeping) -> None:
        super().__init__(lambda lease: lease.fence == keeping.fence)
        self._keeping = keeping

    async def commit(self, account: AccountRef, lease: Lease, batch: MailBatch) -> None:
        _begin(self._keeping)
        await super().commit(account, lease, batch)
        self._keeping.after_commit()


class _MortalCalendars(MemoryCalendarStore):
    """Calendars in memory, around whose commits the process may end."""

    def __init__(self, keeping: Keeping) -> None:
        super().__init__(lambda lease: lease.fence == keeping.fence)
        self._keeping = keeping

    async def commit(self, account: AccountRef, lease: Lease, batch: CalendarBatch) -> None:
        _begin(self._keeping)
        await super().commit(account, lease, batch)
        self._keeping.after_commit()
