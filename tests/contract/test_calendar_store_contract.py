"""What every store of calendars promises."""

from dataclasses import replace

import pytest

from jobs.streams.errors import LeaseLost
from jobs.sync.held import CalendarBatch, HeldEvent, Place
from jobs.sync.memory_store import MemoryCalendarStore
from support.remote import ACCOUNT, LEASE, OLD
from support.remote_calendar import an_event

PLACE = Place("primary", generation=2)


def held(remote_id: str, *, generation: int = 1, recurring_id: str | None = None) -> HeldEvent:
    """Return a kept event."""
    event = an_event(remote_id, recurring_id=recurring_id)
    return HeldEvent(f"evt_{remote_id}", "primary", event, False, generation, 1)  # noqa: FBT003 - as the row is.


@pytest.fixture
def store() -> MemoryCalendarStore:
    """Return an empty store in which the first fence holds."""
    return MemoryCalendarStore(lambda lease: lease.fence == LEASE.fence)


async def test_a_lost_lease_writes_nothing(store: MemoryCalendarStore) -> None:
    """Under an older fence a batch is refused whole."""
    with pytest.raises(LeaseLost):
        await store.commit(ACCOUNT, OLD, CalendarBatch(written=(held("a"),), places=(PLACE,)))

    assert await store.held(ACCOUNT.id, "primary", ["a"]) == {}
    assert await store.places(ACCOUNT.id) == {}


async def test_what_a_scan_has_not_seen_is_told(store: MemoryCalendarStore) -> None:
    """Events of an earlier generation are, tombstones are not."""
    gone = replace(held("c"), is_gone=True)
    rows = (held("a", generation=2), held("b"), gone)
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=rows))

    assert await store.unseen(ACCOUNT.id, "primary", 2) == [rows[1]]
    assert await store.count_there(ACCOUNT.id, "primary") == 2
    assert await store.held(ACCOUNT.id, "primary", ["c"]) == {"c": gone}


async def test_exceptions_are_found_by_their_series(store: MemoryCalendarStore) -> None:
    """Those of other series are left out, and so are tombstones."""
    mine, other = held("x", recurring_id="a"), held("y", recurring_id="b")
    gone = replace(held("z", recurring_id="a"), is_gone=True)
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=(held("a"), mine, other, gone)))

    assert await store.exceptions(ACCOUNT.id, "primary", ["a"]) == [mine]


async def test_places_are_kept_until_they_are_closed(store: MemoryCalendarStore) -> None:
    """A later place takes the place of the one before."""
    after = replace(PLACE, page="p2")
    await store.commit(ACCOUNT, LEASE, CalendarBatch(places=(PLACE, Place("other"))))
    closed = CalendarBatch(places=(after,), closed=frozenset({"other"}))
    await store.commit(ACCOUNT, LEASE, closed)

    assert await store.places(ACCOUNT.id) == {"primary": after}
