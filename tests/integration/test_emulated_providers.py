"""Sync and sign-in work with providers that others have emulated, not only with our own."""

import base64
import re
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from jobs.accounts.accounts import challenge_of
from jobs.accounts.tokens import MemoryTokens
from jobs.providers.google.faults import fault_of as gmail_fault_of
from jobs.providers.google.house import google_house
from jobs.providers.google.mail import GmailProviders
from jobs.providers.http import Lane, open_client
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.faults import fault_of as graph_fault_of
from jobs.providers.microsoft.house import microsoft_house
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.providers.quota import MemoryQuota
from jobs.providers.sign_in import App, House, OAuthSignIn
from jobs.streams.stream import Channel, Lease, StreamId
from jobs.sync.faults import AuthRevoked
from jobs.sync.held import Written
from jobs.sync.items import Event
from jobs.sync.mail import MailSync
from jobs.sync.memory_store import MemoryMailStore
from jobs.sync.provider import AccountRef, MailProviders
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from support.emulate import CALLBACK, CLIENT_ID, EMAIL, SECRET, TOKEN, emulated
from support.emulated import MendedGmail, MendedGraph

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("emulated")]

ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), EMAIL)
POLICY = MailPolicy(excludes_groups=False, excludes_non_professional=False)
VERIFIER = "a-verifier-of-at-least-forty-three-characters-x"
GMAIL = "/gmail/v1/users/me/messages"
GRAPH = "/v1.0/me/messages"
HIDDEN = {"TRASH", "SPAM", "DRAFT"}
SHELVES = ("inbox", "archive", "sentitems", "junkemail")
Seen = dict[str, tuple[object, ...]]


@pytest.fixture(scope="module")
def gmail() -> Generator[str]:
    """Yield the address of an emulated Google."""
    with emulated("google") as base_url:
        yield base_url


@pytest.fixture(scope="module")
def graph() -> Generator[str]:
    """Yield the address of an emulated Microsoft."""
    with emulated("microsoft") as base_url:
        yield base_url


@asynccontextmanager
async def _lane(base_url: str, transport: httpx2.AsyncBaseTransport) -> AsyncGenerator[Lane]:
    tokens = MemoryTokens()
    tokens.grant(ACCOUNT.id, TOKEN)
    read = gmail_fault_of if isinstance(transport, MendedGmail) else graph_fault_of
    async with open_client(base_url, transport=transport) as client:
        yield Lane(client, tokens, MemoryQuota(), VirtualClock(), read)


@dataclass(slots=True)
class Kept:
    """What we keep of the account, and the engine that keeps it."""

    providers: MailProviders
    store: MemoryMailStore = field(default_factory=lambda: MemoryMailStore(lambda _: True))
    clock: VirtualClock = field(default_factory=VirtualClock)

    async def sync(self) -> None:
        """Follow all changes and fetch what is wanted, until nothing is left to do."""
        sync = MailSync(self.providers, self.store, self.clock, lambda: 0.5)
        for _ in range(2):
            self.clock.advance(2 * 24 * 3600)
            for work in (sync.list_changes, sync.fetch_wanted):
                is_done = False
                while not is_done:
                    until = self.clock.now() + timedelta(minutes=1)
                    end = await work(ACCOUNT, Lease(StreamId("str_1"), "w", 1, until), POLICY)
                    assert end.fault is None
                    is_done = end.is_done

    def seen(self) -> Seen:
        """Return what people see of each message."""
        return {
            remote_id: (each.held.folders, each.held.is_read, each.message.subject)
            for remote_id, each in self.store.live(ACCOUNT.id).items()
        }


