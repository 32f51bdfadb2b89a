"""`sanderling accounts`: people's mail and calendars, connected and looked after."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.deeds import Deeds, showing
from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rich.console import Console

    from sanderling.api.account_models import AccountShown, AccountSummary, DepartureShown
    from sanderling.client import Sanderling

_ACCOUNT = typer.Argument(metavar="ACCOUNT", help="Id of the account.")
AccountArgument = Annotated[str, _ACCOUNT]

_LOOK_AGAIN_S = 1.0
_PAGE = 100
_LOOKS = 30
"""How often to look for the account once somebody came back; the provider is asked meanwhile."""


class ProviderOption(StrEnum):
    """Who keeps an account."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"


class ChannelOption(StrEnum):
    """What is synced of an account."""

    GMAIL = "gmail"
    GOOGLE_CALENDAR = "google-calendar"
    MICROSOFT_MAIL = "microsoft-mail"
    MICROSOFT_CALENDAR = "microsoft-calendar"


def connect(  # noqa: PLR0913 - each option of the command is one parameter.
    provider: Annotated[
        ProviderOption, typer.Argument(metavar="PROVIDER", help="Whose account it is.")
    ],
    *,
    channel: Annotated[
        list[ChannelOption] | None,
        typer.Option(help="What is synced; by default all that is turned on."),
    ] = None,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Which account is meant.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Ask the owner, too, to let mail be sent.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the account is there.")] = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Begin to connect an account: its owner opens the address that is shown and consents."""
    from sanderling.cli.account_view import show_departure  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen, console  # noqa: PLC0415 - as above.

    screen = Screen(as_json=as_json)

    async def begin(client: Sanderling) -> DepartureShown:
        return await client.accounts.connect(
            provider, channels=channel or (), email=email, sends=send
        )

    async def see_through(client: Sanderling) -> AccountSummary:
        known = {account.id: account async for account in _every(client)}
        departure = await begin(client)
        show_departure(console(is_error=True), departure)
        return await _arrival(client, departure, known, email)

    if wait:
        account = with_client(see_through, url=url, key=key, home=home)
        screen.tell(account.model_dump(mode="json"), f"Connected {account.email}: {account.id}.")
    else:
        departure = with_client(begin, url=url, key=key, home=home)
        screen.show(
            departure.model_dump(mode="json"),
            lambda terminal: show_departure(terminal, departure),
        )
    return Exit.OK


async def _arrival(
    client: Sanderling,
    departure: DepartureShown,
    known: dict[str, AccountSummary],
    email: str | None,
) -> AccountSummary:
    """Return the account that came of an errand, once somebody has come back from it.

    Raises:
        ConsentRefused: nobody came back in time, or not with a consent.

    """
    from jobs.accounts.errors import ConsentRefused  # noqa: PLC0415 - keeps --help quick.
    from sanderling.kernel.clock import SystemClock  # noqa: PLC0415 - as above.

    clock = SystemClock()
    while await _is_under_way(client, departure.id):
        await clock.wait_s(_LOOK_AGAIN_S)
    for _ in range(_LOOKS):
        found = None
        async for account in _every(client):
            is_new = known.get(account.id) != account or account.email == email
            if is_new and _is_meant(account, departure):
                found = account
        if found is not None:
            # Of several it is the one that was connected last.
            return found
        await clock.wait_s(_LOOK_AGAIN_S)
    raise ConsentRefused(
        reason="nobody came back in time, or the page in the browser says why not",
        what_to_do="Connect again",
    )


async def _every(client: Sanderling) -> AsyncGenerator[AccountSummary]:
    """Yield all accounts of the workspace, the oldest first, page after page."""
    cursor: str | None = None
    while True:
        page = await client.accounts.list(limit=_PAGE, cursor=cursor)
        for account in page.items:
            yield account
        cursor = page.next_cursor
        if cursor is None:
            return


def _is_meant(account: AccountSummary, departure: DepartureShown) -> bool:
    return (
        account.provider == departure.provider
        and account.status == "connected"
        and set(departure.channels) <= set(account.channels)
    )


async def _is_under_way(client: Sanderling, errand_id: str) -> bool:
    from jobs.accounts.errors import ErrandUnknown  # noqa: PLC0415 - keeps --help quick.

    try:
        await client.accounts.errand(errand_id)
    except ErrandUnknown:
        return False
    return True


def show_list(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    needs_reconnect: Annotated[
        bool,
        typer.Option("--needs-reconnect", help="Only those whose owners have to connect again."),
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List the connected accounts, and what has to be done about them."""
    from sanderling.cli.account_view import (  # noqa: PLC0415 - keeps --help quick.
        NOBODY_YET,
        accounts_view,
    )
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    status = "needs_reauth" if needs_reconnect else None
    shown = with_client(
        lambda client: client.accounts.list(status, limit=limit, cursor=cursor),
        url=url,
        key=key,
        home=home,
    )
    empty = "Nobody has to connect again." if needs_reconnect else NOBODY_YET
    Screen(as_json=as_json).show_page(shown.model_dump(mode="json"), accounts_view(shown, empty))
    return Exit.OK


def _show(terminal: Console, account: AccountShown) -> None:
    from sanderling.cli.account_view import show_account  # noqa: PLC0415 - keeps --help quick.

    show_account(terminal, account)


show = showing(
    _ACCOUNT,
    lambda client, account: client.accounts.get(account),
    _show,
    about="Show one account, and how each of its channels is getting on.",
)


def _tell(shown: AccountShown, sentence: str, as_json: bool) -> int:  # noqa: FBT001 - as `Deeds` hands it on.
    from sanderling.cli.account_view import what_to_do  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen, console  # noqa: PLC0415 - as above.

    Screen(as_json=as_json).tell(shown.model_dump(mode="json"), sentence)
    todo = what_to_do(shown)
    if todo and not as_json:
        console(is_error=True).print(visible(todo), style="yellow")
    return Exit.OK


_DEEDS = Deeds(_ACCOUNT, _tell)
pause = _DEEDS.command(
    lambda client, account: client.accounts.pause(account),
    about="Stop syncing an account until it is resumed; what is under way ends in order.",
    told="{} is paused.",
)
resume = _DEEDS.command(
    lambda client, account: client.accounts.resume(account),
    about="Let an account go on that was paused, or whose permission was put right.",
    told="{} goes on.",
)
sync = _DEEDS.command(
    lambda client, account: client.accounts.sync_now(account),
    about="Ask for sync now; a worker begins it within a few seconds.",
    told="Asked for sync of {}.",
)
resync = _DEEDS.command(
    lambda client, account: client.accounts.resync(account),
    about="Look through everything of an account anew; nothing that is kept is removed first.",
    told="{} is looked through anew.",
)


def disconnect(
    account: AccountArgument,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Forget an account, its tokens, messages and events; consent is taken back at Google."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    with_client(lambda client: client.accounts.disconnect(account), url=url, key=key, home=home)
    Screen(as_json=as_json).tell({"disconnected": account}, f"{account} is forgotten.")
    return Exit.OK
