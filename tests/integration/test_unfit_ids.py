"""Ids that no database could hold end no stream: what has one is left out and counted."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from random import Random

import httpx2
import pytest

from jobs.sync.bounds import MOST_ID_BYTES, stand_in
from jobs.sync.budget import SliceEnd
from jobs.sync.calendar import CalendarSync
from jobs.sync.items import CalendarRef, Folder, FolderRole
from jobs.sync.mail import MailSync
from jobs.sync.memory_calendar import (
    MemoryCalendar,
    MemoryCalendarEvents,
    MemoryCalendarProviders,
)
from jobs.sync.memory_mail import MemoryFolderMail, MemoryMail, MemoryMailProviders
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.google.calendar_event import event_id
from sanderling.simulator.google.gmail_ids import message_id
from sanderling.simulator.microsoft import ids
from support.records import START
from support.remote import ACCOUNT, LEASE, foldered_mailbox, whole_mailbox
from support.remote_calendar import an_event
from support.simulated import START as FIRST
from support.simulated import letter, plan
from support.simulated_account import BRANDS, SimulatedAccount
from support.sync_stores import Shown, opened_records

_PRINTABLE = [chr(each) for each in range(0x21, 0x7F)]


def noise(chars: int, seed: int) -> str:
    """Return text that no database makes shorter, without the backslash."""
    random = Random(seed)  # noqa: S311 - repeatable.
    return "".join(random.choices(_PRINTABLE, k=chars)).replace("\\", "/")


LONG = noise(4000, 1)
LONGEST_KEPT = noise(MOST_ID_BYTES, 2)
MARKS = "\\" * 171 + noise(10, 3)
"""Not long by its characters, but by the marks that it is kept as."""
EACH_UNFIT = pytest.mark.parametrize("unfit", [LONG, MARKS, "\ud83d" * 171, "é" * 513])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def shown(request: pytest.FixtureRequest) -> AsyncGenerator[Shown]:
    """Yield empty stores of each kind in turn."""
    kind: str = request.param
    url = None if kind == "memory" else request.getfixturevalue(f"{kind}_url")
    async with opened_records(url) as opened:
        yield opened


async def mail_ends(sync: MailSync) -> list[SliceEnd]:
    """Bring mail in until nothing is left to do; return how each slice ended."""
    ends: list[SliceEnd] = []
    for work in (sync.list_changes, sync.fetch_wanted, sync.list_changes):
        for _ in range(20):
            ends.append(await work(ACCOUNT, LEASE, MailPolicy()))
            assert ends[-1].fault is None
            if ends[-1].is_done:
                break
    return ends


async def subjects(shown: Shown) -> set[str]:
    """Return what people see of mail."""
    page = await shown.records.messages(ACCOUNT.workspace_id, limit=99)
    return {each.message.subject for each in page.rows}


async def titles(shown: Shown) -> set[str]:
    """Return what people see of calendars."""
    page = await shown.records.events(ACCOUNT.workspace_id, limit=99)
    return {each.event.title for each in page.rows}


def a_mail_sync(mail: MemoryMail, shown: Shown) -> MailSync:
    """Return a process that syncs a mailbox."""
    return MailSync(
        MemoryMailProviders({ACCOUNT.id: mail}), shown.mail, VirtualClock(START), lambda: 0.5
    )


@EACH_UNFIT
@pytest.mark.parametrize("kind", [MemoryMail, MemoryFolderMail])
async def test_a_message_whose_id_is_not_fit_is_left_out_and_counted(
    shown: Shown, kind: type[MemoryMail], unfit: str
) -> None:
    """What comes before and after it comes in, in the scan and among the changes."""
    mailbox = whole_mailbox() if kind is MemoryMail else foldered_mailbox()
    inbox = frozenset({"inbox"})
    mailbox.add(folders=inbox, subject="before")
    mailbox.put(replace(mailbox.messages[mailbox.add(folders=inbox)], remote_id=unfit))
    mailbox.add(folders=inbox, subject="after")
    sync = a_mail_sync(kind(mailbox), shown)

    first = await mail_ends(sync)
    assert await subjects(shown) == {"before", "after", "m000002"}
    assert sum(each.left_out for each in first) == 1
    mailbox.put(replace(mailbox.messages["m000001"], remote_id=f"{unfit}{LONG}"))
    mailbox.add(folders=inbox, subject="later")
    later = await mail_ends(sync)

    assert await subjects(shown) == {"before", "after", "m000002", "later"}
    assert sum(each.left_out for each in later) == 1
    assert (await mail_ends(sync))[-1].items == 0


async def test_what_is_as_long_as_may_be_is_kept(shown: Shown) -> None:
    """Message, thread and folder of the greatest length together are a row like another one."""
    folder = Folder(LONGEST_KEPT, "long", FolderRole.OTHER, is_synced=True)
    mailbox = foldered_mailbox()
    mailbox.folders = (*mailbox.folders, folder)
    name = mailbox.add(folders=frozenset({LONGEST_KEPT}), subject="long", thread_id=noise(1024, 4))
    mailbox.put(replace(mailbox.messages.pop(name), remote_id=noise(1024, 5)))
    sync = a_mail_sync(MemoryFolderMail(mailbox), shown)

    ends = await mail_ends(sync)

    assert await subjects(shown) == {"long"}
    assert {each.left_out for each in ends} == {0}
    assert LONGEST_KEPT in await shown.mail.places(ACCOUNT.id)


async def test_threads_and_labels_that_are_not_fit_are_kept_by_what_stands_for_them(
    shown: Shown,
) -> None:
    """Nothing of the message is lost, and two of one thread are of one thread."""
    mailbox = whole_mailbox()
    for subject in ("one", "two"):
        mailbox.add(folders=frozenset({"inbox", MARKS}), subject=subject, thread_id=LONG)
    ends = await mail_ends(a_mail_sync(MemoryMail(mailbox), shown))

    page = await shown.records.messages(ACCOUNT.workspace_id, limit=99)
    assert {each.message.subject for each in page.rows} == {"one", "two"}
    assert {each.message.thread_id for each in page.rows} == {stand_in(LONG)}
    assert {each.message.folders for each in page.rows} == {frozenset({"inbox", stand_in(MARKS)})}
    assert {each.left_out for each in ends} == {0}


async def test_a_folder_whose_id_is_not_fit_is_left_out_and_counted(shown: Shown) -> None:
    """The others are followed; it is counted each time that folders are listed."""
    mailbox = foldered_mailbox()
    unfit = Folder(LONG, "long", FolderRole.OTHER, is_synced=True)
    mailbox.folders = (unfit, *mailbox.folders)
    mailbox.add(folders=frozenset({LONG}), subject="within")
    mailbox.add(folders=frozenset({"inbox"}), subject="beside")

    ends = await mail_ends(a_mail_sync(MemoryFolderMail(mailbox), shown))

    assert await subjects(shown) == {"beside"}
    assert ends[0].left_out == 1
    assert LONG not in await shown.mail.places(ACCOUNT.id)


class TwoCalendars(MemoryCalendarEvents):
    """A provider with a second calendar, whose id is not fit."""

    async def calendars(self) -> tuple[CalendarRef, ...]:
        """Return both."""
        return (*await super().calendars(), CalendarRef(LONG, "long", is_primary=False))


@EACH_UNFIT
async def test_events_and_calendars_whose_ids_are_not_fit_are_left_out_and_counted(
    shown: Shown, unfit: str
) -> None:
    """An exception of a series that is not kept is kept all the same."""
    calendar = MemoryCalendar()
    calendar.put(an_event("a", "before"))
    calendar.put(an_event(unfit, "not fit"))
    calendar.put(an_event("z", "exception", recurring_id=LONG))
    calendar.put(an_event(LONGEST_KEPT, "long", recurring_id=noise(MOST_ID_BYTES, 6)))
    providers = MemoryCalendarProviders({ACCOUNT.id: TwoCalendars(calendar)})
    sync = CalendarSync(providers, shown.calendars, VirtualClock(START))

    end = await sync.list_changes(ACCOUNT, LEASE, MailPolicy())

    assert (end.fault, end.is_done, end.left_out) == (None, True, 2)
    assert await titles(shown) == {"before", "exception", "long"}
    exceptions = await shown.calendars.exceptions(ACCOUNT.id, "primary", [stand_in(LONG)])
    assert [each.event.title for each in exceptions] == ["exception"]


class Renamed(httpx2.AsyncBaseTransport):
    """A provider that has other words for some things than it should."""

    def __init__(self, site: InProcess, names: Mapping[str, str]) -> None:
        """Say the second of each pair of `names` instead of the first."""
        self._site = site
        self._names = names

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, renamed."""
        response = await self._site.handle_async_request(request)
        body = await response.aread()
        for name, other in self._names.items():
            body = body.replace(f'"{name}"'.encode(), f'"{other}"'.encode())
        kept = {"content-type": response.headers.get("content-type", "")}
        return httpx2.Response(response.status_code, headers=kept, content=body)


