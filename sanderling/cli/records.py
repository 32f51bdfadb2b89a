"""`sanderling messages`, `calendar-events` and `contacts`: what came in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit
from sanderling.cli.output import require_new, write_new, write_out
from sanderling.cli.session import with_client

if TYPE_CHECKING:
    from sanderling.kernel.jsontext import JSON

Account = Annotated[
    str | None, typer.Option(metavar="ACCOUNT", help="Only what this account brought.")
]
MessageArgument = Annotated[str, typer.Argument(metavar="MESSAGE", help="Id of the message.")]


def show_messages(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    account: Account = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List messages, newest first."""
    from sanderling.cli.record_view import messages_view  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    page = with_client(
        lambda client: client.messages.list(account_id=account, limit=limit, cursor=cursor),
        url=url,
        key=key,
        home=home,
    )
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), messages_view(page))
    return Exit.OK


def show_message(
    message: MessageArgument,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show one message with its text, and with what is known of its attachments."""
    from sanderling.cli.record_view import show_one  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    shown = with_client(lambda client: client.messages.get(message), url=url, key=key, home=home)
    Screen(as_json=as_json).show(
        shown.model_dump(mode="json"), lambda terminal: show_one(terminal, shown)
    )
    return Exit.OK


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


def show_calendar_events(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    account: Account = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List the events of calendars, the latest start first."""
    from sanderling.cli.record_view import calendar_events_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    page = with_client(
        lambda client: client.calendar_events.list(account_id=account, limit=limit, cursor=cursor),
        url=url,
        key=key,
        home=home,
    )
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), calendar_events_view(page))
    return Exit.OK


def show_contacts(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    account: Account = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List contacts, the last found first."""
    from sanderling.cli.record_view import contacts_view  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    page = with_client(
        lambda client: client.contacts.list(account_id=account, limit=limit, cursor=cursor),
        url=url,
        key=key,
        home=home,
    )
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), contacts_view(page))
    return Exit.OK
