"""Seeds give the same realistic people for the same number."""

from collections import Counter
from itertools import groupby

from sanderling.simulator.core.mail import Genre
from sanderling.simulator.core.world import Person
from support.simulated import small_world

COUNT = 600


def _person(number: int) -> Person:
    return small_world().settle("ada@example.com", mails=COUNT, meetings=100, seed=number)


def test_the_same_number_gives_the_same_person() -> None:
    """Mails and meetings are equal in every detail, and another number's are not."""
    first, again, other = _person(1), _person(1), _person(2)

    assert first.mailbox.mails == again.mailbox.mails
    assert first.agenda.meetings == again.agenda.meetings
    assert first.mailbox.mails != other.mailbox.mails


def test_exactly_as_many_are_made_as_were_asked_for() -> None:
    """The counts hold although threads and series have lengths of their own."""
    person = _person(3)

    assert len(person.mailbox.mails) == COUNT
    assert len(person.agenda.meetings) == 100


def test_mails_are_of_every_kind() -> None:
    """Threads, files, foreign letters, lists that can be left and every genre are there."""
    mails = list(_person(4).mailbox.mails.values())

    threads = Counter(mail.thread for mail in mails)
    assert set(threads.values()) == {1, 2, 3, 4, 5, 6}
    assert {place for mail in mails for place in mail.places} == {*map(str, Genre)}
    assert any(mail.letter.files for mail in mails)
    assert any(not mail.letter.subject.isascii() for mail in mails)
    assert any("List-Unsubscribe" in dict(mail.letter.headers) for mail in mails)
    assert len({mail.letter.rfc_message_id for mail in mails}) == COUNT


def test_replies_refer_to_what_they_answer() -> None:
    """Each mail of a thread but its first names the one before it."""
    mails = sorted(_person(5).mailbox.mails.values(), key=lambda mail: (mail.thread, mail.number))

    replies = 0
    for _, thread in groupby(mails, key=lambda mail: mail.thread):
        first, *rest = thread
        assert "In-Reply-To" not in dict(first.letter.headers)
        before = first
        for mail in rest:
            headers = dict(mail.letter.headers)
            assert headers["In-Reply-To"] == before.letter.rfc_message_id
            assert headers["References"].split()[0] == first.letter.rfc_message_id
            before, replies = mail, replies + 1
    assert replies


def test_meetings_are_of_every_kind() -> None:
    """Whole days, series, exceptions, zones and people are there."""
    meetings = list(_person(6).agenda.meetings.values())

    assert any(found.plan.start.day for found in meetings)
    assert any(found.plan.recurrence for found in meetings)
    assert any(found.master for found in meetings)
    assert len({found.plan.start.zone for found in meetings}) > 2
    assert any(found.plan.invitees for found in meetings)
