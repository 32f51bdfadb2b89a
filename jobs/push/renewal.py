"""Keeps providers telling of changes: arranges watches, renews them in time, and ends them.

It works from rows that are due, each claimed for a while before its provider is asked, so that any
number of processes may do it and whoever dies in between is followed by the next one. Nobody is
told that a watch failed but who looks: the stream is polled all the same.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from jobs.push.ending import ANSWER_S, Ending, account_of
from jobs.push.hints import Hint
from jobs.push.plan import PushPlan
from jobs.push.ports import Watched, Watchers, WatchOrder, WatchStore
from jobs.push.watch import Watch, digest_of_secret
from jobs.streams.stream import Channel
from jobs.sync.faults import ItemGone, ProviderFault, RateLimited, Temporary
from sanderling.kernel.clock import Clock

log = structlog.get_logger()

CLAIM: Final = timedelta(minutes=3)
"""How long a claim lasts: longer than a provider and two transactions are waited for."""

LASTS: Final = timedelta(days=7)
"""How long a watch is asked for; providers that give less say so."""

TOGETHER: Final = 16
"""How many providers are asked at the same time."""

AT_ONCE: Final = 2_000
"""How many watches one run renews, and how many it ends, at most."""

AWAY_AFTER: Final = 5
"""After so many failures in a row a run takes a channel's provider for away, and leaves it."""

SHORTEST_REST: Final = timedelta(minutes=5)
LONGEST_REST: Final = timedelta(hours=6)
_MOST_DOUBLINGS = 10
_SECRET_BYTES = 32


def renew_at(now: datetime, expires_at: datetime, chance: float) -> datetime:
    """Return when to renew what ends then: about half-way, each at another moment.

    Half of the time is left for a provider that is away, and for us.
    """
    return now + max(SHORTEST_REST, (expires_at - now) * (0.45 + 0.1 * chance))


def try_at(fault: ProviderFault, failures: int, now: datetime, chance: float) -> datetime:
    """Return when to try again after so many failures before this one: twice as late each time."""
    doubled = SHORTEST_REST * 2.0 ** min(failures, _MOST_DOUBLINGS)
    asked_s = fault.retry_after_s if isinstance(fault, RateLimited) else None
    rest = min(LONGEST_REST, doubled) * (0.75 + 0.25 * chance)
    return now + max(rest, timedelta(seconds=asked_s or 0.0))


@dataclass(frozen=True, slots=True)
class Means:
    """The time, numbers in [0, 1), bytes that nobody can guess, and where hints go."""

    clock: Clock
    chance: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    hint: Callable[[Hint], None]


@dataclass(slots=True)
class _Tally:
    arranged: int = 0
    ended: int = 0
    failed: int = 0
    in_a_row: dict[Channel, int] = field(default_factory=dict[Channel, int])

    def failure(self, channel: Channel) -> None:
        self.failed += 1
        self.in_a_row[channel] = self.in_a_row.get(channel, 0) + 1

    def away(self) -> frozenset[Channel]:
        return frozenset(each for each, times in self.in_a_row.items() if times >= AWAY_AFTER)