@dataclass(slots=True)
class Owner:
    """Whoever uses the account meanwhile, by the emulator's own interface."""

    client: httpx2.AsyncClient
    random: Random

    async def ask(self, method: str, path: str, given: object = None) -> Any:
        """Return what a request that succeeds is answered."""
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = await self.client.request(method, path, headers=headers, json=given)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def edit_gmail(self, number: int) -> None:
        """Do something to the mailbox."""
        listed = await self.ask("GET", f"{GMAIL}?includeSpamTrash=true&maxResults=500")
        ids = [one["id"] for one in listed["messages"]]
        deed = self.random.choice(["add", "add", "label", "unlabel", "trash", "untrash", "delete"])
        if deed == "add" or not ids:
            text = f"From: Bo <bo@x.org>\r\nTo: {EMAIL}\r\nSubject: {number}\r\n\r\nText {number}"
            raw = base64.urlsafe_b64encode(text.encode()).decode()
            labels = self.random.choice([["INBOX", "UNREAD"], ["INBOX"], ["SENT"], ["SPAM"]])
            await self.ask("POST", GMAIL, {"raw": raw, "labelIds": labels})
            return
        path = f"{GMAIL}/{self.random.choice(ids)}"
        if deed == "delete":
            await self.ask("DELETE", path)
        elif deed in {"trash", "untrash"}:
            await self.ask("POST", f"{path}/{deed}")
        else:
            label = self.random.choice(["STARRED", "UNREAD", "IMPORTANT", "INBOX"])
            name = "addLabelIds" if deed == "label" else "removeLabelIds"
            await self.ask("POST", f"{path}/modify", {name: [label]})

    async def gmail(self) -> Seen:
        """Return what Gmail shows."""
        found: Seen = {}
        listed = await self.ask("GET", f"{GMAIL}?includeSpamTrash=true&maxResults=500")
        for one in listed["messages"]:
            told = await self.ask("GET", f"{GMAIL}/{one['id']}?format=full")
            labels = {*told["labelIds"]}
            headers = {each["name"]: each["value"] for each in told["payload"]["headers"]}
            if not labels & HIDDEN:
                seen = (frozenset(labels - {"UNREAD"}), "UNREAD" not in labels, headers["Subject"])
                found[one["id"]] = seen
        return found

    async def edit_graph(self, number: int) -> None:
        """Do something to the mailbox."""
        ids = [one["id"] for one in (await self.ask("GET", f"{GRAPH}?$top=500"))["value"]]
        deed = self.random.choice(["add", "add", "move", "move", "mark", "delete"])
        if deed == "add" or not ids:
            to = [{"emailAddress": {"address": "bo@x.org"}}]
            made = await self.ask("POST", GRAPH, {"subject": f"{number}", "toRecipients": to})
            ids, deed = [made["id"]], "move"
        path = f"{GRAPH}/{self.random.choice(ids)}"
        if deed == "delete":
            await self.ask("DELETE", path)
        elif deed == "mark":
            await self.ask("PATCH", path, {"isRead": self.random.random() < 0.5})
        else:
            await self.ask("POST", f"{path}/move", {"destinationId": self.random.choice(SHELVES)})

    async def graph(self) -> Seen:
        """Return what Graph shows in folders that are synced."""
        listed = (await self.ask("GET", f"{GRAPH}?$top=500"))["value"]
        return {
            one["id"]: (frozenset({one["parentFolderId"]}), one["isRead"], one["subject"])
            for one in listed
            if one["parentFolderId"] in {"inbox", "archive", "sentitems"}
        }


@pytest.mark.parametrize("seed", range(2))
async def test_gmail_as_others_emulate_it_is_followed(gmail: str, seed: int) -> None:
    """After any edits, what is kept is what the mailbox shows: labels, read or not, and no more."""
    async with _lane(gmail, MendedGmail()) as lane, httpx2.AsyncClient(base_url=gmail) as client:
        owner, kept = Owner(client, Random(seed)), Kept(GmailProviders(lane))  # noqa: S311 - repeatable.
        for each in range(12):
            await owner.edit_gmail(each)
        for _ in range(5):
            await kept.sync()
            assert kept.seen() == await owner.gmail()
            for each in range(4):
                await owner.edit_gmail(each)
        assert kept.seen()


