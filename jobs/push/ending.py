"""Ends watches: at the provider, and then here."""

import asyncio

from jobs.push.ports import Watchers, WatchStore
from jobs.push.watch import Watch
from jobs.streams.stream import Channel
from jobs.sync.faults import AuthRevoked, ItemGone, PermissionMissing, ProviderFault, Temporary
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import Clock

ANSWER_S = 60.0
"""How long a provider is waited for that is asked to tell of changes, or of none."""


def account_of(watch: Watch) -> AccountRef:
    """Return the account that a watch is of."""
    return AccountRef(watch.account_id, watch.workspace_id, watch.address)


class Ending:
    """End watches, as far as their provider lets us in."""

    def __init__(self, store: WatchStore, watchers: Watchers, clock: Clock) -> None:
        """Ask providers with `watchers`."""
        self._store = store
        self._watchers = watchers
        self._clock = clock

    async def end(self, watch: Watch, *, within_s: float = ANSWER_S) -> ProviderFault | None:
        """Remove a watch; return why its provider may still tell of changes, and it stays here.

        One that nothing is told of any more is removed without asking: it expired, or was never
        arranged, or we are not let in.
        """
        if watch.is_held(self._clock.now()):
            try:
                await self.stop(watch, within_s=within_s)
            except (AuthRevoked, PermissionMissing, ItemGone):
                pass
            except ProviderFault as fault:
                return fault
        await self._store.remove(watch.account_id, watch.channel)
        return None

    async def stop(self, watch: Watch, *, within_s: float = ANSWER_S) -> None:
        """Have a provider tell nothing more.

        It is not asked about a mailbox of Gmail's that somebody else here has watched as well,
        because Gmail would stop telling of it altogether.

        Raises:
            ProviderFault: it did not, or not in time.

        """
        if await self._is_shared(watch):
            return
        try:
            async with asyncio.timeout(within_s):
                await self._watchers[watch.channel].stop(account_of(watch), watch)
        except TimeoutError:
            raise Temporary("it did not answer in time") from None

    async def _is_shared(self, watch: Watch) -> bool:
        if watch.channel is not Channel.GMAIL:
            return False
        now = self._clock.now()
        # One without a failure that is not held is being asked for, or soon is.
        return any(
            each.account_id != watch.account_id
            and not each.is_ending
            and (each.is_held(now) or not each.failures)
            for each in await self._store.find_by_address(watch.channel, watch.address)
        )
