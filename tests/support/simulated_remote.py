"""Sync of an account at a simulated provider, over the real adapters, in every weather."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random

import httpx2

from jobs.streams.errors import LeaseLost
from jobs.streams.stream import Lease
from jobs.sync.budget import SliceEnd
from jobs.sync.faults import CursorExpired
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.simulator.core.faults import FaultKind, Point, strikes
from sanderling.simulator.core.in_process import InProcess
from support.keeping import Keeping, MemoryKeeping
from support.remote import Killed
from support.simulated_account import SimulatedAccount
from support.storm import Storm

Seen = tuple[object, ...]
"""What people are to see of one record."""

FAULTS = tuple(
    kind
    for kind in FaultKind
    if kind is not FaultKind.CURSOR_EXPIRED and not strikes(kind, Point.NOTICE)
)
"""What a pass may meet; cursors expire by themselves, in runs in which they may."""
DEATHS = ("request", "transaction", "commit", "usurp", "busy")
"""What ends a pass: the process within a request, within or after a commit; another one that
takes over; or others who hold the database for too long.
"""


class SimulatedRemote(ABC):
    """One account: what its provider holds, what we keep, and who works on it."""

    def __init__(self, brand: str, keeping: Keeping | None = None) -> None:
        """Start empty on both sides; without `keeping`, what is brought in is kept in memory."""
        self.keeping = keeping or MemoryKeeping()
        self.keeping.in_commit = self._in_commit
        self.keeping.after_commit = self._after_commit
        storms: list[Storm] = []

        def stormy(inner: InProcess) -> httpx2.AsyncBaseTransport:
            storms.append(Storm(inner))
            return storms[0]

        self.account = SimulatedAccount(brand, stormy)
        (self.storm,) = storms
        self.storm.usurp = self._usurp
        self.storm.edit = self.change
        self.may_expire = False
        self.keeping.is_busy = self._is_busy
        self.transactions = 0
        self.busy_at = 0
        self.commits = 0
        self.kill_in_commit = 0
        self.kill_at_commit = 0
        self._made = 0
        self._skew_s = 0.0
        self.ends: Counter[type[BaseException]] = Counter()
        self._ever: set[str] = set()
        self._ended: set[str] = set()

    @property
    def is_google(self) -> bool:
        """Claim that the provider is Google."""
        return self.account.brand == "google"

    def _is_busy(self) -> bool:
        """Claim that others hold what a transaction needs, for longer than it waits."""
        self.transactions += 1
        return self.transactions == self.busy_at

    def _in_commit(self) -> None:
        """Let the process end when all is written and nothing is kept yet."""
        self.commits += 1
        if self.commits == self.kill_in_commit:
            raise Killed

    def _after_commit(self) -> None:
        """Let the process end right after a commit."""
        if self.commits == self.kill_at_commit:
            raise Killed

    def strike(
        self, *, seed: int, fault: FaultKind | None, rate: float, edits: float, death: str, at: int
    ) -> None:
        """Let the weather of the next pass begin."""
        self.calm()
        self.storm.random.seed(seed)
        self.storm.edits = edits
        self.storm.kill_at = at if death == "request" else 0
        self.storm.usurp_at = at if death == "usurp" else 0
        self.busy_at = at if death == "busy" else 0
        self.kill_in_commit = at if death == "transaction" else 0
        self.kill_at_commit = at if death == "commit" else 0
        rates = {} if fault is None else {fault: rate}
        if fault is FaultKind.INVALID_GRANT:
            # Consent is looked at when an access token ended.
            rates[FaultKind.UNAUTHORIZED] = rate
        if self.may_expire:
            rates[FaultKind.CURSOR_EXPIRED] = 0.05
        self.account.world.faults.set_rates(rates, seed=seed)

    def calm(self) -> None:
        """Let nothing go wrong from now on."""
        self.storm.calm()
        self.transactions = self.busy_at = 0
        self.commits = self.kill_in_commit = self.kill_at_commit = 0
        self.account.world.faults.clear()

    async def one_pass(self) -> None:
        """Sync in the weather that there is; a process that ends is followed by another."""
        try:
            await self.slices()
        except (Killed, LeaseLost) as end:
            self.ends[type(end)] += 1
            await self.keeping.succeed()
        except StoreUnavailableError as end:
            self.ends[type(end)] += 1
            # The process lives on, and its next slice finds everything as it was.
            assert self.transactions == self.busy_at

    def skew(self, skew_s: float) -> None:
        """Let the provider's clock be so far ahead of ours."""
        self.account.world.clock.advance(skew_s - self._skew_s)
        self._skew_s = skew_s

    async def quiesce(self) -> None:
        """Sync in fine weather, until nothing is left to do."""
        self.calm()
        for _ in range(3):
            self.pass_time()
            end = await self.slices()
            assert end.fault is None

    async def idle(self) -> int:
        """Return how many requests a pass takes in which nothing is found."""
        self.storm.requests = 0
        end = await self.slices()
        assert end.is_done
        return self.storm.requests

    def lease(self) -> Lease:
        """Return the hold of whoever works on it now."""
        return self.keeping.lease(self.account.clock)

    def number(self) -> int:
        """Return a number that was not returned before."""
        self._made += 1
        return self._made

    def change(self, random: Random) -> None:
        """Let somebody change something, and note what ended by it."""
        self.edit(random)
        self.look()

    def look(self) -> None:
        """Note what there is, and what ended since it was looked at last."""
        there = self.remote().keys()
        self._ended |= self._ever - there
        self._ever |= there

    async def false_ends(self) -> Sequence[str]:
        """Return the records that were said to end and never did.

        A provider that says of one message that it is not there may be believed.
        """
        if self.account.world.faults.struck[FaultKind.PART_404]:
            return []
        true = {self.record(each) for each in self._ended}
        return [
            event.record_id
            for event in await self.keeping.announced()
            if event.operation is RecordOperation.DELETED and event.record_id not in true
        ]

    async def _usurp(self) -> None:
        """Let another worker take over in the middle of a request, and do what it can."""
        self.storm.usurp_at = 0
        await self.keeping.succeed()
        await self.slices()

    @abstractmethod
    async def slices(self) -> SliceEnd:
        """Begin a process, and run slices until the work is done or a fault stops it."""

    @abstractmethod
    def edit(self, random: Random) -> None:
        """Let somebody change something at the provider."""

    @abstractmethod
    def record(self, remote_id: str) -> str:
        """Return the id of the record of what has this remote id."""

    @abstractmethod
    def pass_time(self) -> None:
        """Let so much time pass that whatever waits is due."""

    @abstractmethod
    def remote(self) -> Mapping[str, Seen]:
        """Return what people are to see, by remote id."""

    @abstractmethod
    async def local(self) -> Mapping[str, Seen]:
        """Return what they do see."""

    @abstractmethod
    async def told(self) -> Iterable[Seen]:
        """Return what somebody knows who only listens to record events."""

    @abstractmethod
    async def places(self) -> int:
        """Return how many folders or calendars are followed."""

    @abstractmethod
    async def is_waiting(self) -> bool:
        """Claim that something is still to be fetched."""


def is_stopped(end: SliceEnd) -> bool:
    """Claim that a slice ended for a reason that the next one would meet again.

    A cursor that ended is not one: each folder's shows by itself, and a scan is due at once.
    """
    return end.fault is not None and not isinstance(end.fault, CursorExpired)


def heard(events: Sequence[RecordChanged]) -> Mapping[str, Mapping[str, object]]:
    """Return the records that somebody knows who only listened to these events."""
    known: dict[str, Mapping[str, object]] = {}
    for event in events:
        is_known = event.record_id in known
        assert is_known == (event.operation is not RecordOperation.CREATED), event
        if event.operation is RecordOperation.DELETED:
            del known[event.record_id]
        else:
            assert isinstance(event.after, dict)
            known[event.record_id] = event.after
    return known
