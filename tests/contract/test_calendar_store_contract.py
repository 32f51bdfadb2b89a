"""What every store of calendars promises."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from jobs.streams.errors import LeaseLost
from jobs.sync.held import CalendarBatch, Contact, HeldEvent, Place
from jobs.sync.items import Address, Attendee, EventStatus, Moment, Response
from jobs.sync.ports import CalendarStore
from sanderling.kernel.jsontext import InvalidJSON
from support.records import START
from support.remote import ACCOUNT, LEASE, OLD
from support.remote_calendar import an_event
from support.sync_stores import Kept, a_change, opened_calendars

PLACE = Place("primary", generation=2)
OTHER = replace(ACCOUNT, id="acc_2")
ANN = Contact(Address("Ann", "ann@example.com"), START)
ODD = ("nul\0", "half \ud83d", "\\u0000", "back\\slash", "\N{SNOWMAN}", "")


def held(remote_id: str, *, generation: int = 1, recurring_id: str | None = None) -> HeldEvent:
    """Return a kept event."""
    event = an_event(remote_id, recurring_id=recurring_id)
    return HeldEvent(f"evt_{remote_id}", "primary", event, False, generation, 1)  # noqa: FBT003 - as the row is.


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def kept(request: pytest.FixtureRequest) -> AsyncGenerator[Kept[CalendarStore]]:
    """Yield an empty store of each kind in turn, in which the first fence holds."""
    kind: str = request.param
    url = None if kind == "memory" else request.getfixturevalue(f"{kind}_url")
    async with opened_calendars(url) as opened:
        yield opened


@pytest.fixture
def store(kept: Kept[CalendarStore]) -> CalendarStore:
    """Return the store alone."""
    return kept.store


def everything() -> CalendarBatch:
    """Return a batch in which each part changes something."""
    return CalendarBatch(
        written=(held("a"),), places=(PLACE,), events=(a_change(1),), contacts=(ANN,)
    )


async def is_empty(kept: Kept[CalendarStore]) -> bool:
    """Claim that nothing of `everything` was kept."""
    found = (
        await kept.store.held(ACCOUNT.id, "primary", ["a"]),
        await kept.store.places(ACCOUNT.id),
        await kept.event_ids(),
        await kept.contacts(),
    )
    return not any(found)


async def test_a_lost_lease_writes_nothing(kept: Kept[CalendarStore]) -> None:
    """Under an older fence a batch is refused whole."""
    with pytest.raises(LeaseLost):
        await kept.store.commit(ACCOUNT, OLD, everything())

    assert await is_empty(kept)


async def test_an_event_that_cannot_be_kept_leaves_nothing(kept: Kept[CalendarStore]) -> None:
    """There is a record event if, and only if, the calendar has changed."""
    batch = everything()
    broken = replace(batch, events=(*batch.events, a_change(2, after="\ud800")))

    with pytest.raises(InvalidJSON):
        await kept.store.commit(ACCOUNT, LEASE, broken)

    assert await is_empty(kept)


async def test_a_batch_that_comes_twice_changes_nothing(kept: Kept[CalendarStore]) -> None:
    """Whoever did not hear that it was kept may write it again."""
    for _ in range(2):
        await kept.store.commit(ACCOUNT, LEASE, everything())

    assert await kept.store.unseen(ACCOUNT.id, "primary", 9) == [held("a")]
    assert await kept.event_ids() == ["msg_1.001"]
    assert await kept.contacts() == {"ann@example.com": "Ann"}


async def test_what_a_scan_has_not_seen_is_told(store: CalendarStore) -> None:
    """Events of an earlier generation are; tombstones and what others have are not."""
    gone = replace(held("c"), is_gone=True)
    rows = (held("a", generation=2), held("b"), gone)
    elsewhere = replace(held("d"), calendar_id="team")
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=(*rows, elsewhere)))
    await store.commit(OTHER, LEASE, CalendarBatch(written=(held("e"),)))

    assert await store.unseen(ACCOUNT.id, "primary", 2) == [rows[1]]
    assert await store.count_there(ACCOUNT.id, "primary") == 2
    assert await store.count_there(ACCOUNT.id, "team") == 1
    assert await store.held(ACCOUNT.id, "primary", ["c", "d", "e"]) == {"c": gone}


async def test_an_event_comes_back_as_it_was_kept(store: CalendarStore) -> None:
    """Zones, whole days, series and attendees survive, and text to the character."""
    zone = timezone(timedelta(hours=5, minutes=45))
    attendee = Attendee("bo@example.com", "B\0 \ud800", Response.TENTATIVE, True, False)  # noqa: FBT003 - as a provider tells.
    day = Moment(day=date(2026, 2, 28))
    whole = replace(
        an_event("a"),
        start=day,
        end=replace(day, day=date(2026, 3, 1)),
        recurrence=("RRULE:FREQ=DAILY", "EXDATE:20260301"),
        attendees=(attendee, replace(attendee, email="cy@example.com")),
        visibility="private",
        status=EventStatus.TENTATIVE,
        conference_url="https://meet.example.com/a",
        description="d\0" * 50_000,
        location="\N{SNOWMAN}",
    )
    odd = replace(
        an_event("b", recurring_id="a"),
        start=Moment(datetime(1, 1, 1, tzinfo=UTC), "Mars/Olympus"),
        end=Moment(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=zone), None),
        original_start=day,
        status=EventStatus.CANCELLED,
    )
    rows = {each.remote_id: replace(held("x"), event=each) for each in (whole, odd)}
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=tuple(rows.values())))

    assert await store.held(ACCOUNT.id, "primary", ["a", "b"]) == rows


async def test_words_of_providers_come_back_to_the_character(store: CalendarStore) -> None:
    """Whatever a provider calls things, two names are two things."""
    rows = [
        replace(held(each, recurring_id=each), record_id=f"evt_{number}", calendar_id=each)
        for number, each in enumerate(ODD)
    ]
    places = tuple(Place(each, cursor=each, page=each) for each in ODD)
    batch = CalendarBatch(written=tuple(rows), places=places)
    await store.commit(ACCOUNT, LEASE, batch)

    assert await store.places(ACCOUNT.id) == {each.remote_id: each for each in places}
    for name, row in zip(ODD, rows, strict=True):
        assert await store.held(ACCOUNT.id, name, ODD) == {name: row}
        assert await store.exceptions(ACCOUNT.id, name, ODD) == [row]


async def test_many_are_kept_and_found_as_few_are(store: CalendarStore) -> None:
    """However many there are, none is left out and they come by their ids."""
    ids = [f"e{number:04}" for number in range(1203)]
    rows = tuple(held(each, recurring_id="a") for each in ids)
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=rows))

    assert sorted(await store.held(ACCOUNT.id, "primary", ids)) == ids
    assert [each.event.remote_id for each in await store.unseen(ACCOUNT.id, "primary", 2)] == ids
    assert await store.count_there(ACCOUNT.id, "primary") == len(ids)
    assert len(await store.exceptions(ACCOUNT.id, "primary", ["a", *ids])) == len(ids)


async def test_exceptions_are_found_by_their_series(store: CalendarStore) -> None:
    """Those of other series are left out, and so are tombstones."""
    mine, other = held("x", recurring_id="a"), held("y", recurring_id="b")
    gone = replace(held("z", recurring_id="a"), is_gone=True)
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=(held("a"), mine, other, gone)))

    assert await store.exceptions(ACCOUNT.id, "primary", ["a"]) == [mine]
    assert await store.exceptions(ACCOUNT.id, "primary", []) == []
    assert await store.exceptions(ACCOUNT.id, "team", ["a"]) == []


async def test_a_tombstone_stays(store: CalendarStore) -> None:
    """What is gone is known until it comes back, also when its calendar is closed."""
    gone = replace(held("a"), is_gone=True, revision=3)
    await store.commit(ACCOUNT, LEASE, CalendarBatch(written=(gone,), places=(PLACE,)))
    await store.commit(ACCOUNT, LEASE, CalendarBatch(closed=frozenset({"primary"})))

    assert await store.held(ACCOUNT.id, "primary", ["a"]) == {"a": gone}
    assert await store.count_there(ACCOUNT.id, "primary") == 0


async def test_places_are_kept_until_they_are_closed(store: CalendarStore) -> None:
    """A later place takes the place of the one before."""
    after = replace(PLACE, page="p2")
    await store.commit(ACCOUNT, LEASE, CalendarBatch(places=(PLACE, Place("other"))))
    closed = CalendarBatch(places=(after,), closed=frozenset({"other"}))
    await store.commit(ACCOUNT, LEASE, closed)

    assert await store.places(ACCOUNT.id) == {"primary": after}
