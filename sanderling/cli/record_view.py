"""What came in, as people read it: strangers wrote it, so nothing of it steers the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console

    from sanderling.api.record_models import (
        AddressShown,
        AttachmentShown,
        CalendarEventPage,
        ContactPage,
        MessagePage,
        MessageShown,
        MomentShown,
    )

    View = Callable[[Console], None]

_NOTHING = "Nothing came in. `sanderling accounts list` shows how sync goes."


def messages_view(page: MessagePage) -> View:
    """Return a view of messages as a table."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (
            _moment(row.received_at or row.sent_at),
            _address(row.sender),
            _line(row.subject),
            row.id,
        )
        for row in page.items
    ]
    return table_view("Messages", ("received", "from", "subject", "id"), rows, empty=_NOTHING)


def calendar_events_view(page: CalendarEventPage) -> View:
    """Return a view of events as a table."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (
            _when(event.start),
            _when(event.end),
            "(private)" if event.is_private else _line(event.title),
            event.status,
            str(len(event.attendees)),
            event.id,
        )
        for event in page.items
    ]
    columns = ("start", "end", "title", "status", "attendees", "id")
    return table_view("Calendar events", columns, rows, empty=_NOTHING)


def contacts_view(page: ContactPage) -> View:
    """Return a view of contacts as a table."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (_line(contact.name), _line(contact.email), _moment(contact.found_at), contact.account_id)
        for contact in page.items
    ]
    return table_view("Contacts", ("name", "e-mail", "found", "account"), rows, empty=_NOTHING)


def saved_view(file: str, size_bytes: int) -> View:
    """Return a view that says where an attachment was kept."""
    from sanderling.cli.quantity import format_bytes  # noqa: PLC0415 - keeps --help quick.

    line = f"Kept {visible(file)} ({format_bytes(size_bytes)})."
    return lambda terminal: terminal.print(line, style="green")


def show_one(terminal: Console, message: MessageShown) -> None:
    """Print one message: what it is, who takes part, and its text below."""
    terminal.print(visible(_line(message.subject)) or "(no subject)", style="bold")
    facts = [
        ("message", message.id),
        ("account", message.account_id),
        ("sent", _moment(message.sent_at)),
        ("received", _moment(message.received_at)),
        *((each.role.replace("_", "-"), _address(each)) for each in message.participants),
        ("folders", ", ".join(map(_line, message.folders))),
        *(
            ("attachment", f"{number}. {_attachment(each)}")
            for number, each in enumerate(message.attachments, 1)
        ),
        ("malformed", _line(message.parse_error)),
    ]
    for name, fact in facts:
        if fact:
            terminal.print(f"  {name:<11} {visible(fact)}")
    if message.text:
        terminal.print(f"\n{visible(message.text)}")


def _attachment(attachment: AttachmentShown) -> str:
    kind = f"{_line(attachment.media_type)}, {attachment.size_bytes} bytes"
    return f"{_line(attachment.name)} ({kind})"


def _address(address: AddressShown | None) -> str:
    if address is None:
        return ""
    return _line(f"{address.name} <{address.email}>" if address.name else address.email)


def _line(text: str | None) -> str:
    """Return `text` on one line, so that it cannot pass for the next one."""
    return " ".join((text or "").split())


def _when(moment: MomentShown) -> str:
    return moment.day.isoformat() if moment.day else _moment(moment.at)


def _moment(moment: datetime | None) -> str:
    # Not moved to another zone: at the ends of time that leads beyond them.
    if moment is None:
        return ""
    return moment.isoformat(" ", "seconds").replace("+00:00", " UTC")
