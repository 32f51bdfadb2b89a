"""Takes in what providers tell: finds whose stream it is about, and takes a hint of it.

Nothing else comes of a notification, whoever sent it: it is neither kept nor believed, and what it
names is looked up. What it may name are watches, whose secrets it has to show; Gmail's come signed,
which whoever calls has checked.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final

from jobs.push.hints import Hint, Hints
from jobs.push.plan import PushPlan
from jobs.push.ports import WatchStore
from jobs.push.watch import Watch
from jobs.streams.stream import Channel
from sanderling.kernel.clock import Clock

SPACING_S: Final = 60.0
"""How long a watch is not renewed again because its provider tells of its end."""

_MOST_TOLD = 10_000
_GRAPH = (Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR)


class Lifecycle(StrEnum):
    """What Microsoft Graph tells of a subscription itself."""

    REAUTHORIZE = "reauthorizationRequired"
    REMOVED = "subscriptionRemoved"
    MISSED = "missed"


class PushDoor:
    """Take notifications; one event loop owns it. It raises `StoreUnavailableError` alone."""

    def __init__(
        self,
        store: WatchStore,
        hints: Hints,
        plan: Callable[[], PushPlan],
        ask: Callable[[], Awaitable[object]],
        clock: Clock,
    ) -> None:
        """Look watches up in `store`, and call `ask` where one has to be renewed soon."""
        self._store = store
        self._hints = hints
        self._plan = plan
        self._ask = ask
        self._clock = clock
        self._told = dict[tuple[str, Channel], int]()

    @property
    def is_open(self) -> bool:
        """Claim that providers are asked to tell of changes here at all."""
        return self._plan().is_on

    async def gmail(self, address: str) -> bool:
        """Take a hint of a mailbox, in every workspace that has it; False where none has."""
        watches = await self._store.find_by_address(Channel.GMAIL, address)
        for watch in watches:
            self._take(watch)
        return bool(watches)

    async def channel(self, channel_id: str, token: str, state: str) -> bool:
        """Take a hint of a calendar; False when there is no such channel, or the token is wrong.

        `state` is Google's word for it; `sync` says that a channel begins, which is no change.
        """
        watch = await self._store.find(Channel.GOOGLE_CALENDAR, channel_id)
        if watch is None or not watch.knows(token):
            return False
        if state != "sync":
            self._take(watch)
        return True

    async def subscription(
        self, subscription_id: str, client_state: str, lifecycle: str | None = None
    ) -> bool:
        """Take a hint of a mailbox or a calendar at Microsoft; False as for `channel`.

        With `lifecycle` it is about the subscription itself: one that ends is renewed soon, and
        one that is gone is made anew.
        """
        watch = await self._subscribed(subscription_id)
        if watch is None or not watch.knows(client_state):
            return False
        if lifecycle is None or lifecycle == Lifecycle.MISSED:
            self._take(watch)
        elif lifecycle in {Lifecycle.REAUTHORIZE, Lifecycle.REMOVED}:
            await self._renew_soon(watch, is_gone=lifecycle == Lifecycle.REMOVED)
        return True

    async def _subscribed(self, subscription_id: str) -> Watch | None:
        for channel in _GRAPH:
            watch = await self._store.find(channel, subscription_id)
            if watch is not None:
                return watch
        return None

    async def _renew_soon(self, watch: Watch, *, is_gone: bool) -> None:
        key, now_ns = (watch.account_id, watch.channel), self._clock.monotonic_ns()
        if now_ns < self._told.get(key, 0):
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[key] = now_ns + round(SPACING_S * 1e9)
        expires_at = None if is_gone else watch.expires_at
        await self._store.put(replace(watch, next_at=self._clock.now(), expires_at=expires_at))
        await self._ask()

    def _take(self, watch: Watch) -> None:
        self._hints.take(Hint(watch.account_id, watch.channel))
