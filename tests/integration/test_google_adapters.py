"""Our own reading of Google asks what Google describes, and brings what is there."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.google.calendar import GoogleCalendarProvider, GoogleCalendars
from jobs.providers.google.faults import fault_of
from jobs.providers.google.mail import WHOLE_MAILBOX, GmailProvider, GmailProviders
from jobs.providers.google.methods import METHODS
from jobs.providers.http import Lane, open_client
from jobs.providers.quota import MemoryQuota
from jobs.sync.faults import CursorExpired
from jobs.sync.items import Event, EventStatus, Message
from jobs.sync.provider import AccountRef, Removed, Upserted, Wanted
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.in_process import InProcess
from support.google import ADA, Google
from support.google_judge import Judge

pytestmark = pytest.mark.slow

ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), ADA)


@pytest.fixture
def google() -> Google:
    """Return an account whose every request and answer is judged."""
    google = Google(mails=180, meetings=90)
    google.site.on_served = Judge()
    return google


@pytest.fixture
async def lane(google: Google) -> AsyncGenerator[Lane]:
    """Yield the way there, whose first token is void."""
    tokens = MemoryTokens()
    tokens.grant(ACCOUNT.id, "void", google.token)
    transport = InProcess({"google.test": google.site})
    async with open_client("http://google.test", transport=transport) as client:
        yield Lane(client, tokens, MemoryQuota(), VirtualClock(), fault_of)


async def _mail(lane: Lane, stack: AsyncExitStack) -> GmailProvider:
    return await stack.enter_async_context(GmailProviders(lane).open(ACCOUNT))


async def _calendar(lane: Lane, stack: AsyncExitStack) -> GoogleCalendarProvider:
    return await stack.enter_async_context(GoogleCalendars(lane).open(ACCOUNT))


def _judged(google: Google) -> list[str]:
    judge = google.site.on_served
    assert isinstance(judge, Judge)
    assert judge.heard
    # Scopes are asked for by this list, so what is used without being on it may be refused.
    assert judge.heard <= {method.id for method in METHODS}
    return judge.wrong


async def _scanned(mail: GmailProvider) -> list[Wanted]:
    found: list[Wanted] = []
    page: str | None = None
    while True:
        scanned = await mail.scan(WHOLE_MAILBOX, page)
        for change in scanned.items:
            assert isinstance(change, Upserted)
            found.append(Wanted(change.remote_id, change.thread_id))
        page = scanned.next_page
        if page is None:
            return found


async def test_a_whole_mailbox_is_brought(google: Google, lane: Lane) -> None:
    """Every message comes with its subject, people and text, by threads and by batches."""
    async with AsyncExitStack() as stack:
        mail = await _mail(lane, stack)
        assert await mail.cursor_before_scan(WHOLE_MAILBOX)
        await mail.folders()

        fetched = await mail.fetch(await _scanned(mail))
        holder = next(
            one for one in fetched.values() if isinstance(one, Message) and one.attachments
        )
        files = [
            await mail.attachment(holder.remote_id, each.remote_id) for each in holder.attachments
        ]

    found = {key: value for key, value in fetched.items() if isinstance(value, Message)}
    name, person = google.world.naming.mail, google.person
    expected = {name(person, kept.number): kept for kept in person.mailbox.mails.values()}
    assert found.keys() == expected.keys()
    for identity, kept in expected.items():
        message = found[identity]
        assert message.subject == kept.letter.subject
        assert message.rfc_message_id == kept.letter.rfc_message_id
        assert message.is_read is kept.is_read
        assert message.parse_error is None
        assert [file.name for file in message.attachments] == [
            file.name for file in kept.letter.files
        ]
        if message is holder:
            assert files == [file.content() for file in kept.letter.files]
        people = {who.address.email for who in message.participants}
        assert {kept.letter.sender.email, *(who.email for who in kept.letter.to)} <= people
    assert _judged(google) == []
    judge = google.site.on_served
    assert isinstance(judge, Judge)
    assert {"gmail.users.messages.get", "gmail.users.threads.get"} <= judge.heard
    assert "gmail.users.messages.attachments.get" in judge.heard


async def test_what_changed_is_brought_and_an_expired_cursor_is_told(
    google: Google, lane: Lane
) -> None:
    """Deletions and labels come as changes; a 404 of history is a cursor that expired."""
    async with AsyncExitStack() as stack:
        mail = await _mail(lane, stack)
        cursor = await mail.cursor_before_scan(WHOLE_MAILBOX)
        assert cursor is not None
        gone, starred, *_ = google.person.mailbox.newest_first()
        google.person.mailbox.delete(gone.number)
        google.person.mailbox.place(starred.number, add=frozenset({"STARRED"}))

        page = await mail.changes(WHOLE_MAILBOX, cursor, None)
        google.world.expire_cursors()
        with pytest.raises(CursorExpired):
            await mail.changes(WHOLE_MAILBOX, cursor, None)

    assert type(page.items[0]) is Removed
    assert len(page.items) == 2
    assert page.cursor is not None
    assert _judged(google) == []


async def test_spoiled_batches_bring_nothing_wrong(google: Google, lane: Lane) -> None:
    """Lost, doubled and mixed parts never give one message under another's id."""
    kinds = [FaultKind.PART_MISSING, FaultKind.PART_DUPLICATED, FaultKind.PARTS_SHUFFLED]
    async with AsyncExitStack() as stack:
        mail = await _mail(lane, stack)
        wanted = await _scanned(mail)
        google.world.faults.set_rates({**dict.fromkeys(kinds, 0.3), FaultKind.PART_500: 0.1})

        fetched = await mail.fetch(wanted)

    assert google.world.faults.struck
    found = {key: value for key, value in fetched.items() if isinstance(value, Message)}
    assert found
    assert {key for key, value in found.items() if value.remote_id != key} == set()


async def test_a_whole_calendar_is_brought(google: Google, lane: Lane) -> None:
    """Every event comes once, and what was called off afterwards comes as the next change."""
    agenda = google.person.agenda
    async with AsyncExitStack() as stack:
        calendar = await _calendar(lane, stack)
        (primary,) = await calendar.calendars()
        items: list[Event | Removed] = []
        page = await calendar.scan(primary.remote_id, None)
        items += page.items
        while page.next_page:
            page = await calendar.scan(primary.remote_id, page.next_page)
            items += page.items
        assert page.cursor is not None
        living = next(kept for kept in agenda.meetings.values() if not kept.is_cancelled)
        agenda.cancel(living.number, at=google.world.clock.now())
        after = await calendar.changes(primary.remote_id, page.cursor, None)
        google.world.expire_cursors()
        with pytest.raises(CursorExpired):
            await calendar.changes(primary.remote_id, page.cursor, None)

    events = {item.remote_id: item for item in items if isinstance(item, Event)}
    planned = [kept for kept in agenda.meetings.values() if kept.number != living.number]
    for kept in planned:
        event = events[google.world.naming.meeting(google.person, kept.number)]
        if event.status is not EventStatus.CANCELLED:
            assert event.title == kept.plan.title
            assert event.start is not None
            assert (event.start.at, event.start.day) == (kept.plan.start.at, kept.plan.start.day)
    assert after.items
    assert _judged(google) == []
