"""Turns over every process, kept on Redis."""

from typing import Final, cast

from sanderling.fairness.cap import Shares
from sanderling.fairness.memory import MemoryTurns
from sanderling.fairness.ports import Turn
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import WorkspaceId
from sanderling.redis.errors import RedisAwayError
from sanderling.redis.scripts import RedisScript, Word
from sanderling.redis.sharing import Sharing

_NAMES: Final = ("ready", "book", "debts", "held", "turns", "state")
KEYS: Final = tuple(f"sanderling:{{turns}}:{name}" for name in _NAMES)
_HERE: Final = "here:"


class RedisTurns:
    """Hand out turns by one script each; while Redis is away, by this process's share.

    A turn of the one kind is never given back to the other: its token says where it was taken.
    """

    def __init__(
        self,
        script: RedisScript,
        shares: Shares,
        clock: Clock,
        sharing: Sharing,
        *,
        lease_s: float = 30.0,
    ) -> None:
        """Keep to `shares`, together with whom `sharing` tells of."""
        self._script = script
        self._shares = shares
        self._sharing = sharing
        self._lease_us = round(lease_s * 1e6)
        self._here = MemoryTurns(
            shares, clock, token=lambda: f"{_HERE}{sharing.token()}", lease_s=lease_s
        )

    def follow(self, shares: Shares) -> None:
        """Keep to other caps from now on; turns above a lower one end as they end."""
        self._shares = shares

    async def ready(self, workspace_id: WorkspaceId) -> None:
        """Note that the workspace has work."""
        try:
            await self._run("ready", workspace_id)
        except RedisAwayError:
            await self._here.ready(workspace_id)

    async def take(self, holder: str) -> Turn | None:
        """Return the next turn, or None."""
        shares, token = self._shares, f"{holder}:{self._sharing.token()}"
        words = (shares.in_all, shares.per_workspace, shares.soft)
        try:
            answer = await self._run("take", token, self._lease_us, *words)
        except RedisAwayError:
            self._here.follow(self._part(shares))
            return await self._here.take(holder)
        if answer is None:
            return None
        workspace_id, fence = cast("tuple[bytes, bytes]", answer)
        return Turn(WorkspaceId(workspace_id.decode()), token, int(fence))

    async def renew(self, turn: Turn) -> bool:
        """Hold a turn for another lease; False when it is lost."""
        if _is_of_here(turn):
            return await self._here.renew(turn)
        try:
            return await self._run("renew", turn.token, self._lease_us) == 1
        except RedisAwayError:
            # Nobody else can be given it before Redis is back, and then it is asked again.
            return True

    async def give_back(self, turn: Turn, *, has_more: bool) -> None:
        """End a turn; while Redis is away, its lease ends it."""
        if _is_of_here(turn):
            await self._here.give_back(turn, has_more=has_more)
            return
        try:
            await self._run("give_back", turn.token, int(has_more))
        except RedisAwayError:
            return

    async def _run(self, what: str, *words: Word) -> object:
        return await self._script.run(KEYS, (what, self._sharing.now(), *words))

    def _part(self, shares: Shares) -> Shares:
        part = self._sharing.part
        return Shares(part(shares.in_all), part(shares.per_workspace), part(shares.soft))

    async def close(self) -> None:
        """Close every connection; turns that are held end with their leases."""
        await self._script.close()


def _is_of_here(turn: Turn) -> bool:
    return f":{_HERE}" in turn.token