class WatchRenewal:
    """Do what is due about watches."""

    def __init__(
        self,
        store: WatchStore,
        watchers: Watchers,
        means: Means,
        plan: Callable[[], PushPlan],
    ) -> None:
        """Ask providers with `watchers` for what the settings want by `plan`."""
        self._store = store
        self._watchers = watchers
        self._means = means
        self._plan = plan
        self._ending = Ending(store, watchers, means.clock)

    async def renew(self) -> str:
        """End what nobody wants, arrange and renew what is due, and tell how many it was.

        Both go on by turns, by the settings of each moment: what is turned off meanwhile is ended
        as well. A provider that is away holds up no other, and what failed is tried again later.
        """
        tally = _Tally()
        for _ in range(AT_ONCE // TOGETHER):
            ended = await self._end_unwanted(tally)
            arranged = await self._arrange_due(tally)
            if not ended and not arranged:
                break
        return (
            f"Watches arranged or renewed: {tally.arranged}; ended: {tally.ended}; "
            f"to be tried again: {tally.failed}."
        )

    async def _end_unwanted(self, tally: _Tally) -> bool:
        now = self._means.clock.now()
        unwanted = await self._store.claim_unwanted(
            self._plan().channels, now, now + CLAIM, limit=TOGETHER, besides=tally.away()
        )
        return await _together(unwanted, lambda watch: self._end(watch, tally))

    async def _arrange_due(self, tally: _Tally) -> bool:
        now, away = self._means.clock.now(), tally.away()
        destinations = self._plan().destinations.items()
        wanted = {channel: place for channel, place in destinations if channel not in away}
        due = await self._store.claim(wanted, now, now + CLAIM, limit=TOGETHER)
        return await _together(due, lambda watch: self._arrange(watch, tally))

    async def _end(self, watch: Watch, tally: _Tally) -> None:
        fault = await self._ending.end(watch)
        if fault is None:
            tally.ended += 1
            tally.in_a_row[watch.channel] = 0
        else:
            tally.failure(watch.channel)
            log.warning("watch.ends-later", **_whose(watch), code=fault.code)
            await self._store.put(self._failed(watch, fault))

    async def _arrange(self, watch: Watch, tally: _Tally) -> None:
        plan = self._plan()
        if watch.channel not in plan.channels:
            # It was turned off a moment ago, and is ended with the rest.
            return
        order = WatchOrder(
            remote_id=self._secret(),
            secret=self._secret(),
            address_url=plan.address(watch.channel),
            topic=plan.topic if watch.channel is Channel.GMAIL else "",
            until=self._means.clock.now() + LASTS,
        )
        try:
            watched = await self._asked(watch, order)
        except ProviderFault as fault:
            tally.failure(watch.channel)
            log.warning("watch.not-arranged", **_whose(watch), code=fault.code)
            await self._store.put(self._failed(watch, fault))
            return
        tally.arranged += 1
        tally.in_a_row[watch.channel] = 0
        await self._keep(watch, self._arranged(watch, watched, order))

    async def _asked(self, watch: Watch, order: WatchOrder) -> Watched:
        watcher, account = self._watchers[watch.channel], account_of(watch)
        try:
            async with asyncio.timeout(ANSWER_S):
                if watch.is_held(self._means.clock.now()):
                    try:
                        return await watcher.renew(account, watch, order)
                    except ItemGone:
                        # The provider dropped it: what it told nobody of is looked for below.
                        pass
                return await watcher.watch(account, order)
        except TimeoutError:
            raise Temporary("it did not answer in time") from None

    async def _keep(self, before: Watch, after: Watch) -> None:
        """Write what was arranged, and end at the provider what it takes the place of."""
        if not await self._store.put(after):
            # The account was disconnected meanwhile, and its other watches were ended.
            await self._end_quietly(after)
            return
        is_other = before.remote_id != after.remote_id
        was_held = before.is_held(self._means.clock.now())
        if is_other or not was_held:
            # What changed before this one was kept was told to nobody.
            self._means.hint(Hint(after.account_id, after.channel))
        if is_other and was_held:
            await self._end_quietly(before)

    async def _end_quietly(self, watch: Watch) -> None:
        try:
            await self._ending.stop(watch)
        except ProviderFault as fault:
            # It ends by itself, and until then nobody listens to what it tells.
            log.info("watch.not-ended", **_whose(watch), code=fault.code)

    def _arranged(self, watch: Watch, watched: Watched, order: WatchOrder) -> Watch:
        is_same = bool(watched.remote_id) and watched.remote_id == watch.remote_id
        digest = digest_of_secret(order.secret) if watched.remote_id else b""
        now, chance = self._means.clock.now(), self._means.chance()
        return replace(
            watch,
            remote_id=watched.remote_id,
            resource_id=watched.resource_id,
            secret_digest=watch.secret_digest if is_same else digest,
            destination=order.topic or order.address_url,
            expires_at=watched.expires_at,
            next_at=renew_at(now, watched.expires_at, chance),
            failures=0,
            detail="",
            is_ending=False,
        )

    def _failed(self, watch: Watch, fault: ProviderFault) -> Watch:
        now, chance = self._means.clock.now(), self._means.chance()
        return replace(
            watch,
            next_at=try_at(fault, watch.failures, now, chance),
            failures=watch.failures + 1,
            detail=str(fault),
        )

    def _secret(self) -> str:
        data = self._means.random_bytes(_SECRET_BYTES)
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


async def _together(claimed: Sequence[Watch], work: Callable[[Watch], Awaitable[None]]) -> bool:
    """Do `work` on all at the same time; return whether there was anything to do."""
    for error in await asyncio.gather(*map(work, claimed), return_exceptions=True):
        if isinstance(error, BaseException):
            raise error
    return bool(claimed)


def _whose(watch: Watch) -> dict[str, str]:
    return {"account": watch.account_id, "channel": watch.channel.value}
