"""Two simulated providers on loopback, and people there whose accounts are connected and synced."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import httpx2

from config.layers import Layers
from config.loader import build_snapshot
from jobs.accounts.account import Provider
from jobs.accounts.consent import Answer
from jobs.sync.items import EventStatus
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.simulator.core.mail import Mail
from sanderling.simulator.core.meeting import When
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google.gmail_ids import labels_of
from sanderling.simulator.microsoft import ids
from sanderling.simulator.providers import PROVIDERS
from sanderling.store import Database, SQLSyncRecords
from sanderling.wiring.foundation import open_foundation
from sanderling.wiring.sign_ins import build_accounts, open_sign_ins
from support.loopback import serving
from support.simulated import letter, plan
from support.watches import unwatched

Shown = tuple[object, ...]
ASGI = Callable[..., object]
_PAGE = 200
_MAIL = {Provider.GOOGLE: ("INBOX", "STARRED"), Provider.MICROSOFT: ("inbox", "archive")}
"""Where mail comes in, and where it is put: a label more, or the other folder."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is of one account: messages by subject, and events by title."""

    messages: Mapping[str, Shown]
    events: Mapping[str, Shown]


@dataclass(slots=True)
class Resident:
    """Somebody at a provider, whose account is connected here."""

    provider: Provider
    person: Person
    account_id: str = ""


@dataclass(slots=True)
class Town:
    """Everybody, and what changes of theirs; one event loop owns it."""

    worlds: Mapping[Provider, World]
    settings: Mapping[str, str]
    residents: list[Resident] = field(default_factory=list[Resident])
    _workspace_id: WorkspaceId | None = None
    edits: int = 0
    _made: int = 0

    def settle(self, count: int, *, mails: int, meetings: int) -> None:
        """Let `count` people live here, in turn at each provider, with so much each."""
        for number in range(count):
            provider = list(Provider)[number % len(Provider)]
            person = self.worlds[provider].settle(f"person{number}@{provider}.example")
            who = Resident(provider, person)
            self.residents.append(who)
            for _ in range(mails):
                self.write(who)
            for _ in range(meetings):
                self.meet(who)

    def write(self, who: Resident) -> Mail:
        """Let a message come in."""
        now = SystemClock().now().replace(microsecond=0)
        inbox = frozenset({_MAIL[who.provider][0]})
        return who.person.mailbox.add(letter(f"subject {self._number()}", now), places=inbox)

    def meet(self, who: Resident) -> None:
        """Let a meeting be planned."""
        now = SystemClock().now().replace(microsecond=0)
        planned = replace(plan(start=now + timedelta(days=1)), title=f"title {self._number()}")
        who.person.agenda.add(planned, at=now)

    def edit(self, random: Random) -> None:
        """Let somebody get, move, read or remove mail, or plan, change or call off a meeting."""
        who = random.choice(self.residents)
        deed = random.choice([self._edit_mail, self._edit_mail, self._edit_meeting])
        deed(who, random)
        self.edits += 1

    def _edit_mail(self, who: Resident, random: Random) -> None:
        box = who.person.mailbox
        deed = random.choice(["write", "write", "mark", "move", "delete"])
        if deed == "write" or not box.mails:
            self.write(who)
            return
        mail = box.get(random.choice(sorted(box.mails)))
        if deed == "mark":
            box.mark(mail.number, is_read=not mail.is_read)
        elif deed == "move":
            inbox, other = _MAIL[who.provider]
            is_moved = other in mail.places
            box.place(
                mail.number,
                add=frozenset({inbox if is_moved else other}),
                remove=frozenset({other if is_moved else inbox}),
            )
        else:
            box.delete(mail.number)

    def _edit_meeting(self, who: Resident, random: Random) -> None:
        agenda, now = who.person.agenda, SystemClock().now()
        present = [each for each in agenda.meetings.values() if not each.is_cancelled]
        deed = random.choice(["plan", "change", "change", "cancel"])
        if deed == "plan" or not present:
            self.meet(who)
            return
        chosen = random.choice(present)
        if deed == "cancel":
            agenda.cancel(chosen.number, at=now)
        else:
            changed = replace(chosen.plan, title=f"title {self._number()}")
            agenda.edit(chosen.number, changed, at=now)

    def _number(self) -> int:
        self._made += 1
        return self._made

    def there(self, who: Resident) -> Seen:
        """Return what the provider has."""
        return Seen(
            {
                each.letter.subject: (each.is_read, _folders(who, each))
                for each in who.person.mailbox.mails.values()
            },
            {
                each.plan.title: (_moment(each.plan.start),)
                for each in who.person.agenda.meetings.values()
                if not each.is_cancelled
            },
        )

    async def differing(self, database: Database, among: Sequence[Resident]) -> list[Resident]:
        """Return whose account, `among` these, does not hold exactly what the provider has."""
        records = SQLSyncRecords(database)
        return [who for who in among if await self._here(records, who) != self.there(who)]

    async def _here(self, records: SQLSyncRecords, who: Resident) -> Seen:
        here, mine = self._workspace_id, who.account_id
        assert here is not None
        messages, events = dict[str, Shown](), dict[str, Shown]()
        page = await records.messages(here, limit=_PAGE, account_id=mine)
        assert page.next_place is None
        for row in page.rows:
            messages[row.message.subject] = (row.message.is_read, row.message.folders)
        found = await records.events(here, limit=_PAGE, account_id=mine)
        assert found.next_place is None
        for event in found.rows:
            if event.event.status is not EventStatus.CANCELLED:
                events[event.event.title] = (event.event.start.at,)
        return Seen(messages, events)

    async def connect(self, home: Path, environment: Mapping[str, str]) -> None:
        """Connect everybody's account as the person's browser does, by consent at the provider."""
        layers = Layers(arguments={"SANDERLING_HOME": str(home)}, environment=environment)
        settings = build_snapshot(layers, rules=()).settings
        async with (
            open_foundation(settings) as foundation,
            open_sign_ins(settings, foundation.clock) as sign_ins,
            httpx2.AsyncClient(trust_env=False) as browser,
        ):
            accounts = build_accounts(settings, foundation, sign_ins, unwatched(foundation.clock))
            here = self._workspace_id = foundation.default_workspace_id
            for who in self.residents:
                departure = await accounts.connect(here, who.provider, email=who.person.email)
                page = await browser.get(departure.address)
                told = parse_qs(urlsplit(page.headers["location"]).query)
                account = await accounts.complete(
                    who.provider, state=told["state"][0], answer=Answer(told["code"][0])
                )
                assert account.email == who.person.email
                who.account_id = account.id


def _folders(who: Resident, mail: Mail) -> frozenset[str]:
    if who.provider is Provider.GOOGLE:
        return labels_of(mail) - {"UNREAD"}
    return frozenset(ids.folder_id(who.person, place) for place in mail.places)


def _moment(when: When) -> object:
    return when.day if when.day is not None else when.at


@asynccontextmanager
async def open_town(
    watched: Callable[[Site], ASGI], *, latency_s: float = 0.0
) -> AsyncGenerator[Town]:
    """Yield a town where nobody lives yet; each request goes through what `watched` returns."""
    worlds: dict[Provider, World] = {}
    settings: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        for each in PROVIDERS:
            world = each.world(SystemClock())
            world.drip_s, world.latency_s = 0.0, latency_s
            worlds[Provider(each.name)] = world
            base_url = await stack.enter_async_context(serving(watched(each.site(world))))
            settings |= each.settings(base_url)
        yield Town(worlds, settings)
