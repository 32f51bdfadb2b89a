"""The addresses at which providers send people back, and the page that they see there.

Guarantees: nothing of the request is repeated on the page; it has no link that leads back with a
code, no script, and sends nobody on. It is found by a state that is good once and that only the
person has who was sent; what is connected goes to the workspace from which that one was sent, and
a code of somebody else does not fit its challenge. Relies on the edge for the headers that every
answer has: no script, no frame, no referrer, nothing kept by caches.
"""

import html
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from jobs.accounts.account import Account, Provider
from jobs.accounts.consent import Answer
from jobs.accounts.errors import ConsentRefused, ErrandUnknown, ProviderDisabled
from jobs.streams.stream import Channel
from sanderling.api.exchange import exchange_of
from sanderling.api.respond import send_bytes
from sanderling.api.services import Services

PATHS: Final[Mapping[Provider, str]] = {
    Provider.GOOGLE: "/auth/google-apis/get-access-token",
    Provider.MICROSOFT: "/auth/microsoft-apis/get-access-token",
}

_NOWHERE = "unknown"
_MOST_FIELDS = 32
_CHANNELS = {
    Channel.GMAIL: "Gmail",
    Channel.GOOGLE_CALENDAR: "Google Calendar",
    Channel.MICROSOFT_MAIL: "Outlook mail",
    Channel.MICROSOFT_CALENDAR: "the Outlook calendar",
}
_PROVIDERS = {Provider.GOOGLE: "Google", Provider.MICROSOFT: "Microsoft"}


class AccountReturn:
    """Take in people who come back from one provider, and tell each how it ended."""

    def __init__(self, services: Services, provider: Provider) -> None:
        """Connect accounts with `services`."""
        self._accounts = services.accounts
        self._gate = services.gate
        self._provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nobody sends a body.
        """Answer with a page, whether an account was connected or not."""
        client = scope.get("client")
        address = client[0] if client else _NOWHERE
        # Anybody may come here, and each visit asks the database.
        await self._gate.limit((self._gate.lost_rule(address),))
        state, answer = _read(scope["query_string"])
        try:
            account = await self._accounts.complete(self._provider, state=state, answer=answer)
        except (ErrandUnknown, ConsentRefused, ProviderDisabled) as refusal:
            exchange_of(scope).problem = refusal.code
            page = _page("Not connected", refusal.detail, refusal.advice)
        else:
            page = _page("Connected", *_told(account))
        await send_bytes(send, page, content_type=b"text/html; charset=utf-8")


def _read(query: bytes) -> tuple[str, Answer]:
    """Return the state and the answer; what came twice, or not as text, did not come."""
    try:
        fields = parse_qs(query.decode("ascii"), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return "", Answer()

    def one(name: str) -> str:
        values = fields.get(name, [])
        return values[0] if len(values) == 1 else ""

    return one("state"), Answer(one("code") or None, one("error"), one("error_description"))


def _told(account: Account) -> list[str]:
    channels = " and ".join(_CHANNELS[channel] for channel in account.channels)
    provider = _PROVIDERS[account.provider]
    return [
        f"{account.email or 'The account'} is connected: {channels} will be kept in sync.",
        "You can close this page.",
        f"If you did not mean to connect it, remove the app in your account at {provider}.",
    ]


def _page(title: str, *sentences: str) -> bytes:
    paragraphs = "".join(f"<p>{html.escape(each)}</p>\n" for each in sentences if each)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<main>\n<h1>{html.escape(title)}</h1>\n{paragraphs}</main>\n</html>\n"
    ).encode()