def a_hostile(brand: str, names: dict[str, str]) -> SimulatedAccount:
    """Return an account at a provider that renames, which it may be told later."""
    return SimulatedAccount(brand, lambda site: Renamed(site, names))


@pytest.mark.parametrize("brand", BRANDS)
async def test_mail_of_a_hostile_provider_comes_in_but_for_what_has_no_fit_id(
    shown: Shown, brand: str
) -> None:
    """A long id, one that is no text in addresses, and a thread of great length."""
    names: dict[str, str] = {}
    account = a_hostile(brand, names)
    box = account.person.mailbox
    inbox = frozenset({"INBOX" if brand == "google" else "inbox"})
    made = [box.add(letter(each), places=inbox) for each in ("one", "two", "three", "four")]
    told = [
        message_id(each.number)
        if brand == "google"
        else ids.message_id(account.person, each.number)
        for each in made
    ]
    names |= {told[1]: "x" * 5000, told[2]: ".."}
    sync = MailSync(account.mail(), shown.mail, account.clock, lambda: 0.5)

    ends = await mail_ends(sync)

    assert await subjects(shown) == {"one", "four"}
    assert sum(each.left_out for each in ends) == 2


@pytest.mark.parametrize("brand", BRANDS)
async def test_calendars_of_a_hostile_provider_come_in_but_for_what_has_no_fit_id(
    shown: Shown, brand: str
) -> None:
    """What is before and after it is kept, and the cursor is followed."""
    names: dict[str, str] = {}
    account = a_hostile(brand, names)
    agenda = account.person.agenda
    first, hostile, last = (
        agenda.add(replace(plan(), title=each), at=FIRST) for each in ("a", "b", "c")
    )
    assert first.number < hostile.number < last.number
    if brand == "google":
        names[event_id(account.person, hostile.number)] = "y" * 2000
    else:
        names[ids.event_id(account.person, ids.EventId(hostile.number))] = "y" * 2000
    sync = CalendarSync(account.calendars(), shown.calendars, account.clock)

    ends = [await sync.list_changes(ACCOUNT, LEASE, MailPolicy()) for _ in range(2)]

    assert await titles(shown) == {"a", "c"}
    assert [(each.fault, each.is_done) for each in ends] == [(None, True)] * 2
    assert sum(each.left_out for each in ends) == 1
