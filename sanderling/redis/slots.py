"""Slots over every process, counted on Redis."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from sanderling.fairness.cap import Cap
from sanderling.fairness.memory import MemorySlots
from sanderling.fairness.ports import CapReached, Slot
from sanderling.kernel.clock import Clock
from sanderling.redis.errors import RedisAwayError
from sanderling.redis.scripts import RedisScript, Word
from sanderling.redis.sharing import Sharing

PREFIX: Final = "sanderling:{slots}:"
_HERE: Final = "here:"


class RedisSlots:
    """Count slots by one script each; while Redis is away, by this process's share.

    Every slot that this process holds is also counted here, so that an outage begins with what
    is in use, and slots taken during one can be given back at any time.
    """

    def __init__(self, script: RedisScript, clock: Clock, sharing: Sharing) -> None:
        """Count together with whom `sharing` tells of."""
        self._script = script
        self._sharing = sharing
        self._here = MemorySlots(clock, token=lambda: f"{_HERE}{sharing.token()}")

    async def acquire(
        self, caps: Sequence[Cap], *, holder: str, lease_s: float
    ) -> Slot | CapReached:
        """Take one place under each of `caps`, or under none."""
        slot = Slot(f"{holder}:{self._sharing.token()}", tuple(caps), lease_s)
        if not caps:
            return slot
        try:
            answer = await self._run("acquire", slot, *(cap.limit for cap in caps))
        except RedisAwayError:
            return self._acquire_here(caps, holder, lease_s)
        number, *in_use = cast("list[int]", answer)
        if number:
            return CapReached(caps[number - 1], in_use[0])
        self._here.note(slot)
        return slot

    def _acquire_here(self, caps: Sequence[Cap], holder: str, lease_s: float) -> Slot | CapReached:
        parts = [replace(cap, limit=self._sharing.part(cap.limit)) for cap in caps]
        answer = self._here.acquire_nowait(parts, holder=holder, lease_s=lease_s)
        if isinstance(answer, Slot):
            return replace(answer, caps=tuple(caps))
        return replace(answer, cap=caps[parts.index(answer.cap)])

    async def renew(self, slot: Slot) -> bool:
        """Hold a slot for another lease; False when it is lost under any of its caps."""
        if f":{_HERE}" in slot.token:
            return await self._here.renew(slot)
        try:
            is_held = await self._run("renew", slot) == 1
        except RedisAwayError:
            return await self._here.renew(slot)
        if is_held:
            self._here.note(slot)
        return is_held

    async def release(self, slot: Slot) -> None:
        """Give a slot back; while Redis is away, its lease ends it there."""
        await self._here.release(slot)
        if f":{_HERE}" in slot.token:
            return
        try:
            await self._run("release", slot)
        except RedisAwayError:
            return

    async def _run(self, what: str, slot: Slot, *words: Word) -> object:
        if not slot.caps:
            return 1
        lease_us = round(slot.lease_s * 1e6)
        keys = [PREFIX + cap.key for cap in slot.caps]
        return await self._script.run(
            keys, (what, self._sharing.now(), slot.token, lease_us, *words)
        )

    async def close(self) -> None:
        """Close every connection; slots that are held end with their leases."""
        await self._script.close()
