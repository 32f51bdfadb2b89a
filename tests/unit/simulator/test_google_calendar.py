"""The simulated Calendar behaves as Calendar does where synchronizing depends on it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.meeting import When
from support.google import AUTH, Google
from support.simulated import START, plan

EVENTS = "/calendar/v3/calendars/primary/events"


def _synced(google: Google, **params: object) -> tuple[list[Any], str]:
    """Return the items of a whole round, and the token of the next."""
    items: list[Any] = []
    more: dict[str, object] = {}
    while True:
        page = google.events(**params, **more)
        items += page["items"]
        if "nextSyncToken" in page:
            assert "nextPageToken" not in page
            return items, page["nextSyncToken"]
        more = {"pageToken": page["nextPageToken"]}


def test_a_full_round_has_everything_and_its_token_on_the_last_page_alone() -> None:
    """Pages before the last lead on and have no token for the next round."""
    google = Google(meetings=40)

    items, _ = _synced(google, maxResults=6, showDeleted="true")

    assert len(items) == 40
    assert len({item["id"] for item in items}) == 40
    assert "nextSyncToken" not in google.events(maxResults=6)


def test_the_next_round_has_what_changed_even_while_the_first_was_read() -> None:
    """A change between two pages is not lost, whether its page was read or not."""
    google = Google()
    agenda = google.person.agenda
    first, *_, last = [agenda.add(plan(), at=START) for _ in range(6)]
    page = google.events(maxResults=3)
    for meeting in (first, last):
        agenda.edit(meeting.number, replace(plan(), title="Changed"), at=START)
    page = google.events(maxResults=3, pageToken=page["nextPageToken"])

    items, token = _synced(google, syncToken=page["nextSyncToken"])

    assert [item["summary"] for item in items] == ["Changed", "Changed"]
    assert _synced(google, syncToken=token)[0] == []


def test_what_is_cancelled_is_told_to_who_knew_it() -> None:
    """A full round leaves it out, the next round of others has it with status and id."""
    google = Google()
    meeting = google.person.agenda.add(plan(), at=START)
    _, token = _synced(google)
    google.person.agenda.cancel(meeting.number, at=START)

    items, _ = _synced(google, syncToken=token)

    assert [item["status"] for item in items] == ["cancelled"]
    assert _synced(google)[0] == []
    assert len(_synced(google, showDeleted="true")[0]) == 1


@pytest.mark.parametrize(
    "params",
    [
        {"timeMin": "2026-01-01T00:00:00Z"},
        {"timeMax": "2026-01-01T00:00:00Z"},
        {"updatedMin": "2026-01-01T00:00:00Z"},
        {"q": "x"},
        {"orderBy": "updated"},
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": "false"},
    ],
)
def test_a_sync_token_forbids_other_choices(params: dict[str, object]) -> None:
    """Each of them is refused with 400."""
    google = Google()
    _, token = _synced(google)

    assert google.refusal(EVENTS, syncToken=token, **params) == (400, "invalid")


def test_a_sync_token_that_expired_is_gone() -> None:
    """410 asks for a full synchronization, also between two pages; garbage is 400."""
    google = Google()
    agenda = google.person.agenda
    meetings = [agenda.add(plan(), at=START) for _ in range(4)]
    _, token = _synced(google)
    for meeting in meetings:
        agenda.edit(meeting.number, plan(), at=START)
    page = google.events(syncToken=token, maxResults=2)

    google.world.expire_cursors()

    gone = (410, "fullSyncRequired")
    assert google.refusal(EVENTS, syncToken=token) == gone
    assert google.refusal(EVENTS, syncToken=token, pageToken=page["nextPageToken"]) == gone
    assert google.refusal(EVENTS, syncToken="x") == (400, "invalidArgument")
    assert google.refusal(EVENTS, pageToken="x") == (400, "invalidArgument")


def test_series_come_as_master_and_exceptions() -> None:
    """The master has its rule, the exception says what it stands for; also a cancelled one."""
    google = Google()
    agenda = google.person.agenda
    master = agenda.add(plan("RRULE:FREQ=DAILY;COUNT=3"), at=START)
    day = timedelta(days=1)
    _, called_off = (
        agenda.add(
            plan(start=START + days * day + timedelta(hours=2)),
            at=START,
            master=master.number,
            original_start=When(START + days * day),
        )
        for days in (1, 2)
    )
    agenda.cancel(called_off.number, at=START)

    items, _ = _synced(google)

    series, shifted, cancelled = items
    assert series["recurrence"] == ["RRULE:FREQ=DAILY;COUNT=3"]
    assert shifted["recurringEventId"] == cancelled["recurringEventId"] == series["id"]
    assert shifted["id"] == f"{series['id']}_20261127T090000Z"
    assert shifted["originalStartTime"]["dateTime"] == "2026-11-27T09:00:00+00:00"
    assert cancelled["status"] == "cancelled"
    assert google.get(f"{EVENTS}/{shifted['id']}") == shifted
    instances = google.get(f"{EVENTS}/{series['id']}/instances")["items"]
    assert [item["start"]["dateTime"][8:13] for item in instances] == ["26T09", "27T11"]
    single = _synced(google, singleEvents="true")[0]
    assert {item["id"] for item in single} == {item["id"] for item in instances}
    assert google.refusal(f"{EVENTS}/nothing") == (404, "notFound")
    assert google.refusal(f"{EVENTS}/nothing/instances") == (404, "notFound")


def test_a_series_that_ended_takes_its_exceptions_along() -> None:
    """After the master is cancelled a full round has none of them."""
    google = Google()
    agenda = google.person.agenda
    master = agenda.add(plan("RRULE:FREQ=DAILY;COUNT=3"), at=START)
    agenda.add(plan(), at=START, master=master.number, original_start=When(START))

    agenda.cancel(master.number, at=START)

    assert _synced(google)[0] == []


def test_filters_choose_by_time_and_text() -> None:
    """A window, words, a day of change and the uid each choose their events."""
    google = Google()
    agenda = google.person.agenda
    early = agenda.add(replace(plan(), title="Early bird"), at=START)
    agenda.add(plan(start=START + timedelta(days=40)), at=START + timedelta(days=1))
    agenda.add(plan("RRULE:FREQ=WEEKLY;COUNT=20", start=START - timedelta(days=70)), at=START)

    def titles(**params: object) -> list[str]:
        return [item["summary"] for item in google.events(**params)["items"]]

    window = {"timeMin": "2026-12-20T00:00:00Z", "timeMax": "2027-01-30T00:00:00Z"}
    assert titles(**window) == ["Review", "Review"]
    assert titles(q="bird") == ["Early bird"]
    assert titles(iCalUID=early.uid) == ["Early bird"]
    assert titles(updatedMin="2026-11-27T00:00:00Z") == ["Review"]
    assert google.refusal(EVENTS, timeMin="today") == (400, "invalidArgument")
    assert google.refusal(EVENTS, timeMin="2026-12-20T00:00:00")[0] == 400
    assert google.refusal(EVENTS, timeMin=window["timeMax"], timeMax=window["timeMin"])[0] == 400
    assert google.refusal(EVENTS, orderBy="startTime") == (400, "invalid")


def test_an_event_tells_zone_day_people_and_privacy() -> None:
    """Moments have offset and zone, whole days a date, attendees their answer."""
    google = Google(meetings=150)

    items, _ = _synced(google, maxResults=2500)

    timed = [item for item in items if "dateTime" in item.get("start", {})]
    assert {item["start"]["timeZone"] for item in timed} >= {"Europe/Paris", "Asia/Tokyo"}
    assert any("date" in item.get("start", {}) for item in items)
    people = [who for item in items for who in item.get("attendees", [])]
    answers = {"needsAction", "accepted", "declined", "tentative"}
    assert {who["responseStatus"] for who in people} == answers
    assert any(who.get("self") for who in people)
    assert any(item.get("visibility") == "private" for item in items)
    assert any("hangoutLink" in item for item in items)


def test_pages_fail_in_the_ways_that_pages_do() -> None:
    """An empty page leads on, and an item comes twice, without any being lost."""
    google = Google()
    for _ in range(7):
        google.person.agenda.add(plan(), at=START)
    google.world.faults.script([FaultKind.PAGE_EMPTY, FaultKind.PAGE_DUPLICATE])

    items, _ = _synced(google, maxResults=3)

    assert len(items) == 8
    assert len({item["id"] for item in items}) == 7


def test_lists_of_calendars_need_more_than_events() -> None:
    """The scope of events opens the primary calendar alone."""
    google, wide = Google(), Google(scopes=frozenset({f"{AUTH}/calendar.readonly"}))
    lists = "/calendar/v3/users/me/calendarList"

    assert google.refusal(lists) == (403, "insufficientPermissions")
    assert google.refusal("/calendar/v3/calendars/primary")[0] == 403
    assert google.refusal("/calendar/v3/calendars/other/events") == (404, "notFound")
    assert [item["id"] for item in wide.get(lists)["items"]] == ["ada@example.com"]
    assert wide.get("/calendar/v3/calendars/primary")["id"] == "ada@example.com"


def test_a_channel_is_opened_for_https_alone() -> None:
    """A watch has an end and names what it watches; masks and stops work as elsewhere."""
    google = Google(meetings=2)
    wanted = {"id": "c", "type": "web_hook", "address": "https://a.example/x", "token": "t"}

    opened = google.post(f"{EVENTS}/watch", wanted)

    assert json.loads(opened.body)["resourceUri"] == f"http://google.test{EVENTS}"
    assert google.post(f"{EVENTS}/watch", {**wanted, "address": "http://a"}).status == 400
    assert google.post("/calendar/v3/channels/stop", json.loads(opened.body)).status == 204
    assert set(google.events(fields="items(id),nextSyncToken")) == {"items", "nextSyncToken"}
