"""A provider in memory that tells of changes: for embedding, trials and tests."""

from dataclasses import dataclass, field
from datetime import timedelta

from jobs.push.ports import Watched, WatchOrder
from jobs.push.watch import Watch
from jobs.sync.faults import ItemGone, ProviderFault
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import Clock


@dataclass
class MemoryWatcher:
    """Arrange watches as a provider does, or raise `fault`.

    With `keeps_ids` it lengthens a watch, as Microsoft Graph does; without, the one that goes on is
    a new one, as with Google Calendar. Without `has_ids` there is one watch of each mailbox,
    whoever asks, as with Gmail. `orders` are those that it was given, by the watch's id, or by the
    mailbox.
    """

    clock: Clock
    lasts: timedelta = timedelta(days=3)
    keeps_ids: bool = True
    has_ids: bool = True
    fault: ProviderFault | None = None
    orders: dict[str, WatchOrder] = field(default_factory=dict[str, WatchOrder])

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        """Return a new watch."""
        self._check()
        until = self.clock.now() + self.lasts
        if not self.has_ids:
            self.orders[account.email.lower()] = order
            return Watched("", "", until)
        remote_id = f"{account.id}-{order.remote_id}"
        self.orders[remote_id] = order
        return Watched(remote_id, f"of {account.id}", until)

    async def renew(self, account: AccountRef, watch: Watch, order: WatchOrder) -> Watched:
        """Return what goes on in place of `watch`."""
        self._check()
        if not self.has_ids:
            return await self.watch(account, order)
        if watch.remote_id not in self.orders:
            raise ItemGone
        if not self.keeps_ids:
            return await self.watch(account, order)
        if self.orders[watch.remote_id].address_url != order.address_url:
            raise ItemGone
        return Watched(watch.remote_id, watch.resource_id, self.clock.now() + self.lasts)

    async def stop(self, account: AccountRef, watch: Watch) -> None:  # noqa: ARG002 - it is enough to know the watch.
        """Tell nothing more."""
        self._check()
        self.orders.pop(watch.remote_id or watch.address, None)

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault
