"""`sanderling accounts policy`: whose mail stays out, who becomes a contact, what is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.accounts import AccountArgument
from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Home, Key
from sanderling.cli.session import with_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sanderling.api.account_models import AccountShown
    from sanderling.client import Sanderling


class VisibilityOption(StrEnum):
    """How much of a message others than its owner see."""

    METADATA = "metadata"
    SUBJECT = "subject"
    EVERYTHING = "everything"


class ContactsOption(StrEnum):
    """Who becomes a contact."""

    SENT = "sent"
    SENT_AND_RECEIVED = "sent_and_received"
    NONE = "none"


class KindOption(StrEnum):
    """A kind of mail that may be left out."""

    PROMOTIONS = "promotions"
    SOCIAL = "social"
    GROUPS = "groups"
    NON_PROFESSIONAL = "non_professional"


def policy(  # noqa: PLR0913 - each option of the command is one parameter.
    account: AccountArgument,
    *,
    visibility: Annotated[
        VisibilityOption | None,
        typer.Option(help="How much of a message others than its owner see."),
    ] = None,
    contacts: Annotated[ContactsOption | None, typer.Option(help="Who becomes a contact.")] = None,
    block: Annotated[
        list[str] | None,
        typer.Option(metavar="ENTRY", help="An address or @domain whose mail stays out."),
    ] = None,
    unblock: Annotated[
        list[str] | None, typer.Option(metavar="ENTRY", help="One to let in again.")
    ] = None,
    exclude: Annotated[
        list[KindOption] | None, typer.Option(help="A kind of mail that stays out.")
    ] = None,
    include: Annotated[
        list[KindOption] | None, typer.Option(help="A kind of mail to let in.")
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show the policy of an account, or change what is named; it holds from the next slice on."""
    from sanderling.cli.account_view import policy_view  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    blocked = _Turned(_entries("--block", block), _entries("--unblock", unblock))
    excluded = _Turned(exclude or (), include or ())

    async def choose(client: Sanderling) -> AccountShown:
        shown = await client.accounts.get(account)
        if not (visibility or contacts or blocked or excluded):
            return shown
        return await client.accounts.choose(
            account,
            visibility=visibility,
            contacts=contacts,
            blocklist=blocked.of(shown.policy.blocklist) if blocked else None,
            excluded=excluded.of(shown.policy.excluded) if excluded else None,
        )

    found = with_client(choose, url=url, key=key, home=home).policy
    Screen(as_json=as_json).show(found.model_dump(mode="json"), policy_view(found))
    return Exit.OK


@dataclass(frozen=True, slots=True)
class _Turned:
    """What is put on a list, and what is taken off it."""

    on: Sequence[str]
    off: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.on or self.off)

    def of(self, before: Sequence[str]) -> list[str]:
        return sorted({*map(str, before), *map(str, self.on)} - {*map(str, self.off)})


def _entries(option: str, entries: Sequence[str] | None) -> list[str]:
    from jobs.accounts.policy import blocked_form  # noqa: PLC0415 - keeps --help quick.

    found: list[str] = []
    for entry in entries or ():
        try:
            found.append(blocked_form(entry))
        except ValueError as error:
            raise typer.BadParameter(f"{entry!r} {error}", param_hint=option) from None
    return found
