"""The twin of the store of watches that lives in memory: for embedding, trials and tests.

It belongs to one event loop; only what is worked on is waited for, so each change is atomic.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from jobs.push.watch import Watch
from jobs.streams.stream import AccountId, Channel
from jobs.sync.provider import AccountRef

Worked: TypeAlias = Callable[[], Awaitable[Sequence[tuple[AccountRef, Channel]]]]
"""Returns the active streams of all connected accounts."""


class MemoryWatchStore:
    """Keep watches for as long as this process lives."""

    def __init__(self, worked: Worked) -> None:
        """Start empty; `worked` says which streams are worked on."""
        self._worked = worked
        self._kept: dict[tuple[str, Channel], Watch] = {}

    async def claim(
        self, channels: Collection[Channel], now: datetime, until: datetime, *, limit: int
    ) -> Sequence[Watch]:
        """Return watches to arrange or to renew."""
        wanted = {
            (account.id, channel): account
            for account, channel in await self._worked()
            if channel in channels
        }
        new = [
            Watch(AccountId(ref.id), ref.workspace_id, channel, ref.email.lower(), now)
            for (_, channel), ref in sorted(wanted.items())
            if (ref.id, channel) not in self._kept
        ]
        due = [kept for key, kept in self._kept.items() if key in wanted and kept.next_at <= now]
        chosen = [*new, *sorted(due, key=_waiting)][:limit]
        return self._put([replace(each, next_at=until, is_ending=False) for each in chosen])

    async def claim_unwanted(
        self, channels: Collection[Channel], now: datetime, until: datetime, *, limit: int
    ) -> Sequence[Watch]:
        """Return watches to stop."""
        wanted = {(ref.id, channel) for ref, channel in await self._worked() if channel in channels}
        unwanted = [
            kept
            for key, kept in self._kept.items()
            if key not in wanted and (not kept.is_ending or kept.next_at <= now)
        ]
        chosen = sorted(unwanted, key=_waiting)[:limit]
        return self._put([replace(each, next_at=until, is_ending=True) for each in chosen])

    async def put(self, watch: Watch) -> bool:
        """Write a watch whose row is there."""
        is_there = (watch.account_id, watch.channel) in self._kept
        if is_there:
            self._put([watch])
        return is_there

    async def remove(self, account_id: AccountId, channel: Channel) -> None:
        """Remove a watch."""
        self._kept.pop((account_id, channel), None)

    async def of_account(self, account_id: AccountId) -> Sequence[Watch]:
        """Return the watches of an account."""
        mine = [kept for kept in self._kept.values() if kept.account_id == account_id]
        return tuple(sorted(mine, key=lambda watch: watch.channel))

    async def find(self, channel: Channel, remote_id: str) -> Watch | None:
        """Return the watch that a notification names."""
        named = (
            kept
            for kept in self._kept.values()
            if remote_id and (kept.channel, kept.remote_id) == (channel, remote_id)
        )
        return next(named, None)

    async def find_by_address(self, channel: Channel, address: str) -> Sequence[Watch]:
        """Return the watches of a mailbox."""
        named = (channel, address.lower())
        mine = [kept for kept in self._kept.values() if (kept.channel, kept.address) == named]
        return tuple(sorted(mine, key=lambda watch: watch.account_id))

    def _put(self, watches: Sequence[Watch]) -> Sequence[Watch]:
        self._kept.update({(each.account_id, each.channel): each for each in watches})
        return watches


def _waiting(watch: Watch) -> tuple[datetime, str, Channel]:
    return watch.next_at, watch.account_id, watch.channel
