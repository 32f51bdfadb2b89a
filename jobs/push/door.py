"""Takes in what providers tell: finds whose stream it is about, and takes a hint of it.

Nothing else comes of a notification, whoever sent it: it is neither kept nor believed, and what it
names is looked up. What it may name are watches, whose secrets it has to show; Gmail's come signed,
which whoever calls has checked.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from jobs.push.hints import Hint, Hints
from jobs.push.plan import PushPlan
from jobs.push.ports import WatchStore
from jobs.push.renewal import CLAIM
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


@dataclass(frozen=True, slots=True)
class Told:
    """What Graph says: about which subscription, by what secret, and of its life."""

    subscription_id: str
    client_state: str = field(repr=False)
    lifecycle: str | None = None


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

    async def subscriptions(self, entries: Sequence[Told]) -> Sequence[bool]:
        """Take hints of mailboxes and calendars at Microsoft; for each, False as for `channel`.

        All are looked up at once. What has a `lifecycle` is about the subscription itself: one that
        ends is renewed soon, and one that is gone is made anew.
        """
        found = await self._store.find_many(_GRAPH, {told.subscription_id for told in entries})
        watches = {watch.remote_id: watch for watch in found}
        return [await self._take_told(watches.get(told.subscription_id), told) for told in entries]

    async def _take_told(self, watch: Watch | None, told: Told) -> bool:
        if watch is None or not watch.knows(told.client_state):
            return False
        if told.lifecycle is None or told.lifecycle == Lifecycle.MISSED:
            self._take(watch)
        elif told.lifecycle in {Lifecycle.REAUTHORIZE, Lifecycle.REMOVED}:
            await self._renew_soon(watch, is_gone=told.lifecycle == Lifecycle.REMOVED)
        return True

    async def _renew_soon(self, watch: Watch, *, is_gone: bool) -> None:
        key, now_ns = (watch.account_id, watch.channel), self._clock.monotonic_ns()
        if now_ns < self._told.get(key, 0):
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        now = self._clock.now()
        await self._store.bring_forward(
            watch.channel, watch.remote_id, now, now + CLAIM, is_gone=is_gone
        )
        await self._ask()
        # Not before: what fails above is told again.
        self._told[key] = now_ns + round(SPACING_S * 1e9)

    def _take(self, watch: Watch) -> None:
        self._hints.take(Hint(watch.account_id, watch.channel))
