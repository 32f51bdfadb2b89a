"""The adapters agree with the simulator about a mailbox and a calendar, also when it fails."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.google.calendar import PRIMARY, GoogleCalendars
from jobs.providers.google.faults import fault_of
from jobs.providers.google.mail import WHOLE_MAILBOX, GmailProviders
from jobs.providers.google.methods import SCOPES
from jobs.providers.http import Lane, open_client
from jobs.providers.quota import MemoryQuota
from jobs.sync.faults import CursorExpired, ProviderFault
from jobs.sync.items import Event, Message
from jobs.sync.provider import AccountRef, Change, Page, Removed, Upserted, Wanted
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google import google_site, google_world
from sanderling.simulator.google.gmail_ids import message_id

EMAIL = "ada@example.com"
ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), EMAIL)


@dataclass
class Google:
    """A person at the simulated Google, and our ways there."""

    world: World
    person: Person
    lane: Lane
    tokens: MemoryTokens


@asynccontextmanager
async def google(*, mails: int = 0, meetings: int = 0) -> AsyncGenerator[Google]:
    """Yield somebody with so many mails and meetings."""
    clock = VirtualClock()
    world = google_world(clock, seed=7)
    person = world.settle(EMAIL, mails=mails, meetings=meetings, seed=7)
    tokens = MemoryTokens()
    granted = [world.oauth.issue(EMAIL, frozenset(SCOPES)).access_token for _ in range(4)]
    tokens.grant(ACCOUNT.id, granted[0], *granted[1:])
    transport = InProcess({"google.test": google_site(world)})
    async with open_client("https://google.test", transport=transport) as client:
        yield Google(world, person, Lane(client, tokens, MemoryQuota(), clock, fault_of), tokens)


def there(person: Person) -> dict[str, tuple[str, bool]]:
    """Return what Gmail holds: each message's subject, and whether it is read."""
    return {
        message_id(number): (mail.letter.subject, mail.is_read)
        for number, mail in person.mailbox.mails.items()
    }


async def read_mail(at: Google) -> dict[str, Message]:
    """Return every message, as a scan and fetches bring them."""
    found: dict[str, Message] = {}
    async with GmailProviders(at.lane).open(ACCOUNT) as mail:
        page: str | None = None
        while True:
            answer = await mail.scan(WHOLE_MAILBOX, page)
            waiting = [
                Wanted(one.remote_id, one.thread_id)
                for one in answer.items
                if isinstance(one, Upserted)
            ]
            while waiting:
                fetched = await mail.fetch(waiting)
                found.update({k: one for k, one in fetched.items() if isinstance(one, Message)})
                waiting = [one for one in waiting if one.remote_id not in found]
            page = answer.next_page
            if page is None:
                return found


async def test_a_mailbox_is_read_as_it_is() -> None:
    """Every message comes once, with its subject, text and read state."""
    async with google(mails=120) as at:
        found = await read_mail(at)

        assert {key: (one.subject, one.is_read) for key, one in found.items()} == there(at.person)
        assert all(one.parse_error is None and one.participants for one in found.values())
        assert any(one.text for one in found.values())


async def test_what_changes_is_told_from_the_cursor_on() -> None:
    """New, moved, read and deleted messages are all in the history, and then nothing is."""
    async with google(mails=10) as at, GmailProviders(at.lane).open(ACCOUNT) as mail:
        cursor = await mail.cursor_before_scan(WHOLE_MAILBOX)
        assert cursor is not None
        box = at.person.mailbox
        first, second, third = sorted(box.mails)[:3]
        box.place(first, add=frozenset({"STARRED"}))
        box.mark(second, is_read=not box.get(second).is_read)
        box.delete(third)
        added = box.add(box.get(first).letter, places=frozenset({"INBOX"}))

        page = await mail.changes(WHOLE_MAILBOX, cursor, None)

        told: dict[str, list[Change]] = {}
        for change in page.items:
            told.setdefault(change.remote_id, []).append(change)
        ids = [message_id(number) for number in (first, second, third, added.number)]
        starred, marked, deleted, new = (told[one][-1] for one in ids)
        assert isinstance(starred, Upserted)
        assert starred.folders_added == {"STARRED"}
        assert isinstance(marked, Upserted)
        assert marked.is_read is box.get(second).is_read
        assert deleted == Removed(ids[2])
        assert isinstance(new, Upserted)
        assert "INBOX" in new.folders_added
        assert page.cursor is not None
        assert (await mail.changes(WHOLE_MAILBOX, page.cursor, None)).items == ()


