"""What came in, as people read it: strangers neither steer the terminal nor forge lines."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from sanderling.api.record_models import (
    AddressShown,
    AttachmentShown,
    AttendeeShown,
    CalendarEventPage,
    CalendarEventShown,
    ContactPage,
    ContactShown,
    MessagePage,
    MessageShown,
    MomentShown,
    ParticipantShown,
)
from sanderling.cli.record_view import (
    calendar_events_view,
    contacts_view,
    messages_view,
    show_one,
)

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b[2J\x9b1m\u202eevil\x07\r\n  account     acc_forged\u2028"


def a_message(text: str = "Hello", **members: Any) -> MessageShown:
    """Return a message in which every text is the same."""
    message = MessageShown(
        id="msg_1",
        account_id="acc_1",
        thread_id=text,
        sender=AddressShown(name=text, email=text),
        subject=text,
        sent_at=AT,
        received_at=AT,
        is_outgoing=False,
        is_read=False,
        is_draft=False,
        folders=[text],
        attachment_count=1,
        rfc_message_id=text,
        participants=[ParticipantShown(name=text, email=text, role="reply_to")],
        text=text,
        attachments=[
            AttachmentShown(id=text, name=text, media_type=text, size_bytes=7, is_inline=False)
        ],
        parse_error=text,
    )
    return message.model_copy(update=members)


def an_event(text: str = "Meeting", **members: Any) -> CalendarEventShown:
    """Return an event in which every text is the same."""
    event = CalendarEventShown(
        id="evt_1",
        account_id="acc_1",
        calendar_id=text,
        status="confirmed",
        is_private=False,
        title=text,
        description=text,
        location=text,
        conference_url=text,
        start=MomentShown(at=AT, zone=text, day=None),
        end=MomentShown(at=None, zone=None, day=date(2026, 11, 27)),
        recurrence=[text],
        original_start=None,
        attendees=[
            AttendeeShown(
                name=text, email=text, response="accepted", is_organizer=False, is_optional=False
            )
        ],
    )
    return event.model_copy(update=members)


def printed(view: Callable[[Console], None]) -> str:
    """Return what a view prints."""
    terminal = Console(file=StringIO(), width=200)
    view(terminal)
    assert isinstance(terminal.file, StringIO)
    return terminal.file.getvalue()


def all_of(text: str) -> list[str]:
    """Return every view of records in which every text is the same."""
    contact = ContactShown(name=text, email=text, account_id="acc_1", found_at=AT)
    return [
        printed(messages_view(MessagePage(items=[a_message(text)], next_cursor=None))),
        printed(calendar_events_view(CalendarEventPage(items=[an_event(text)], next_cursor=None))),
        printed(contacts_view(ContactPage(items=[contact], next_cursor=None))),
        printed(lambda terminal: show_one(terminal, a_message(text))),
    ]


@pytest.mark.parametrize("number", range(4))
def test_nothing_that_strangers_wrote_steers_the_terminal(number: int) -> None:
    """Control and format characters are written as escapes, wherever a text is shown."""
    shown = all_of(HOSTILE)[number]

    steering = {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert steering == {"\n"}
    assert "evil" in shown
    assert "\\x1b[2J" in shown


def test_no_fact_of_a_message_passes_for_another() -> None:
    """What would begin a line of its own stays on the line of its fact; only the text has lines."""
    shown = all_of(HOSTILE)[3]

    head, _, text = shown.partition("\n\n")
    assert [line for line in head.splitlines() if line.strip().startswith("acc_forged")] == []
    assert [line.split()[1] for line in head.splitlines() if line.startswith("  account")] == [
        "acc_1"
    ]
    assert "acc_forged" in text


def test_a_message_is_shown_with_what_is_known_of_it() -> None:
    """Facts that there are not have no line."""
    message = a_message(sent_at=None, parse_error=None, subject=None)
    message = message.model_copy(update={"text": "Dear\nAda"})

    shown = printed(lambda terminal: show_one(terminal, message))

    assert shown.splitlines() == [
        "(no subject)",
        "  message     msg_1",
        "  account     acc_1",
        "  received    2026-11-26 12:00:00 UTC",
        "  reply-to    Hello <Hello>",
        "  folders     Hello",
        "  attachment  1. Hello (Hello, 7 bytes)",
        "",
        "Dear",
        "Ada",
    ]


def test_lists_say_when_and_what() -> None:
    """A whole day is a date; what is private has no title; nothing at all leads to the accounts."""
    private = an_event(is_private=True, title=None)
    event = printed(calendar_events_view(CalendarEventPage(items=[private], next_cursor=None)))
    oldest = a_message(received_at=datetime(1, 1, 1, tzinfo=UTC), sender=None)
    message = printed(messages_view(MessagePage(items=[oldest], next_cursor=None)))
    nothing = printed(contacts_view(ContactPage(items=[], next_cursor=None)))

    assert "2026-11-26 12:00:00 UTC 2026-11-27 (private) confirmed 1 evt_1" in " ".join(
        event.split()
    )
    assert "0001-01-01 00:00:00 UTC Hello msg_1" in " ".join(message.split())
    assert "sanderling accounts list" in nothing
