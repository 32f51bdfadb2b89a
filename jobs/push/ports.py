"""What push needs from others; the adapters live in `sanderling.store` and in `jobs.providers`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from jobs.push.watch import Watch
from jobs.streams.stream import AccountId, Channel
from jobs.sync.provider import AccountRef


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """What a provider is asked for.

    `remote_id` is the id that a channel of Google Calendar shall have; the others give ids of
    their own. `secret` is what every notification has to show, at most 128 characters of
    `A-Za-z0-9_-`. `address_url` is where notifications go, and `topic` the Pub/Sub topic that
    Gmail publishes to. It shall last until `until`, and may end earlier.
    """

    remote_id: str
    secret: str = field(repr=False)
    address_url: str
    topic: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """What a provider arranged; it tells of changes until `expires_at`."""

    remote_id: str
    resource_id: str
    expires_at: datetime


class Watcher(Protocol):
    """Arrange with a provider that it tells of changes in one channel.

    Every method raises `ProviderFault` and its kinds alone.
    """

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        """Return a new watch; one that there is already goes on, where the provider has many."""
        ...

    async def renew(self, account: AccountRef, watch: Watch, order: WatchOrder) -> Watched:
        """Return what goes on in place of `watch`: it lengthened, or a new one.

        With the same `remote_id` it is the same one, and keeps its secret; otherwise it has that
        of the order, and the old one is stopped by whoever asked.

        Raises:
            ItemGone: the provider does not know the watch any more.

        """
        ...

    async def stop(self, account: AccountRef, watch: Watch) -> None:
        """Have the provider tell nothing more; one that it does not know is stopped already."""
        ...


Watchers = Mapping[Channel, Watcher]


class WatchStore(Protocol):
    """Keep watches, at most one for each channel of an account. Its rows are the truth.

    A stream is worked on while it is active, and its account connected.
    A row is there before the provider is asked, so that whoever dies between its answer and the
    row leaves something that is tried again. When the database is away or refuses, every method
    raises `StoreUnavailableError` and nothing was changed.
    """

    async def claim(
        self, wanted: Mapping[Channel, str], now: datetime, until: datetime, *, limit: int
    ) -> Sequence[Watch]:
        """Return at most `limit` watches to arrange or renew; nobody else gets them till `until`.

        `wanted` are channels, and where the notifications of each shall go. They are those of
        streams in `wanted` that are worked on and have no watch yet, and then those whose `next_at`
        has come or that lead elsewhere, the longest waiting first. From now on each has a row,
        whose `next_at` is `until`. What leads elsewhere and failed, or may be claimed, waits for
        its `next_at`.
        """
        ...

    async def claim_unwanted(
        self,
        channels: Collection[Channel],
        now: datetime,
        until: datetime,
        *,
        limit: int,
        besides: Collection[Channel] = (),
    ) -> Sequence[Watch]:
        """Return at most `limit` watches to stop; nobody else gets them until `until`.

        They are those in other channels than `channels`, and those whose stream is not worked on,
        and none in channels of `besides`.
        From now on each `is_ending`, and one that was so before comes once its `next_at` has come.
        """
        ...

    async def put(self, watch: Watch) -> bool:
        """Write a watch whose row is there; False when it is not, because the account is gone."""
        ...

    async def bring_forward(
        self, channel: Channel, remote_id: str, now: datetime, later: datetime, *, is_gone: bool
    ) -> bool:
        """Let the watch that a notification names be due now if its turn is after `later`.

        Until then somebody may have claimed it, who will look at it without that. With `is_gone`
        it is not held any more. Return whether there was one.
        """
        ...

    async def bring_all_forward(self, account_id: AccountId, now: datetime, later: datetime) -> int:
        """Let those of an account's watches be due now whose turn is after `later`, as above.

        Return how many there were.
        """
        ...

    async def remove(self, account_id: AccountId, channel: Channel) -> None:
        """Remove a watch, if there is one."""
        ...

    async def of_account(self, account_id: AccountId) -> Sequence[Watch]:
        """Return the watches of an account, by channel."""
        ...

    async def find(self, channel: Channel, remote_id: str) -> Watch | None:
        """Return the watch that a notification names; the text may be anybody's."""
        ...

    async def find_many(
        self, channels: Collection[Channel], remote_ids: Collection[str]
    ) -> Sequence[Watch]:
        """Return the watches of these channels that are named, as `find`, in one look."""
        ...

    async def find_by_address(self, channel: Channel, address: str) -> Sequence[Watch]:
        """Return the watches of a mailbox, which several workspaces may have; as for `find`.

        An address is the same in capitals.
        """
        ...
