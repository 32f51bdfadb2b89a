"""A simulated mailbox and agenda tell exactly what changed."""

import pytest

from sanderling.simulator.core.agenda import Agenda, UnknownMeeting
from sanderling.simulator.core.mailbox import ChangeKind, Mailbox, UnknownMail
from support.simulated import START, letter, plan

INBOX, ARCHIVE = frozenset({"inbox"}), frozenset({"archive"})


def test_the_log_tells_every_change_in_order() -> None:
    """Adding, moving, reading and deleting are four lines after the point of the start."""
    mailbox = Mailbox()
    start = mailbox.seq

    mail = mailbox.add(letter(), places=INBOX)
    mailbox.place(mail.number, add=ARCHIVE, remove=INBOX)
    mailbox.mark(mail.number, is_read=True)
    mailbox.delete(mail.number)

    changes = mailbox.changes_after(start)
    assert [change.kind for change in changes] == [
        ChangeKind.ADDED,
        ChangeKind.PLACED,
        ChangeKind.READ,
        ChangeKind.DELETED,
    ]
    assert changes[1].places_added == ARCHIVE
    assert changes[1].places_removed == INBOX
    assert changes[-1].mail.is_read
    assert mailbox.changes_after(changes[1].seq) == changes[2:]
    assert [change.seq for change in changes] == sorted({change.seq for change in changes})


def test_what_is_so_already_is_no_change() -> None:
    """Putting a mail where it lies and marking it as it is leave the log alone."""
    mailbox = Mailbox()
    mail = mailbox.add(letter(), places=INBOX)
    seq = mailbox.seq

    mailbox.place(mail.number, add=INBOX, remove=ARCHIVE)
    mailbox.mark(mail.number, is_read=False)

    assert mailbox.seq == seq
    assert mailbox.get(mail.number) is mail


def test_a_thread_lasts_as_long_as_one_of_its_mails() -> None:
    """A reply keeps the thread of a first mail that was deleted; the last one ends it."""
    mailbox = Mailbox()
    first = mailbox.add(letter(), places=INBOX)
    reply = mailbox.add(letter("Re: Hello"), places=INBOX, thread=first.number)

    mailbox.delete(first.number)
    left = mailbox.thread(first.number)
    mailbox.delete(reply.number)

    assert left == (reply,)
    assert mailbox.thread_count == 0
    with pytest.raises(UnknownMail):
        mailbox.thread(first.number)
    with pytest.raises(UnknownMail):
        mailbox.get(reply.number)


def test_numbers_are_never_used_again() -> None:
    """A deleted mail's number is not the next one's."""
    mailbox = Mailbox()
    gone = mailbox.add(letter(), places=INBOX)
    mailbox.delete(gone.number)

    assert mailbox.add(letter(), places=INBOX).number != gone.number


def test_an_expiry_leaves_earlier_points_below_the_floor() -> None:
    """Every point that was given out is too old, and the one given out now is not."""
    mailbox = Mailbox()
    mailbox.add(letter(), places=INBOX)
    seq, generation = mailbox.seq, mailbox.generation

    mailbox.expire()

    assert seq < mailbox.floor <= mailbox.seq
    assert mailbox.generation == generation + 1
    assert mailbox.changes_after(mailbox.seq) == []


def test_newest_first_follows_every_change() -> None:
    """The order is by time, and a mail that is gone is not in it."""
    mailbox = Mailbox()
    old = mailbox.add(letter("Old"), places=INBOX)
    new = mailbox.add(letter("New", START.replace(hour=10)), places=INBOX)
    both = mailbox.newest_first()

    mailbox.delete(new.number)

    assert both == (new, old)
    assert mailbox.newest_first() == (old,)


def test_an_edit_keeps_the_place_and_changes_the_letter() -> None:
    """A rewritten draft has new content and lies where it lay."""
    mailbox = Mailbox()
    mail = mailbox.add(letter("Draft"), places=INBOX, is_draft=True)

    edited = mailbox.edit(mail.number, letter("Better draft"))

    assert edited.letter.subject == "Better draft"
    assert edited.places == INBOX
    assert edited.content_changed > mail.content_changed


def test_an_agenda_tells_of_each_meeting_once_by_its_last_change() -> None:
    """What changed twice comes once, at the later place, and nothing after `until` comes."""
    agenda = Agenda()
    first = agenda.add(plan(), at=START)
    second = agenda.add(plan(), at=START)
    seen = agenda.seq
    agenda.edit(first.number, plan(), at=START)

    everything = agenda.changed_after(0, until=agenda.seq)

    assert [kept.number for kept in everything] == [second.number, first.number]
    assert agenda.changed_after(0, until=seen) == [agenda.get(second.number)]
    assert agenda.changed_after(seen, until=agenda.seq) == [agenda.get(first.number)]


def test_cancelling_a_series_cancels_its_exceptions() -> None:
    """A meeting that was moved does not outlive its series; all of them stay to be told of."""
    agenda = Agenda()
    master = agenda.add(plan("RRULE:FREQ=DAILY;COUNT=3"), at=START)
    exception = agenda.add(plan(), at=START, master=master.number, original_start=master.plan.start)

    agenda.cancel(master.number, at=START)

    assert agenda.get(exception.number).is_cancelled
    assert agenda.get(master.number).is_cancelled
    assert exception.uid == master.uid
    with pytest.raises(UnknownMeeting):
        agenda.get(99)
