"""A simulated Microsoft with one person, and our providers for it, without any socket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.answer import Fields
from jobs.providers.http import Lane, open_client
from jobs.providers.microsoft.calendar import GraphCalendarProvider, GraphCalendarProviders
from jobs.providers.microsoft.faults import fault_of
from jobs.providers.microsoft.mail import GraphMailProvider, GraphMailProviders
from jobs.providers.quota import MemoryQuota
from jobs.sync.items import Event
from jobs.sync.provider import AccountRef, Change, Removed
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.microsoft import Office, microsoft_site, microsoft_world
from support.simulated import START

ADA = "ada@example.com"
ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), ADA)
SCOPES = frozenset({"openid", "email", "offline_access", "User.Read", "Mail.Read"}) | {
    "Calendars.Read"
}
IMMUTABLE = 'IdType="ImmutableId"'
HOST = "https://graph.test"


@dataclass(slots=True)
class Microsoft:
    """Ada's account, and a token for it."""

    mails: int = 0
    meetings: int = 0
    scopes: frozenset[str] = SCOPES
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    seen: list[tuple[Asked, Answer]] = field(default_factory=list[tuple[Asked, Answer]])
    world: World = field(init=False)
    office: Office = field(init=False)
    site: Site = field(init=False)
    person: Person = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        """Let Ada live there."""
        self.world = microsoft_world(self.clock)
        self.world.drip_s = 0
        self.office = Office(self.world)
        self.site = microsoft_site(self.world, self.office)
        self.site.on_served = lambda asked, answer: self.seen.append((asked, answer))
        self.person = self.world.settle(ADA, "Ada", mails=self.mails, meetings=self.meetings)
        first, *more = [self.world.oauth.issue(ADA, self.scopes).access_token for _ in range(9)]
        self.token = first
        self.tokens.grant(ACCOUNT.id, first, *more)

    @asynccontextmanager
    async def lane(self) -> AsyncGenerator[Lane]:
        """Yield what our requests go along."""
        transport = InProcess({"graph.test": self.site})
        async with open_client(HOST, transport=transport) as client:
            yield Lane(client, self.tokens, MemoryQuota(), self.clock, fault_of)

    @asynccontextmanager
    async def mail(self) -> AsyncGenerator[GraphMailProvider]:
        """Yield our provider of Ada's mail."""
        async with self.lane() as lane, GraphMailProviders(lane).open(ACCOUNT) as mail:
            yield mail

    @asynccontextmanager
    async def calendar(self) -> AsyncGenerator[GraphCalendarProvider]:
        """Yield our provider of Ada's calendar."""
        async with self.lane() as lane, GraphCalendarProviders(lane).open(ACCOUNT) as calendar:
            yield calendar

    async def ask(
        self, path: str, *, prefer: str = "", method: str = "GET", given: object = None
    ) -> httpx2.Response:
        """Return the answer to Ada's request, made by hand."""
        headers = {"authorization": f"Bearer {self.token}", "prefer": prefer}
        transport = InProcess({"graph.test": self.site})
        async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
            return await client.request(method, path, headers=headers, json=given)

    async def get(self, path: str, *, prefer: str = "") -> Any:
        """Return what a request that succeeds finds."""
        response = await self.ask(path, prefer=prefer)
        assert response.status_code == 200, response.text
        return response.json()

    async def walked(self, path: str, *, prefer: str = IMMUTABLE) -> tuple[list[Fields], str]:
        """Return all items of a walk, and the link to what changes from now on."""
        items: list[Fields] = []
        while True:
            page = await self.get(path, prefer=prefer)
            items += page["value"]
            if "@odata.deltaLink" in page:
                assert "@odata.nextLink" not in page
                return items, cast("str", page["@odata.deltaLink"])
            path = page["@odata.nextLink"]


async def scanned(mail: GraphMailProvider, folder: str) -> tuple[list[Change], str]:
    """Return everything in a folder, and the cursor that follows."""
    items: list[Change] = []
    page = None
    while True:
        answer = await mail.scan(folder, page)
        items += answer.items
        page = answer.next_page
        if page is None:
            assert answer.cursor is not None
            return items, answer.cursor


async def changed(mail: GraphMailProvider, folder: str, cursor: str) -> tuple[list[Change], str]:
    """Return everything that changed in a folder since, and the next cursor."""
    items: list[Change] = []
    page = None
    while True:
        answer = await mail.changes(folder, cursor, page)
        items += answer.items
        page = answer.next_page
        if page is None:
            assert answer.cursor is not None
            return items, answer.cursor


async def events_of(calendar: GraphCalendarProvider) -> tuple[dict[str, Event], str]:
    """Return every event in the window by its id, and the cursor that follows."""
    return await _applied(calendar, {}, None)


async def events_after(
    calendar: GraphCalendarProvider, before: dict[str, Event], cursor: str
) -> tuple[dict[str, Event], str]:
    """Return what becomes of events with the changes since."""
    return await _applied(calendar, before, cursor)


async def _applied(
    calendar: GraphCalendarProvider, before: dict[str, Event], cursor: str | None
) -> tuple[dict[str, Event], str]:
    held, page = dict(before), None
    while True:
        if cursor is None:
            answer = await calendar.scan("primary", page)
        else:
            answer = await calendar.changes("primary", cursor, page)
        for item in answer.items:
            if isinstance(item, Removed):
                held.pop(item.remote_id, None)
            else:
                held[item.remote_id] = item
        page = answer.next_page
        if page is None:
            assert answer.cursor is not None
            return held, answer.cursor
