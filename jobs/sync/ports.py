"""What sync needs from others; the adapters live in `sanderling.store` and beside us."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from jobs.streams.stream import Lease
from jobs.sync.held import (
    CalendarBatch,
    HeldEvent,
    HeldMessage,
    MailBatch,
    Place,
    Want,
)
from jobs.sync.provider import AccountRef


class MailStore(Protocol):
    """Keep an account's messages, how far its folders are, and what is still to be fetched.

    All that one answer of a provider leads to is written by one `commit` under the fence of the
    stream's lease: so whoever read before it read what nobody else has changed. When the database
    is away every method raises `StoreUnavailableError` and nothing was changed.
    """

    async def places(self, account_id: str) -> Mapping[str, Place]:
        """Return how far each folder is, by its id."""
        ...

    async def held(self, account_id: str, ids: Collection[str]) -> Mapping[str, HeldMessage]:
        """Return what is kept of these messages, tombstones among them, by remote id."""
        ...

    async def unseen(self, account_id: str, folder: str, generation: int) -> Sequence[HeldMessage]:
        """Return the messages of a folder that are not gone and of an earlier generation.

        The folder `""` stands for the whole mailbox.
        """
        ...

    async def count_there(self, account_id: str, folder: str) -> int:
        """Return how many messages of a folder are not gone."""
        ...

    async def wanted(self, account_id: str, now: datetime, *, limit: int) -> Sequence[Want]:
        """Return what is to be fetched and due, those of one thread beside each other."""
        ...

    async def next_wanted_at(self, account_id: str) -> datetime | None:
        """Return when the earliest wanted message is due; the beginning of time for at once."""
        ...

    async def commit(self, account: AccountRef, lease: Lease, batch: MailBatch) -> None:
        """Write a batch whole, with its record events.

        Raises:
            LeaseLost: another worker has taken over; nothing was written.
            InvalidJSON: an event has no strict JSON form; nothing was written.

        """
        ...


class CalendarStore(Protocol):
    """Keep an account's events and how far its calendars are, as `MailStore` keeps mail."""

    async def places(self, account_id: str) -> Mapping[str, Place]:
        """Return how far each calendar is, by its id."""
        ...

    async def held(
        self, account_id: str, calendar: str, ids: Collection[str]
    ) -> Mapping[str, HeldEvent]:
        """Return what is kept of these events, tombstones among them, by remote id."""
        ...

    async def exceptions(
        self, account_id: str, calendar: str, masters: Collection[str]
    ) -> Sequence[HeldEvent]:
        """Return the exceptions of these series that are not gone."""
        ...

    async def unseen(self, account_id: str, calendar: str, generation: int) -> Sequence[HeldEvent]:
        """Return events that are not gone and of an earlier generation."""
        ...

    async def count_there(self, account_id: str, calendar: str) -> int:
        """Return how many events of a calendar are not gone."""
        ...

    async def commit(self, account: AccountRef, lease: Lease, batch: CalendarBatch) -> None:
        """Write a batch whole, with its record events.

        Raises:
            LeaseLost: another worker has taken over; nothing was written.
            InvalidJSON: an event has no strict JSON form; nothing was written.

        """
        ...
