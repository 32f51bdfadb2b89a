"""The twin of the store of streams that lives in memory: for embedding, trials and tests.

It belongs to one event loop; no method waits, so each one is atomic.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from jobs.streams.steps import (
    asked,
    claimed,
    hinted,
    is_open_to_hints,
    is_stuck,
    lost,
    merged,
    recalled,
    recovered,
    switched,
    unstuck,
)
from jobs.streams.stream import (
    AccountId,
    Channel,
    Lane,
    LaneOutlook,
    Lease,
    Stream,
    StreamClaim,
    StreamId,
    StreamStatus,
)
from jobs.streams.trust import Trust, trust_of


class MemoryStreamStore:
    """Keep streams for as long as this process lives."""

    def __init__(self) -> None:
        """Start empty."""
        self._streams: dict[StreamId, Stream] = {}

    async def open(self, new: Sequence[Stream]) -> None:
        """Keep streams that are new."""
        kept = {(each.account_id, each.channel) for each in self._streams.values()}
        for stream in new:
            if (stream.account_id, stream.channel) not in kept:
                self._streams.setdefault(stream.id, stream)

    def begin(self, new: Sequence[Stream]) -> None:
        """Keep streams that are new, and let those go on that are there already."""
        for stream in new:
            kept = self._streams.get(stream.id, stream)
            self._streams[stream.id] = switched(kept, StreamStatus.ACTIVE, stream.next_due_at)

    async def of_account(self, account_id: AccountId) -> Sequence[Stream]:
        """Return the streams of an account, by channel."""
        mine = (each for each in self._streams.values() if each.account_id == account_id)
        return tuple(sorted(mine, key=lambda stream: stream.channel))

    async def close(self, account_id: AccountId) -> None:
        """Remove the streams of an account."""
        self._streams = {
            key: each for key, each in self._streams.items() if each.account_id != account_id
        }

    async def claim(
        self, lane: Lane, claim: StreamClaim, *, limit: int, trust: Trust = Trust.FULL
    ) -> Sequence[Stream]:
        """Return due streams of a lane, held from now on."""
        busy = {each.account_id for each in self._streams.values() if each.lease_until}
        turns = Counter[str]()
        chosen: list[tuple[int, Stream]] = []
        for stream in sorted(self._streams.values(), key=lambda each: (each.next_due_at, each.id)):
            is_other = stream.lane != lane or trust_of(stream) is not trust
            if is_other or stream.account_id in busy or not _is_due(stream, claim.now):
                continue
            busy.add(stream.account_id)
            turns[stream.workspace_id] += 1
            chosen.append((turns[stream.workspace_id], stream))
        chosen.sort(key=lambda turn: (turn[0], turn[1].next_due_at, turn[1].id))
        held = [claimed(stream, claim) for _, stream in chosen[:limit]]
        self._streams.update({stream.id: stream for stream in held})
        return sorted(held, key=lambda stream: (stream.next_due_at, stream.id))

    async def renew(self, leases: Sequence[Lease], *, until: datetime) -> frozenset[StreamId]:
        """Lengthen leases, and return which are still held."""
        held = [lease.stream_id for lease in leases if self._is_held(lease)]
        for stream_id in held:
            self._streams[stream_id] = replace(self._streams[stream_id], lease_until=until)
        return frozenset(held)

    async def settle(self, ended: Sequence[tuple[Lease, Stream]]) -> frozenset[StreamId]:
        """Write what became of held streams, and return which were."""
        held = [(lease.stream_id, after) for lease, after in ended if self._is_held(lease)]
        for stream_id, after in held:
            self._streams[stream_id] = merged(self._streams[stream_id], after)
        return frozenset(stream_id for stream_id, _ in held)

    def _is_held(self, lease: Lease) -> bool:
        kept = self._streams.get(lease.stream_id)
        return kept is not None and kept.lease_until is not None and kept.fence == lease.fence

    async def heal(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Free streams whose lease ran out, and return them."""
        over = [
            each for each in self._streams.values() if each.lease_until and each.lease_until <= now
        ]
        over.sort(key=lambda stream: (stream.lease_until, stream.id))
        healed = [lost(stream, now) for stream in over[:limit]]
        for after in healed:
            self._streams[after.id] = merged(self._streams[after.id], after)
        return [self._streams[after.id] for after in healed]

    async def recover(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Try parked streams once more whose moment has come."""
        ripe = [
            (each.recover_at, each.id, each)
            for each in self._streams.values()
            if each.recover_at is not None and each.recover_at <= now
        ]
        return self._put([recovered(each, now) for _, _, each in sorted(ripe)[:limit]])

    async def unstick(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Let streams that are stuck be due."""
        stuck = [each for each in self._streams.values() if is_stuck(each, now)]
        stuck.sort(key=lambda stream: stream.id)
        return self._put([unstuck(each, now) for each in stuck[:limit]])

    def _put(self, after: Sequence[Stream]) -> Sequence[Stream]:
        self._streams.update({each.id: each for each in after})
        return after

    async def switch(
        self, stream_id: StreamId, status: StreamStatus, now: datetime, detail: str = ""
    ) -> bool:
        """Pause, park or let go on."""
        return self._change(stream_id, lambda stream: switched(stream, status, now, detail))

    async def ask(self, stream_id: StreamId, now: datetime) -> bool:
        """Want a slice out of turn."""
        return self._change(stream_id, lambda stream: asked(stream, now))

    def recall(self, account_id: AccountId, now: datetime) -> None:
        """Take the streams of an account from whoever holds them."""
        for stream in list(self._streams.values()):
            if stream.account_id == account_id:
                self._streams[stream.id] = recalled(stream, now)

    def _change(self, stream_id: StreamId, step: Callable[[Stream], Stream]) -> bool:
        kept = self._streams.get(stream_id)
        if kept is None:
            return False
        self._streams[stream_id] = step(kept)
        return True

    async def hasten(self, lane: Lane, turn: Callable[[StreamId], datetime], now: datetime) -> int:
        """Let streams that wait for their turn be due by `turn`."""
        late = [
            each
            for each in self._streams.values()
            if each.lane == lane and each.is_in_turn and each.next_due_at > now
        ]
        sooner = {each.id: turn(each.id) for each in late if turn(each.id) < each.next_due_at}
        for stream_id, due_at in sooner.items():
            self._streams[stream_id] = replace(self._streams[stream_id], next_due_at=due_at)
        return len(sooner)

    async def hint(self, account_id: AccountId, channel: Channel, now: datetime) -> int:
        """Let a stream be due of which its provider says that something changed."""
        told = [
            each
            for each in self._streams.values()
            if (each.account_id, each.channel) == (account_id, channel)
            and is_open_to_hints(each, now)
        ]
        return len(self._put([hinted(each, now) for each in told]))

    async def outlook(self, lane: Lane, now: datetime) -> LaneOutlook:
        """Return what is ahead in a lane."""
        active = [each for each in self._streams.values() if each.lane == lane and _is_active(each)]
        free = [each for each in active if each.lease_until is None]
        due = sum(_is_due(each, now) for each in free)
        first = min((each.next_due_at for each in free), default=None)
        return LaneOutlook(len(active), due, first)

    async def suspects(self, now: datetime) -> frozenset[tuple[Lane, Trust]]:
        """Return the lanes that have due streams which are not fully trusted."""
        busy = {each.account_id for each in self._streams.values() if each.lease_until}
        due = (each for each in self._streams.values() if _is_due(each, now))
        found = {(each.lane, trust_of(each)) for each in due if each.account_id not in busy}
        return frozenset(each for each in found if each[1] is not Trust.FULL)

    async def backlog(self, now: datetime) -> Mapping[Lane, int]:
        """Return how many streams of each lane are due and held by nobody."""
        return Counter(each.lane for each in self._streams.values() if _is_due(each, now))


def _is_active(stream: Stream) -> bool:
    return stream.status is StreamStatus.ACTIVE


def _is_due(stream: Stream, now: datetime) -> bool:
    is_free = stream.lease_until is None and _is_active(stream)
    return is_free and stream.next_due_at <= now
