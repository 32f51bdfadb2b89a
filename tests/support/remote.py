"""A remote mailbox that changes under our hands, fails, and sees our workers die."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Protocol

from jobs.streams.errors import LeaseLost
from jobs.streams.stream import Lease, StreamId
from jobs.sync.budget import Budget, SliceEnd
from jobs.sync.faults import CursorExpired, RateLimited, Temporary
from jobs.sync.held import MailBatch
from jobs.sync.items import Folder, FolderRole
from jobs.sync.mail import MailSync
from jobs.sync.memory_mail import (
    WHOLE_MAILBOX,
    MemoryFolderMail,
    MemoryMail,
    MemoryMailbox,
    MemoryMailProviders,
)
from jobs.sync.memory_store import MemoryMailStore
from jobs.sync.ports import MailStore
from jobs.sync.provider import AccountRef
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.ids import WorkspaceId
from support.records import START

ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), "me@example.com")
LEASE = Lease(StreamId("str_1"), "worker-1", 1, START + timedelta(minutes=1))
OLD = replace(LEASE, fence=0)
DEATHS = ("", "request", "transaction", "commit", "usurp")
FAULTS = ("", "temporary", "rate", "deferred")
POLICY = MailPolicy(excludes_groups=False, excludes_non_professional=False)
SHELVES = ("inbox", "work", "later")
LABELS = ("inbox", "work", "later", "TRASH", "SPAM")


class Killed(BaseException):
    """The process ends here."""


def whole_mailbox() -> MemoryMailbox:
    """Return an empty mailbox with labels and one stream."""
    labels = tuple(
        Folder(each, each, _ROLES.get(each, FolderRole.OTHER), is_synced=False) for each in LABELS
    )
    return MemoryMailbox((Folder(WHOLE_MAILBOX, "Mail", FolderRole.OTHER, is_synced=True), *labels))


def foldered_mailbox() -> MemoryMailbox:
    """Return an empty mailbox with a stream for each folder but the bin."""
    bin_ = Folder("bin", "Bin", FolderRole.TRASH, is_synced=False)
    shelves = (Folder(each, each, FolderRole.OTHER, is_synced=True) for each in SHELVES)
    return MemoryMailbox((*shelves, bin_))


_ROLES = {"inbox": FolderRole.INBOX, "TRASH": FolderRole.TRASH, "SPAM": FolderRole.SPAM}


class _Struck(Protocol):
    """What weather strikes."""

    async def usurp(self) -> None: ...
    def edit(self, random: Random) -> None: ...
    def defer(self, random: Random, rate: float) -> None: ...


class Weather:
    """What befalls requests and commits: faults, edits by others, and the end of the process."""

    def __init__(self, world: _Struck) -> None:
        """Be fine."""
        self._world = world
        self.random = Random(0)  # noqa: S311 - tests are to be repeatable.
        self.fault = ""
        self.rate = 0.0
        self.edits = 0.0
        self.kill_at_request = 0
        self.kill_at_commit = 0
        self.kill_in_transaction = 0
        self.usurp_at_request = 0
        self.requests = 0
        self.commits = 0
        self.transactions = 0

    def clear(self) -> None:
        """Be fine again."""
        self.__init__(self._world)  # type: ignore[misc] # the beginning is what fine means.

    def doom(self, death: str, moment: int) -> None:
        """Choose how the process ends, if it does, and when."""
        self.kill_at_request = moment if death == "request" else 0
        self.kill_at_commit = moment if death == "commit" else 0
        self.kill_in_transaction = moment if death == "transaction" else 0
        self.usurp_at_request = moment if death == "usurp" else 0

    async def before(self, request: str) -> None:
        """Let something befall a request."""
        self.requests += 1
        if self.requests == self.kill_at_request:
            raise Killed
        if self.requests == self.usurp_at_request:
            await self._world.usurp()
        if self.random.random() < self.edits:
            self._world.edit(self.random)
        if self.fault in {"temporary", "rate"} and self.random.random() < self.rate:
            raise Temporary("down") if self.fault == "temporary" else RateLimited()
        if request == "fetch" and self.fault == "deferred":
            self._world.defer(self.random, self.rate)

    def in_transaction(self) -> None:
        """Let the process end when all is written and nothing is kept yet."""
        self.transactions += 1
        if self.transactions == self.kill_in_transaction:
            raise Killed

    def after_commit(self) -> None:
        """Let the process end right after a commit."""
        self.commits += 1
        if self.commits == self.kill_at_commit:
            raise Killed


class _Deadly:
    """A store after whose commits the process may end."""

    def __init__(self, store: MailStore, weather: Weather) -> None:
        self._store = store
        self._weather = weather
        self.places = store.places
        self.held = store.held
        self.unseen = store.unseen
        self.count_there = store.count_there
        self.wanted = store.wanted
        self.next_wanted_at = store.next_wanted_at

    async def commit(self, account: AccountRef, lease: Lease, batch: MailBatch) -> None:
        if isinstance(self._store, MemoryMailStore):
            # Here there is nothing in between; a database says so itself when all is written.
            self._weather.in_transaction()
        await self._store.commit(account, lease, batch)
        self._weather.after_commit()


class World:
    """One account: what its provider holds, what we keep, and who works on it."""

    def __init__(self, *, is_whole: bool) -> None:
        """Start empty on both sides."""
        self.is_whole = is_whole
        self.mailbox = whole_mailbox() if is_whole else foldered_mailbox()
        self.weather = Weather(self)
        mail = MemoryMail if is_whole else MemoryFolderMail
        self.mail = mail(self.mailbox, self.weather.before)
        self.fence = 1
        self.clock = VirtualClock()
        self.memory = MemoryMailStore(lambda lease: lease.fence == self.fence)
        self.store: MailStore = self.memory
        self.places = LABELS if is_whole else (*SHELVES, "bin")
        self.may_expire = False

    def sync(self, *, is_calm: bool = False) -> MailSync:
        """Return a process that syncs; a calm one sees no weather."""
        store = self.store if is_calm else _Deadly(self.store, self.weather)
        mail = type(self.mail)(self.mailbox) if is_calm else self.mail
        providers = MemoryMailProviders({ACCOUNT.id: mail})
        budget = Budget(requests=12, fetch_size=4)
        return MailSync(providers, store, self.clock, lambda: 0.5, budget)

    def lease(self) -> Lease:
        """Return the hold of whoever works on it now."""
        return Lease(StreamId("str_1"), "worker", self.fence, self.clock.now())

    async def slices(self, sync: MailSync, most: int = 60) -> SliceEnd:
        """List changes and fetch, slice by slice, until both are done or a fault stops them."""
        end = SliceEnd(is_done=False, requests=0, items=0, commits=0)
        for work in (sync.list_changes, sync.fetch_wanted):
            for _ in range(most):
                end = await work(ACCOUNT, self.lease(), POLICY)
                if end.is_done or end.fault is not None:
                    break
            if end.fault is not None:
                return end
        return end

    async def one_pass(self) -> None:
        """Sync under the weather that there is; a process that ends is followed by another."""
        try:
            await self.slices(self.sync())
        except (Killed, LeaseLost):
            await self.succeed()

    async def succeed(self) -> None:
        """Let another worker take over."""
        self.fence += 1

    async def usurp(self) -> None:
        """Let another worker take over, and do the whole work."""
        await self.succeed()
        await self.slices(self.sync(is_calm=True))

    async def quiesce(self) -> None:
        """Sync in fine weather, until nothing is left to do."""
        self.weather.clear()
        self.mail.deferred.clear()
        # Each folder's cursor may have expired, which ends a pass; one pass may end a round of
        # before, and one is to see that all is done.
        for _ in range(len(self.places) + 3):
            self.clock.advance(2 * 24 * 3600)
            end = await self.slices(self.sync())
            assert end.fault is None or isinstance(end.fault, CursorExpired)

    def edit(self, random: Random) -> None:
        """Let somebody change the remote mailbox."""
        box = self.mailbox
        deed = random.choice(["add", "move", "move", "delete", "mark", "add"])
        if deed == "add" or not box.messages:
            place = random.choice(self.places)
            box.add(folders=frozenset({place}), text=f"text {random.random()}")
            return
        chosen = random.choice(sorted(box.messages))
        if deed == "delete":
            box.delete(chosen)
        elif deed == "mark":
            box.mark(chosen, is_read=random.random() < 0.5)
        else:
            count = random.choice([1, 1, 2]) if self.is_whole else 1
            box.move(chosen, to=frozenset(random.sample(self.places, count)))
        if self.may_expire and random.random() < 0.1:
            box.expire()

    def defer(self, random: Random, rate: float) -> None:
        """Let some messages be refused the next time they are fetched."""
        for each in self.mailbox.messages:
            if random.random() < rate:
                self.mail.deferred[each] = Temporary("busy")

    def remote(self) -> dict[str, tuple[object, ...]]:
        """Return what people are to see."""
        hidden = {"TRASH", "SPAM", "bin"}
        return {
            each.remote_id: (each.folders, each.is_read, each.text)
            for each in self.mailbox.messages.values()
            if not each.folders & hidden
        }

    async def local(self) -> dict[str, tuple[object, ...]]:
        """Return what people do see."""
        return {
            remote_id: (each.held.folders, each.held.is_read, each.message.text)
            for remote_id, each in self.memory.live(ACCOUNT.id).items()
        }

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return self.memory.events

    async def told(self) -> dict[str, tuple[object, ...]]:
        """Return what somebody knows who only listens to record events."""
        known: dict[str, tuple[object, ...]] = {}
        for event in await self.announced():
            if event.operation is RecordOperation.DELETED:
                assert known.pop(event.record_id, None) is not None
                continue
            is_known = event.record_id in known
            assert is_known == (event.operation is RecordOperation.UPDATED)
            after = event.after
            assert isinstance(after, dict)
            folders = after["folders"]
            assert isinstance(folders, list)
            known[event.record_id] = (frozenset(map(str, folders)), after["isRead"])
        return known
