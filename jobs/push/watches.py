"""What people see of push, and what becomes of watches when people do something with accounts."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from jobs.push.ending import Ending
from jobs.push.plan import PushPlan
from jobs.push.ports import WatchStore
from jobs.push.renewal import CLAIM
from jobs.push.watch import Watch
from jobs.streams.stream import AccountId, Channel, Stream, StreamStatus
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError

log = structlog.get_logger()

END_S = 3.0
"""How long whoever disconnects an account waits for its provider, for each watch."""


class PushWord(StrEnum):
    """Whether a provider tells of changes in a channel."""

    OFF = "off"
    """It is not asked to; `detail` says why, where it is not the switch."""
    WAITING = "waiting"
    """It is going to be asked."""
    WATCHED = "watched"
    """It tells of changes until a moment, before which it is asked to go on."""
    FAILED = "failed"
    """It did not agree; `detail` says why, and it is asked again."""


@dataclass(frozen=True, slots=True)
class PushState:
    """How push of one channel stands."""

    word: PushWord
    until: datetime | None = None
    detail: str = ""


class Watches:
    """Answer for watches to people; one event loop owns it."""

    def __init__(
        self,
        store: WatchStore,
        ending: Ending,
        plan: Callable[[], PushPlan],
        ask: Callable[[], Awaitable[object]],
        clock: Clock,
    ) -> None:
        """Have what is due done by calling `ask`, which wants a run of the renewal soon."""
        self._store = store
        self._ending = ending
        self._plan = plan
        self._ask = ask
        self._clock = clock

    async def look_soon(self) -> None:
        """Have watches follow what was done with an account; they do so later where it fails."""
        if not self._plan().is_on:
            return
        try:
            await self._ask()
        except StoreUnavailableError:
            log.warning("push.not-asked")

    async def look_anew(self, account_id: AccountId) -> None:
        """Have an account's watches arranged anew that it may have had before its consent ended.

        Providers drop watches with the consent, and do not say so.
        """
        if not self._plan().is_on:
            return
        now = self._clock.now()
        try:
            await self._store.bring_all_forward(account_id, now, now + CLAIM)
        except StoreUnavailableError:
            log.warning("push.not-asked")
        await self.look_soon()

    async def end(self, account_id: AccountId) -> None:
        """End the watches of an account that goes; a provider that is away hinders nothing.

        Raises:
            StoreUnavailableError: the database is away.

        """
        for watch in await self._store.of_account(account_id):
            fault = await self._ending.end(watch, within_s=END_S)
            if fault is not None:
                log.info(
                    "watch.not-ended",
                    account=watch.account_id,
                    channel=watch.channel.value,
                    code=fault.code,
                )
                await self._store.remove(watch.account_id, watch.channel)

    async def states(self, streams: tuple[Stream, ...]) -> Mapping[Channel, PushState]:
        """Return how push of each of an account's streams stands."""
        if not streams:
            return {}
        kept = {each.channel: each for each in await self._store.of_account(streams[0].account_id)}
        return {each.channel: self._state(each, kept.get(each.channel)) for each in streams}

    def _state(self, stream: Stream, watch: Watch | None) -> PushState:
        plan = self._plan()
        if not plan.is_on or stream.status is not StreamStatus.ACTIVE:
            return PushState(PushWord.OFF)
        hindrance = plan.hindrance(stream.channel)
        if hindrance:
            return PushState(PushWord.OFF, detail=hindrance)
        is_elsewhere = watch is not None and watch.destination != plan.destination(stream.channel)
        if watch is None or (is_elsewhere and not watch.failures):
            return PushState(PushWord.WAITING)
        if watch.is_held(self._clock.now()):
            return PushState(PushWord.WATCHED, watch.expires_at, watch.detail)
        word = PushWord.FAILED if watch.failures else PushWord.WAITING
        return PushState(word, detail=watch.detail)
