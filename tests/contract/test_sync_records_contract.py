"""What everything promises that shows what came in, or removes it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from jobs.streams.errors import LeaseLost
from jobs.streams.stream import AccountId
from jobs.sync.held import (
    CalendarBatch,
    Contact,
    HeldEvent,
    HeldMessage,
    MailBatch,
    Place,
    Presence,
    Reason,
    Stage,
    Want,
    Written,
)
from jobs.sync.items import Address, Attachment, Kind, Message, Moment, Participant, Role
from jobs.sync.records import ContactRecord, EventRecord, MessageRecord, RecordPage
from jobs.sync.status import Progress
from sanderling.kernel.ids import WorkspaceId
from support.records import START
from support.remote import ACCOUNT, LEASE
from support.remote_calendar import an_event
from support.sync_stores import Shown, opened_records

HERE, THERE = ACCOUNT.workspace_id, WorkspaceId("ws_2")
SECOND = replace(ACCOUNT, id="acc_2")
STRANGER = replace(ACCOUNT, id="acc_3", workspace_id=THERE)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def shown(request: pytest.FixtureRequest) -> AsyncGenerator[Shown]:
    """Yield empty stores of each kind in turn, in which the first fence holds."""
    kind: str = request.param
    url = None if kind == "memory" else request.getfixturevalue(f"{kind}_url")
    async with opened_records(url) as opened:
        yield opened


def a_message(remote_id: str, received_at: datetime | None = START) -> Message:
    """Return a message with nothing in it."""
    return Message(
        remote_id=remote_id,
        thread_id="t",
        rfc_message_id=None,
        version="1",
        folders=frozenset({"INBOX"}),
        is_read=False,
        is_draft=False,
        sent_at=None,
        received_at=received_at,
        subject="",
        participants=(),
        text="",
        attachments=(),
        headers={},
    )


def written(message: Message, *, is_outgoing: bool = False) -> Written:
    """Return a message to be kept."""
    held = HeldMessage(
        record_id=f"msg_{message.remote_id}",
        remote_id=message.remote_id,
        thread_id=message.thread_id,
        version=message.version,
        folders=message.folders,
        is_read=message.is_read,
        presence=Presence.LIVE,
        generation=1,
        revision=1,
    )
    return Written(held, message, is_outgoing)


def an_event_at(remote_id: str, start: Moment) -> HeldEvent:
    """Return a kept event."""
    event = replace(an_event(remote_id), start=start)
    return HeldEvent(f"evt_{remote_id}", "primary", event, False, 1, 1)  # noqa: FBT003 - as the row is.


async def keep(shown: Shown, *messages: Message) -> None:
    """Keep messages of the first account."""
    await shown.mail.commit(ACCOUNT, LEASE, MailBatch(written=tuple(map(written, messages))))


def ids(page: RecordPage[MessageRecord] | RecordPage[EventRecord]) -> list[str]:
    """Return the ids of a page."""
    return [each.id for each in page.rows]


async def test_a_message_comes_back_as_it_was_kept(shown: Shown) -> None:
    """Headers, participants, attachments, labels, dates and errors survive, to the character."""
    odd = "\0 \ud83d \\u0000 \N{SNOWMAN}"
    message = Message(
        remote_id=odd,
        thread_id=odd,
        rfc_message_id=f"<{odd}@example.com>",
        version=odd,
        folders=frozenset({odd, "INBOX"}),
        is_read=True,
        is_draft=True,
        sent_at=datetime(1, 1, 1, tzinfo=UTC),
        received_at=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        subject=odd,
        participants=tuple(Participant(role, Address(odd, f"{odd}@b.c")) for role in Role),
        text=odd * 20_000,
        attachments=(Attachment(odd, odd, "text/plain", 2**40, True),),  # noqa: FBT003 - as a provider tells.
        headers={"list-id": odd, odd: "x"},
        parse_error=odd,
    )
    outgoing = replace(written(message, is_outgoing=True))
    outgoing = replace(outgoing, held=replace(outgoing.held, record_id="msg_1"))
    await shown.mail.commit(ACCOUNT, LEASE, MailBatch(written=(outgoing,)))

    page = await shown.records.messages(HERE, limit=9)

    assert page == RecordPage((MessageRecord("msg_1", ACCOUNT.id, True, message),))  # noqa: FBT003 - as the row is.


async def test_a_message_is_shown_as_it_is_now(shown: Shown) -> None:
    """Where it is and whether it is read may change without its content, which stays."""
    await keep(shown, replace(a_message("a"), text="body"))
    [record] = (await shown.records.messages(HERE, limit=9)).rows
    held = (await shown.mail.held(ACCOUNT.id, ["a"]))["a"]
    after = replace(held, folders=frozenset({"work", "later"}), is_read=True, revision=2)
    await shown.mail.commit(ACCOUNT, LEASE, MailBatch(moved=(after,)))

    [now] = (await shown.records.messages(HERE, limit=9)).rows

    assert now.message == replace(record.message, folders=after.folders, is_read=True)


async def test_one_message_is_found_by_its_id_within_its_workspace(shown: Shown) -> None:
    """It is the record that the list has; elsewhere, and under no id, there is none."""
    await keep(shown, a_message("a"), a_message("b"))
    listed = {each.id: each for each in (await shown.records.messages(HERE, limit=9)).rows}

    found = await shown.records.message(HERE, "msg_a")

    assert found is not None
    assert found == listed["msg_a"]
    assert found.message.folders == {"INBOX"}
    assert await shown.records.message(THERE, "msg_a") is None
    for unknown in ("msg_c", "", "\0\ud800"):
        assert await shown.records.message(HERE, unknown) is None


@pytest.mark.parametrize("presence", [Presence.HIDDEN, Presence.EXCLUDED, Presence.GONE])
async def test_what_people_do_not_see_is_not_shown(shown: Shown, presence: Presence) -> None:
    """Content goes with a message that is not live any more, and comes back with a fetch."""
    await keep(shown, a_message("a"), a_message("b"))
    held = (await shown.mail.held(ACCOUNT.id, ["a"]))["a"]
    await shown.mail.commit(ACCOUNT, LEASE, MailBatch(moved=(replace(held, presence=presence),)))

    hidden = await shown.records.messages(HERE, limit=9)
    hidden_one = await shown.records.message(HERE, "msg_a")
    await keep(shown, a_message("a"))

    assert ids(hidden) == ["msg_b"]
    assert hidden_one is None
    assert ids(await shown.records.messages(HERE, limit=9)) == ["msg_b", "msg_a"]


async def test_messages_come_newest_first_page_by_page(shown: Shown) -> None:
    """Each is on one page; of the same moment the later id is first, without a date last."""
    sent = replace(a_message("sent", None), sent_at=START - HOUR)
    dated = [a_message("old", START - 2 * HOUR), a_message("x"), a_message("y"), sent]
    await keep(shown, a_message("never", None), *dated, a_message("new", START + HOUR))

    found: list[str] = []
    page = await shown.records.messages(HERE, limit=2)
    while page.next_place is not None:
        found.extend(ids(page))
        page = await shown.records.messages(HERE, limit=2, after=page.next_place)

    expected = ["msg_new", "msg_y", "msg_x", "msg_sent", "msg_old", "msg_never"]
    assert [*found, *ids(page)] == expected
    for made_up in ("\0", "\0\ud800"):
        made = await shown.records.messages(HERE, limit=9, after=(START, made_up))
        assert ids(made) == expected[3:]


async def test_events_come_newest_first_page_by_page(shown: Shown) -> None:
    """A whole day begins as it does in UTC; what is gone is left out."""
    day = an_event_at("day", Moment(day=date(2026, 3, 30)))
    late = an_event_at("late", Moment(START + 48 * HOUR, "Europe/Berlin"))
    early = an_event_at("early", Moment(START, None))
    gone = replace(an_event_at("gone", Moment(START)), is_gone=True)
    await shown.calendars.commit(ACCOUNT, LEASE, CalendarBatch(written=(early, gone, late, day)))

    first = await shown.records.events(HERE, limit=2)
    second = await shown.records.events(HERE, limit=2, after=first.next_place)

    assert [*ids(first), *ids(second)] == ["evt_late", "evt_day", "evt_early"]
    assert second.next_place is None
    assert first.rows[0] == EventRecord("evt_late", ACCOUNT.id, "primary", late.event)


async def test_contacts_come_newest_first_page_by_page(shown: Shown) -> None:
    """Whoever was found twice is there once, with the account that brought it first."""
    ann, bo, cy = (Contact(Address(name, f"{name}@example.com"), START) for name in "abc")
    later = Contact(bo.address, START + HOUR)
    await shown.mail.commit(ACCOUNT, LEASE, MailBatch(contacts=(ann, bo)))
    await shown.calendars.commit(SECOND, LEASE, CalendarBatch(contacts=(later, cy)))

    first = await shown.records.contacts(HERE, limit=2)
    second = await shown.records.contacts(HERE, limit=2, after=first.next_place)

    assert first.rows == (ContactRecord(SECOND.id, cy), ContactRecord(ACCOUNT.id, bo))
    assert second == RecordPage((ContactRecord(ACCOUNT.id, ann),))


async def test_nothing_crosses_from_one_workspace_to_another(shown: Shown) -> None:
    """Each list is of one workspace, and of one account where that is asked for."""
    contact = Contact(Address("Ann", "ann@example.com"), START)
    for account in (ACCOUNT, SECOND, STRANGER):
        name = account.id
        mail = MailBatch(written=(written(a_message(name)),), contacts=(contact,))
        await shown.mail.commit(account, LEASE, mail)
        event = an_event_at(name, Moment(START))
        await shown.calendars.commit(account, LEASE, CalendarBatch(written=(event,)))
    records = shown.records
    lists: list[Callable[..., Awaitable[RecordPage[MessageRecord] | RecordPage[EventRecord]]]]
    lists = [records.messages, records.events]

    for listed in lists:
        assert [each.account_id for each in (await listed(HERE, limit=9)).rows] == [
            "acc_2",
            "acc_1",
        ]
        assert len((await listed(THERE, limit=9)).rows) == 1
        assert len((await listed(HERE, limit=9, account_id="acc_2")).rows) == 1
        assert (await listed(HERE, limit=9, account_id="acc_3")).rows == ()
        assert (await listed(HERE, limit=9, account_id="\0\ud800")).rows == ()
    assert len((await records.contacts(HERE, limit=9)).rows) == 1
    assert len((await records.contacts(THERE, limit=9)).rows) == 1
    assert (await records.contacts(HERE, limit=9, account_id="acc_2")).rows == ()


async def test_what_is_here_of_an_account_is_counted(shown: Shown) -> None:
    """Seen messages and events that are not gone count, and of the wanted ones the new are missing.

    Messages that are left out count as looked at. What belongs to another account, or to the other
    kind, counts there alone.
    """
    others = tuple(
        replace(written(a_message(each.value)).held, presence=each)
        for each in (Presence.HIDDEN, Presence.EXCLUDED, Presence.GONE)
    )
    mail = MailBatch(
        written=tuple(written(a_message(name)) for name in "abc"),
        moved=others,
        wanted=tuple(Want(reason.value, "t", reason) for reason in Reason),
        places=(Place("INBOX", Stage.INCR, cursor="1"),),
    )
    await shown.mail.commit(ACCOUNT, LEASE, mail)
    events = [an_event_at(name, Moment(START)) for name in "xy"]
    batch = CalendarBatch(written=(events[0], replace(events[1], is_gone=True)))
    await shown.calendars.commit(ACCOUNT, LEASE, batch)
    await shown.mail.commit(SECOND, LEASE, MailBatch(written=(written(a_message("z")),)))
    first, second = AccountId(ACCOUNT.id), AccountId(SECOND.id)
    progress = shown.removal.progress

    found = await progress(first, Kind.MAIL)

    assert found == Progress(kept=3, wanted=len(Reason), missing=1, is_listed=True, left_out=2)
    assert (found.done, found.estimated_total) == (5, 6)
    assert await progress(first, Kind.CALENDAR) == Progress(kept=1)
    assert await progress(second, Kind.MAIL) == Progress(kept=1)
    assert await progress(second, Kind.CALENDAR) == Progress()


@pytest.mark.parametrize("stage", [Stage.NEW, Stage.FULL])
async def test_a_folder_that_is_not_scanned_leaves_the_list_open(
    shown: Shown, stage: Stage
) -> None:
    """All folders have to be behind their scan, and there has to be one."""
    account_id = AccountId(ACCOUNT.id)
    done, open_ = Place("done", Stage.INCR, cursor="1"), Place("open", stage)
    seen: list[bool] = []
    for places in ((), (done,), (open_,), (replace(open_, stage=Stage.INCR, cursor="1"),)):
        await shown.mail.commit(ACCOUNT, LEASE, MailBatch(places=places))
        seen.append((await shown.removal.progress(account_id, Kind.MAIL)).is_listed)

    assert seen == [False, True, False, True]


async def test_what_an_account_brought_is_removed_in_steps(shown: Shown) -> None:
    """No step removes more than it may; others keep theirs, and contacts stay."""
    contact = Contact(Address("Ann", "ann@example.com"), START)
    for account in (ACCOUNT, SECOND):
        messages = tuple(written(a_message(f"{account.id}-{number}")) for number in range(5))
        mail = MailBatch(
            written=messages,
            wanted=(Want("w", "t", Reason.NEW),),
            places=(Place("work"),),
            contacts=(contact,),
        )
        await shown.mail.commit(account, LEASE, mail)
        events = tuple(an_event_at(f"{account.id}-{n}", Moment(START)) for n in range(3))
        calendar = CalendarBatch(written=events, places=(Place("primary"),))
        await shown.calendars.commit(account, LEASE, calendar)

    steps: list[int] = []
    while not steps or steps[-1]:
        steps.append(await shown.removal.forget(ACCOUNT.id, limit=4))

    assert steps == [4, 4, 3, 0]
    for account, messages_left, events_left in ((ACCOUNT, 0, 0), (SECOND, 5, 3)):
        page = await shown.records.messages(HERE, limit=9, account_id=account.id)
        assert len(page.rows) == messages_left
        assert await shown.mail.count_there(account.id, "INBOX") == messages_left
        assert await shown.calendars.count_there(account.id, "primary") == events_left
        assert bool(await shown.mail.places(account.id)) is bool(messages_left)
        assert bool(await shown.calendars.places(account.id)) is bool(events_left)
        assert bool(await shown.mail.wanted(account.id, START, limit=9)) is bool(messages_left)
    assert len((await shown.records.contacts(HERE, limit=9)).rows) == 1
    assert await shown.removal.forget("\0\ud800", limit=4) == 0


async def test_an_account_is_scanned_anew_under_another_hold(shown: Shown) -> None:
    """Every place begins anew, others stay, and whoever was at work writes no more."""
    places = (
        Place("one", Stage.INCR, cursor="7", generation=3, round=2),
        Place("two", Stage.FULL, page="p2", base="6", generation=1, is_confirming=True),
    )
    mail, calendars = shown.mail, shown.calendars
    for account in (ACCOUNT, SECOND):
        await mail.commit(account, LEASE, MailBatch(places=places))
        await calendars.commit(account, LEASE, CalendarBatch(places=places))

    await shown.removal.rescan(AccountId(ACCOUNT.id), START + HOUR)

    anew = {
        each.remote_id: replace(each, stage=Stage.NEW, cursor=None, page=None, base=None)
        for each in places
    }
    before = {each.remote_id: each for each in places}
    for store in (mail, calendars):
        assert await store.places(ACCOUNT.id) == anew
        assert await store.places(SECOND.id) == before
    with pytest.raises(LeaseLost):
        await mail.commit(ACCOUNT, LEASE, MailBatch(places=places))
    with pytest.raises(LeaseLost):
        await calendars.commit(ACCOUNT, LEASE, CalendarBatch(places=places))
