"""Processes that end or lose an account amid their work leave nothing wrong to the next one."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest

from jobs.streams.errors import LeaseLost
from jobs.sync.calendar import CalendarSync
from jobs.sync.mail import MailSync
from jobs.sync.ports import CalendarStore, MailStore
from jobs.sync.rules import MailPolicy
from support.keeping import Keeping, MemoryKeeping, SQLKeeping
from support.lasting_remote import opened
from support.simulated import START, letter, plan
from support.simulated_account import ACCOUNT, BRANDS
from support.simulated_calendar_remote import SimulatedCalendar
from support.simulated_mail_remote import POLICY, SimulatedMail
from support.simulated_remote import SimulatedRemote

pytestmark = pytest.mark.slow


@pytest.fixture(params=["memory", "sqlite"])
async def keeping(request: pytest.FixtureRequest) -> AsyncGenerator[Keeping]:
    """Yield what an account is kept in, of each kind in turn."""
    if request.param == "memory":
        yield MemoryKeeping()
        return
    database = await opened(request.getfixturevalue("sqlite_url"))
    yield SQLKeeping(database)
    await database.close()


class Held:
    """A store whose first commit waits until the test lets it go on."""

    def __init__(self, store: Any) -> None:
        """Stand before `store`."""
        self._store = store
        self.came, self.may_go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        """Return what the store has."""
        return getattr(self._store, name)

    async def commit(self, *batch: object) -> None:
        """Write a batch, late."""
        self.came.set()
        await self.may_go.wait()
        await self._store.commit(*batch)


async def handed_over(
    remote: SimulatedRemote, late: Awaitable[object], held: Held, *deeds: Callable[[], object]
) -> None:
    """Let a worker stop just before it writes, another one take over, and the first one go on.

    Whoever takes over follows each of the deeds that are done at the provider meanwhile.
    """
    working = asyncio.ensure_future(late)
    await held.came.wait()
    await remote.keeping.succeed()
    for deed in deeds:
        await remote.slices()
        remote.look()
        deed()
        remote.look()
        await remote.slices()
    held.may_go.set()
    with suppress(LeaseLost):
        await working


async def equal(remote: SimulatedRemote) -> None:
    """Compare what is kept, and what was told, with what there is, once all is calm."""
    await remote.quiesce()
    local = await remote.local()
    assert local == remote.remote()
    known = list(await remote.told())
    assert Counter(known) == Counter(each[: len(known[0])] for each in local.values())
    assert not await remote.false_ends()


@pytest.mark.parametrize("brand", BRANDS)
async def test_mail_that_a_lost_worker_fetched_is_not_brought_back(
    brand: str, keeping: Keeping
) -> None:
    """It was deleted since, the next worker heard of it, and nobody would be told again."""
    remote = SimulatedMail(brand, keeping)
    remote.box.add(letter("stays"), places=frozenset({"INBOX" if remote.is_google else "inbox"}))
    mail = remote.box.add(letter(), places=frozenset({"INBOX" if remote.is_google else "inbox"}))
    lease = remote.lease()
    await remote.sync().list_changes(ACCOUNT, lease, POLICY)
    account, held = remote.account, Held(remote.store)
    sync = MailSync(account.mail(), cast("MailStore", held), account.clock, lambda: 0.5)
    late = sync.fetch_wanted(ACCOUNT, lease, POLICY)

    await handed_over(remote, late, held, lambda: remote.box.delete(mail.number))

    await equal(remote)


@pytest.mark.parametrize("brand", BRANDS)
async def test_event_that_a_lost_worker_saw_hides_no_later_change(
    brand: str, keeping: Keeping
) -> None:
    """The next worker told of a change under the number that this one would use again."""
    remote = SimulatedCalendar(brand, keeping)
    await remote.slices()
    meeting = remote.agenda.add(plan(), at=START)
    lease, account, held = remote.lease(), remote.account, Held(remote.store)

    sync = CalendarSync(account.calendars(), cast("CalendarStore", held), account.clock)
    late = sync.list_changes(ACCOUNT, lease, MailPolicy())

    def retitle(title: str) -> None:
        remote.agenda.edit(meeting.number, replace(meeting.plan, title=title), at=START)

    await handed_over(remote, late, held, lambda: retitle("second"))
    retitle("third")

    await equal(remote)


@pytest.mark.parametrize("made", [SimulatedMail, SimulatedCalendar])
@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("death", ["transaction", "commit"])
async def test_process_that_ends_within_or_after_any_commit_loses_nothing(
    made: type[SimulatedMail] | type[SimulatedCalendar], brand: str, death: str, keeping: Keeping
) -> None:
    """What was taken in and how far that is are written together."""
    remote = made(brand, keeping)
    for at in range(1, 8):
        for number in range(4):
            if isinstance(remote, SimulatedMail):
                place = "INBOX" if remote.is_google else "inbox"
                remote.box.add(letter(f"{at}.{number}"), places=frozenset({place}))
            else:
                remote.agenda.add(replace(plan(), title=f"{at}.{number}"), at=START)
        remote.strike(seed=at, fault=None, rate=0, edits=0, death=death, at=at)
        await remote.one_pass()

        await equal(remote)