async def test_an_expired_history_and_a_void_token_are_told_apart() -> None:
    """One asks for a scan, the other is renewed without a word."""
    async with google(mails=3) as at, GmailProviders(at.lane).open(ACCOUNT) as mail:
        cursor = await mail.cursor_before_scan(WHOLE_MAILBOX)
        assert cursor is not None
        at.world.oauth.void(await at.tokens.access_token(ACCOUNT.id))
        await mail.changes(WHOLE_MAILBOX, cursor, None)
        assert at.tokens.refreshes == 1

        at.world.expire_cursors()
        with pytest.raises(CursorExpired):
            await mail.changes(WHOLE_MAILBOX, cursor, None)


async def test_attachments_come_by_their_place() -> None:
    """What the message says of an attachment is enough to get its bytes, of that size."""
    async with google(mails=120) as at, GmailProviders(at.lane).open(ACCOUNT) as mail:
        found = await read_mail(at)
        holder = next(one for one in found.values() if one.attachments)
        for each in holder.attachments:
            data = await mail.attachment(holder.remote_id, each.remote_id)
            assert len(data) == each.size_bytes


async def test_a_calendar_is_read_and_followed() -> None:
    """Masters and exceptions come as they are, then changes, then nothing."""
    async with google(meetings=40) as at, GoogleCalendars(at.lane).open(ACCOUNT) as calendar:
        page = await calendar.scan(PRIMARY, None)
        events = {one.remote_id: one for one in page.items if isinstance(one, Event)}
        titles = {
            meeting.plan.title
            for meeting in at.person.agenda.meetings.values()
            if not meeting.is_cancelled
        }
        assert titles <= {one.title for one in events.values()}
        assert any(one.recurrence for one in events.values())
        assert all(one.start.at or one.start.day for one in events.values())

        assert page.cursor is not None
        number = next(
            number
            for number, meeting in at.person.agenda.meetings.items()
            if not meeting.is_cancelled and meeting.master is None and not meeting.plan.recurrence
        )
        at.person.agenda.cancel(number, at=at.world.clock.now())
        changed = await calendar.changes(PRIMARY, page.cursor, None)
        assert [type(one) for one in changed.items] == [Removed]
        assert changed.cursor is not None
        assert await calendar.changes(PRIMARY, changed.cursor, None) == Page(
            (), cursor=changed.cursor
        )

        at.world.expire_cursors()
        with pytest.raises(CursorExpired):
            await calendar.changes(PRIMARY, changed.cursor, None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.DRIP])
async def test_under_every_fault_what_is_read_is_true(kind: FaultKind) -> None:
    """Whatever goes wrong is a fault of ours by name, and a message that came is whole."""
    async with google(mails=60) as at:
        at.world.faults.set_rates({kind: 0.4}, seed=random.Random(kind).randrange(1000))  # noqa: S311 - a seed of a test.
        expected = there(at.person)
        for _ in range(8):
            try:
                found = await read_mail(at)
            except ProviderFault:
                continue
            assert set(found) <= set(expected)
            assert all(found[key].subject == expected[key][0] for key in found)
        at.world.faults.clear()
        at.tokens.grant(ACCOUNT.id, at.world.oauth.issue(EMAIL, frozenset(SCOPES)).access_token)
        assert len(await read_mail(at)) == len(expected)