@pytest.mark.parametrize("seed", range(2))
async def test_graph_as_others_emulate_it_is_followed(graph: str, seed: int) -> None:
    """After any edits, what is kept is what the synced folders show, and no more."""
    async with _lane(graph, MendedGraph()) as lane, httpx2.AsyncClient(base_url=graph) as client:
        owner, kept = Owner(client, Random(seed)), Kept(GraphMailProviders(lane))  # noqa: S311 - repeatable.
        for each in range(6):
            await owner.edit_graph(each)
        for _ in range(5):
            await kept.sync()
            assert kept.seen() == await owner.graph()
            for each in range(4):
                await owner.edit_graph(each)
        assert kept.seen()


async def test_what_others_emulate_is_read_whole() -> None:
    """People, text and files of a message come over, and an event with its guests."""
    # Others move and delete what every mailbox begins with, so this one is its own.
    with emulated("microsoft") as base_url:
        written, content, events = await _whole(base_url)

    assert written.message.participants
    assert written.message.text
    assert content
    assert events
    assert all(each.title and each.attendees for each in events)


async def _whole(base_url: str) -> tuple[Written, bytes, list[Event]]:
    async with _lane(base_url, MendedGraph()) as lane:
        kept = Kept(GraphMailProviders(lane))
        await kept.sync()
        async with GraphMailProviders(lane).open(ACCOUNT) as mail:
            written = next(
                each
                for each in kept.store.live(ACCOUNT.id).values()
                if each.message.attachments and "inbox" in each.held.folders
            )
            file = written.message.attachments[0]
            content = await mail.attachment(written.message.remote_id, file.remote_id)
        async with GraphCalendarProviders(lane).open(ACCOUNT) as calendar:
            page = await calendar.scan("primary", None)

    return written, content, [each for each in page.items if isinstance(each, Event)]


def _houses(service: str, base_url: str) -> House:
    """Return a house whose addresses are where this emulator has them."""
    if service == "google":
        return replace(google_house(base_url), token_url=f"{base_url}/oauth2/token")
    base = f"{base_url}/oauth2/v2.0"
    house = microsoft_house(base_url)
    return replace(house, authorize_url=f"{base}/authorize", token_url=f"{base}/token")


async def _consented(client: httpx2.AsyncClient, address: str) -> str:
    """Choose the person on the page that people see, and return the code that comes back."""
    page = await client.get(address)
    assert page.is_success, page.text
    action = re.search(r'action="([^"]+)"', page.text)
    assert action is not None
    fields = {
        name: unescape(value)
        for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
    }
    back = await client.post(action[1], data=fields)
    url = urlsplit(back.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == CALLBACK
    told = parse_qs(url.query)
    assert told["state"] == ["s1"]
    return told["code"][0]


@pytest.mark.parametrize(
    ("service", "channel"), [("google", Channel.GMAIL), ("microsoft", Channel.MICROSOFT_MAIL)]
)
async def test_people_sign_in_where_others_emulate_it(
    service: str, channel: Channel, request: pytest.FixtureRequest
) -> None:
    """A code is redeemed with its verifier alone, tokens are renewed, and what is void ends."""
    base_url: str = request.getfixturevalue({"google": "gmail", "microsoft": "graph"}[service])
    house = _houses(service, base_url)
    probe: Mapping[str, str] = {"google": GMAIL, "microsoft": GRAPH}
    async with open_client(base_url) as client:
        app = App(CLIENT_ID, SECRET, CALLBACK)
        sign_in = OAuthSignIn(house, lambda: app, client, VirtualClock())
        address = sign_in.address(
            channels=[channel], state="s1", challenge=challenge_of(VERIFIER), email=EMAIL
        )
        stolen = await _consented(client, address)
        with pytest.raises(AuthRevoked):
            await sign_in.redeem(stolen, f"{VERIFIER}-of-somebody-else")

        granted = await sign_in.redeem(await _consented(client, address), VERIFIER)
        renewed = await sign_in.renew(granted.tokens)

        assert granted.email == EMAIL
        assert granted.subject
        assert sign_in.missing([channel], granted.scopes) == []
        assert renewed.access != granted.tokens.access
        headers = {"authorization": f"Bearer {renewed.access}"}
        assert (await client.get(probe[service], headers=headers)).is_success
        with pytest.raises(AuthRevoked):
            await sign_in.renew(replace(renewed, refresh="void"))
