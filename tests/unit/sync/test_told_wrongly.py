"""What convergence has found: providers tell too little, or once something that is not so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.meeting import Meeting, When
from support.simulated import START, letter, plan
from support.simulated_account import ACCOUNT, BRANDS
from support.simulated_calendar_remote import SimulatedCalendar
from support.simulated_mail_remote import POLICY, SimulatedMail

DAY = timedelta(days=1)


def called_off(remote: SimulatedCalendar, series: Meeting) -> Meeting:
    """Call the second date of a daily series off."""
    start = When(at=START + DAY)
    single = replace(series.plan, recurrence=(), start=start, end=When(at=START + DAY))
    made = remote.agenda.add(single, at=START, master=series.number, original_start=start)
    return remote.agenda.cancel(made.number, at=START)


@pytest.mark.parametrize("brand", BRANDS)
async def test_a_message_that_was_not_found_once_is_looked_for_again(brand: str) -> None:
    """A provider that answers 404 for what it has just listed does not make us lose it."""
    remote = SimulatedMail(brand)
    remote.box.add(letter(), places=frozenset({"INBOX" if remote.is_google else "inbox"}))
    remote.account.world.faults.set_rates({FaultKind.PART_404: 1.0})
    await remote.slices()
    assert await remote.local() == {}
    remote.calm()
    remote.pass_time()

    await remote.slices()

    assert await remote.local() == remote.remote() != {}
    assert not await remote.is_waiting()


async def test_a_message_that_is_not_found_twice_is_gone() -> None:
    """What was deleted between the list and the fetch is wanted for a minute, and not for ever."""
    remote = SimulatedMail("google")
    mail = remote.box.add(letter(), places=frozenset({"INBOX"}))
    remote.account.world.faults.set_rates({FaultKind.PART_404: 1.0})
    await remote.slices()
    remote.calm()
    remote.box.delete(mail.number)
    remote.box.expire()
    remote.pass_time()

    for _ in range(3):
        await remote.slices()

    assert await remote.local() == {}
    assert not await remote.is_waiting()
    assert await remote.keeping.announced() == []


async def test_a_series_that_a_batch_did_not_find_is_asked_for_by_itself() -> None:
    """All of its dates would be left out otherwise, and nobody would tell of them again."""
    remote = SimulatedCalendar("microsoft")
    for number in range(3):
        # One slice ends after the third series, so that the next knows its dates alone.
        remote.agenda.add(plan("RRULE:FREQ=DAILY;COUNT=6", start=START + number * DAY), at=START)
    remote.account.world.faults.set_rates({FaultKind.PART_404: 1.0})

    for _ in range(3):
        await remote.slices()

    assert await remote.local() == remote.remote()
    assert len(await remote.local()) == 18


@pytest.mark.parametrize("between", [0, 1, 5])
async def test_dates_called_off_of_a_series_that_came_and_went_leave_nothing(between: int) -> None:
    """Whether they are told of on the page of the series, or on a later one."""
    remote = SimulatedCalendar("google")
    await remote.slices()
    series = remote.agenda.add(plan("RRULE:FREQ=DAILY;COUNT=4"), at=START)
    date = called_off(remote, series)
    remote.agenda.cancel(series.number, at=START)
    for _ in range(between):
        remote.agenda.add(plan(), at=START)
    remote.agenda.edit(date.number, date.plan, at=START)

    await remote.slices()

    assert await remote.local() == remote.remote()
    assert len(await remote.local()) == between
    assert len(list(await remote.told())) == between


async def test_a_date_called_off_of_a_series_that_is_there_is_kept() -> None:
    """Without it the series would show that moment again."""
    remote = SimulatedCalendar("google")
    await remote.slices()
    called_off(remote, remote.agenda.add(plan("RRULE:FREQ=DAILY;COUNT=4"), at=START))

    await remote.slices()

    assert await remote.local() == remote.remote()
    assert len(await remote.local()) == 2


async def test_a_folder_that_ends_before_its_first_list_takes_its_mail_along() -> None:
    """A fetch finds mail in a new folder before anybody follows it, and nobody would tell of it."""
    remote = SimulatedMail("microsoft")
    office, person = remote.account.office, remote.account.person
    assert office is not None
    mail = remote.box.add(letter(), places=frozenset({"inbox"}))
    await remote.sync().list_changes(ACCOUNT, remote.lease(), POLICY)
    folder = office.folders(person).add("new", parent="inbox")
    remote.box.place(mail.number, add=frozenset({folder.key}), remove=mail.places)
    await remote.sync().fetch_wanted(ACCOUNT, remote.lease(), POLICY)
    assert len(await remote.local()) == 1
    office.remove_folder(person, folder.key)

    await remote.slices()

    assert await remote.local() == remote.remote() == {}
    assert list(await remote.told()) == []


@pytest.mark.parametrize("rescans", [0, 1, 3])
async def test_mail_that_moved_into_a_folder_ends_with_it(rescans: int) -> None:
    """However often the folder that it came from was scanned, and the one it came to was not."""
    remote = SimulatedMail("microsoft")
    office, person = remote.account.office, remote.account.person
    assert office is not None
    mail = remote.box.add(letter(), places=frozenset({"inbox"}))
    for _ in range(rescans):
        await remote.slices()
        remote.account.world.expire_cursors()
    await remote.slices()
    folder = office.folders(person).add("new", parent="deleteditems")
    remote.box.place(mail.number, add=frozenset({folder.key}), remove=mail.places)
    await remote.sync().list_changes(ACCOUNT, remote.lease(), POLICY)
    office.folders(person).move(folder.key, parent="inbox")
    await remote.sync().fetch_wanted(ACCOUNT, remote.lease(), POLICY)
    assert await remote.local() == remote.remote() != {}
    office.remove_folder(person, folder.key)

    await remote.slices()

    assert await remote.local() == remote.remote() == {}
    assert list(await remote.told()) == []


async def test_mail_fetched_while_its_folder_is_away_is_seen_once_the_folder_is_back() -> None:
    """Between two lists a folder may be thrown away and restored, and nothing in it changes."""
    remote = SimulatedMail("microsoft")
    office, person = remote.account.office, remote.account.person
    assert office is not None
    folders = office.folders(person)
    folder = folders.add("new", parent="inbox")
    await remote.slices()
    remote.box.add(letter(), places=frozenset({folder.key}))
    await remote.sync().list_changes(ACCOUNT, remote.lease(), POLICY)
    folders.move(folder.key, parent="deleteditems")
    await remote.sync().fetch_wanted(ACCOUNT, remote.lease(), POLICY)
    assert await remote.local() == {}
    folders.move(folder.key, parent="inbox")

    await remote.quiesce()

    assert await remote.local() == remote.remote()
    assert len(await remote.local()) == 1


async def test_a_message_that_moves_on_is_never_said_to_be_gone() -> None:
    """The folder that it left tells of it before the one that it came to, and keeps its content."""
    remote = SimulatedMail("microsoft")
    mail = remote.box.add(letter(), places=frozenset({"archive"}))
    await remote.slices()

    for folder in ("inbox", "sentitems", "projects"):
        left = remote.box.get(mail.number).places
        remote.box.place(mail.number, add=frozenset({folder}), remove=left)
        await remote.slices()

    assert await remote.local() == remote.remote()
    assert not [each for each in await remote.keeping.announced() if each.operation == "deleted"]


async def test_folder_that_is_renamed_while_folders_are_listed_keeps_its_mail() -> None:
    """The pages that follow leave it out, and only the changes since the first one tell of it."""
    remote = SimulatedMail("microsoft")
    office, person = remote.account.office, remote.account.person
    assert office is not None
    folders = office.folders(person)
    folder = folders.add("new", parent="inbox")
    remote.box.add(letter(), places=frozenset({folder.key}))
    await remote.slices()
    remote.storm.edit = lambda _: folders.rename(folder.key, f"name {remote.number()}")
    remote.storm.edits = 1.0

    await remote.sync().list_changes(ACCOUNT, remote.lease(), POLICY)
    await remote.sync().fetch_wanted(ACCOUNT, remote.lease(), POLICY)

    assert folders.get(folder.key).name != "new"
    assert await remote.local() == remote.remote() != {}
    assert not [each for each in await remote.keeping.announced() if each.operation == "deleted"]
