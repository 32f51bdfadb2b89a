"""`sanderling messages`, `calendar-events` and `contacts`: what came in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict, TypeVar

import typer

from sanderling.cli.deeds import showing
from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit
from sanderling.cli.output import require_new, write_new, write_out
from sanderling.cli.session import with_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import BaseModel
    from rich.console import Console

    from sanderling.api.record_models import (
        CalendarEventPage,
        ContactPage,
        MessagePage,
        MessageShown,
    )
    from sanderling.client import Sanderling
    from sanderling.kernel.jsontext import JSON

    View = Callable[[Console], None]

Page = TypeVar("Page", bound="BaseModel")


class _Asked(TypedDict):
    """Which part of a list is wanted."""

    account_id: str | None
    limit: int
    cursor: str | None


Account = Annotated[
    str | None, typer.Option(metavar="ACCOUNT", help="Only what this account brought.")
]
_MESSAGE = typer.Argument(metavar="MESSAGE", help="Id of the message.")
MessageArgument = Annotated[str, _MESSAGE]


def _listing(
    read: Callable[[Sanderling, _Asked], Awaitable[Page]],
    view: Callable[[Page], View],
    *,
    about: str,
) -> Callable[..., int]:
    """Return the command that lists records of one kind, page by page."""

    def command(  # noqa: PLR0913 - each option of the command is one parameter.
        *,
        account: Account = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        url: URL = None,
        key: Key = None,
        home: Home = None,
        as_json: AsJSON = False,
    ) -> int:
        from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

        asked: _Asked = {"account_id": account, "limit": limit, "cursor": cursor}
        page = with_client(lambda client: read(client, asked), url=url, key=key, home=home)
        Screen(as_json=as_json).show_page(page.model_dump(mode="json"), view(page))
        return Exit.OK

    command.__doc__ = about
    return command


def _messages(page: MessagePage) -> View:
    from sanderling.cli.record_view import messages_view  # noqa: PLC0415 - keeps --help quick.

    return messages_view(page)


def _calendar_events(page: CalendarEventPage) -> View:
    from sanderling.cli.record_view import calendar_events_view  # noqa: PLC0415 - as above.

    return calendar_events_view(page)


def _contacts(page: ContactPage) -> View:
    from sanderling.cli.record_view import contacts_view  # noqa: PLC0415 - as above.

    return contacts_view(page)


show_messages = _listing(
    lambda client, asked: client.messages.list(**asked),
    _messages,
    about="List messages, newest first.",
)
show_calendar_events = _listing(
    lambda client, asked: client.calendar_events.list(**asked),
    _calendar_events,
    about="List the events of calendars, the latest start first.",
)
show_contacts = _listing(
    lambda client, asked: client.contacts.list(**asked),
    _contacts,
    about="List contacts, the last found first.",
)


def _show(terminal: Console, message: MessageShown) -> None:
    from sanderling.cli.record_view import show_one  # noqa: PLC0415 - keeps --help quick.

    show_one(terminal, message)


show_message = showing(
    _MESSAGE,
    lambda client, message: client.messages.get(message),
    _show,
    about="Show one message with its text, and with what is known of its attachments.",
)


def save_attachment(  # noqa: PLR0913 - each option of the command is one parameter.
    message: MessageArgument,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="Place of the attachment; the first is 1.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to keep it, or - for standard output; else here, under its own name.",
        ),
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Fetch an attachment from its provider and keep it as a file that was not there."""
    from sanderling.cli.record_view import saved_view  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    if output is not None and str(output) != "-":
        require_new(output)
    found = with_client(
        lambda client: client.messages.attachment(message, number), url=url, key=key, home=home
    )
    if str(output) == "-":
        write_out(found.content)
        return Exit.OK
    # The name is fit already; it must lead nowhere else, whatever the server is.
    file = output or Path(found.name)
    write_new(file, found.content)
    shown: dict[str, JSON] = {"file": str(file), "size_bytes": len(found.content)}
    Screen(as_json=as_json).show(shown, saved_view(str(file), len(found.content)))
    return Exit.OK
