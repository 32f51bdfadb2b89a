"""The twin of the store of watches that lives in memory: for embedding, trials and tests.

It belongs to one event loop; only what is worked on is waited for, so each change is atomic.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
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
        self, wanted: Mapping[Channel, str], now: datetime, until: datetime, *, limit: int
    ) -> Sequence[Watch]:
        """Return watches to arrange or to renew."""
        worked = {
            (account.id, channel): account
            for account, channel in await self._worked()
            if channel in wanted
        }
        new = [
            Watch(AccountId(ref.id), ref.workspace_id, channel, ref.email.lower(), now)
            for (_, channel), ref in sorted(worked.items())
            if (ref.id, channel) not in self._kept
        ]

        def is_due(kept: Watch) -> bool:
            is_elsewhere = kept.destination != wanted[kept.channel] and kept.expires_at is not None
            may_move = is_elsewhere and not kept.failures and kept.next_at > until
            return kept.next_at <= now or may_move

        due = [kept for key, kept in self._kept.items() if key in worked and is_due(kept)]
        chosen = [*new, *sorted(due, key=_waiting)][:limit]
        return self._put([replace(each, next_at=until, is_ending=False) for each in chosen])

    async def claim_unwanted(
        self,
        channels: Collection[Channel],
        now: datetime,
        until: datetime,
        *,
        limit: int,
        besides: Collection[Channel] = (),
    ) -> Sequence[Watch]:
        """Return watches to stop."""
        wanted = {(ref.id, channel) for ref, channel in await self._worked() if channel in channels}
        unwanted = [
            kept
            for key, kept in self._kept.items()
            if key not in wanted
            and kept.channel not in besides
            and (not kept.is_ending or kept.next_at <= now)
        ]
        chosen = sorted(unwanted, key=_waiting)[:limit]
        return self._put([replace(each, next_at=until, is_ending=True) for each in chosen])

    async def put(self, watch: Watch) -> bool:
        """Write a watch whose row is there."""
        is_there = (watch.account_id, watch.channel) in self._kept
        if is_there:
            self._put([watch])
        return is_there

    async def bring_forward(
        self, channel: Channel, remote_id: str, now: datetime, later: datetime, *, is_gone: bool
    ) -> bool:
        """Let a watch be due now that nobody may have claimed."""
        watch = await self.find(channel, remote_id)
        if watch is None or watch.next_at <= later:
            return False
        expires_at = None if is_gone else watch.expires_at
        self._put([replace(watch, next_at=now, expires_at=expires_at)])
        return True

    async def bring_all_forward(self, account_id: AccountId, now: datetime, later: datetime) -> int:
        """Let an account's watches be due now that nobody may have claimed."""
        mine = [watch for watch in await self.of_account(account_id) if watch.next_at > later]
        return len(self._put([replace(watch, next_at=now) for watch in mine]))

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

    async def find_many(
        self, channels: Collection[Channel], remote_ids: Collection[str]
    ) -> Sequence[Watch]:
        """Return the watches that notifications name."""
        return tuple(
            kept
            for _, kept in sorted(self._kept.items())
            if kept.remote_id and kept.channel in channels and kept.remote_id in remote_ids
        )

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
