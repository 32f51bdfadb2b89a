"""A provider that means harm, or is broken, gets no more than its own account to be late."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.google.calendar import GoogleCalendars
from jobs.providers.google.faults import fault_of as google_fault_of
from jobs.providers.google.mail import GmailProviders
from jobs.providers.http import FaultReader, Lane, open_client
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.faults import fault_of as graph_fault_of
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.providers.quota import MemoryQuota
from jobs.sync.faults import ProviderFault
from jobs.sync.items import Message
from jobs.sync.provider import (
    CalendarProvider,
    Deferred,
    Fetched,
    Gone,
    MailProvider,
    Page,
    Upserted,
    Wanted,
)
from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.site import Site
from support.google import Google
from support.hostile_provider import Hostile, texts_in
from support.microsoft import ACCOUNT, Microsoft
from support.simulated import START, letter, plan

_LONGEST_TEXT = 2**20
seeds = st.integers(0, 2**32)
Account: TypeAlias = tuple[Site, str, FaultReader]


def _microsoft() -> Account:
    microsoft = Microsoft(mails=12, meetings=6)
    microsoft.person.agenda.add(plan("RRULE:FREQ=DAILY;COUNT=3"), at=START)
    return microsoft.site, microsoft.token, graph_fault_of


def _google() -> Account:
    google = Google(mails=12, meetings=6)
    google.person.mailbox.add(letter(), places=frozenset({"INBOX"}))
    return google.site, google.token, google_fault_of


@asynccontextmanager
async def _lane(account: Account, at: int, seed: int) -> AsyncGenerator[Lane]:
    site, token, reads = account
    tokens = MemoryTokens()
    tokens.grant(ACCOUNT.id, token, token)
    host = "provider.test"
    hostile = Hostile(InProcess({host: site}), at, Random(seed))  # noqa: S311 - repeatable.
    async with open_client(f"https://{host}", transport=hostile) as client:
        yield Lane(client, tokens, MemoryQuota(), VirtualClock(START), reads)


async def _read_mail(mail: MailProvider, found: list[object]) -> None:
    """Read a whole account, as the engine does."""
    folders = await mail.folders()
    found.append(folders)
    for folder in [each for each in folders if each.is_synced][:2]:
        cursor = await mail.cursor_before_scan(folder.remote_id)
        page: Page[Any] = await mail.scan(folder.remote_id, None)
        found.append(page)
        wanted = [Wanted(one.remote_id) for one in page.items if isinstance(one, Upserted)]
        fetched = await mail.fetch(wanted)
        found.append([_checked(each) for each in fetched.values()])
        if page.cursor or cursor:
            found.append(await mail.changes(folder.remote_id, page.cursor or cursor or "", None))


def _checked(fetched: Fetched) -> object:
    if isinstance(fetched, Message):
        for file in fetched.attachments:
            assert 0 <= file.size_bytes < 2**63
        return fetched
    assert isinstance(fetched, Gone | Deferred)
    return None


async def _read_calendar(calendar: CalendarProvider, found: list[object]) -> None:
    page: Page[Any] = await calendar.scan("primary", None)
    found.append(page)
    if page.cursor:
        found.append(await calendar.changes("primary", page.cursor, None))


async def _calm(reading: Awaitable[None]) -> None:
    """Read as far as a fault with a name; nothing else may be raised."""
    with suppress(ProviderFault):
        await reading


def _assert_fit(found: list[object]) -> None:
    for text in texts_in(found):
        assert len(text) <= _LONGEST_TEXT
        assert "\x00" not in text
        text.encode()  # halves of surrogate pairs cannot be.


@settings(max_examples=30)
@given(seed=seeds, at=st.integers(1, 14))
async def test_whatever_google_answers_is_read_or_refused(seed: int, at: int) -> None:
    """Any value at any place of an answer is a fault with a name, or fit to be kept."""
    found: list[object] = []
    async with _lane(_google(), at, seed) as lane:
        async with GmailProviders(lane).open(ACCOUNT) as mail:
            await _calm(_read_mail(mail, found))
        async with GoogleCalendars(lane).open(ACCOUNT) as calendar:
            await _calm(_read_calendar(calendar, found))

    _assert_fit(found)


@settings(max_examples=30)
@given(seed=seeds, at=st.integers(1, 14))
async def test_whatever_graph_answers_is_read_or_refused(seed: int, at: int) -> None:
    """Any value at any place of an answer is a fault with a name, or fit to be kept."""
    found: list[object] = []
    async with _lane(_microsoft(), at, seed) as lane:
        async with GraphMailProviders(lane).open(ACCOUNT) as mail:
            await _calm(_read_mail(mail, found))
        async with GraphCalendarProviders(lane).open(ACCOUNT) as calendar:
            await _calm(_read_calendar(calendar, found))

    _assert_fit(found)
