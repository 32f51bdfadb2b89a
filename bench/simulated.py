"""One account at a provider that is simulated in this process, full of mail or of meetings."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import httpx2

from jobs.providers.google.faults import fault_of as google_fault
from jobs.providers.google.methods import SCOPES as GOOGLE_SCOPES
from jobs.providers.http import FaultReader, Lane, open_client
from jobs.providers.microsoft.faults import fault_of as graph_fault
from jobs.providers.microsoft.methods import SCOPES as MICROSOFT_SCOPES
from jobs.providers.quota import MemoryQuota
from sanderling.kernel.clock import SystemClock
from sanderling.simulator.core.agenda_seeds import AgendaSeed
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.mail import Genre, Letter, Mail
from sanderling.simulator.core.mail_seeds import MailSeed
from sanderling.simulator.core.mailbox import Mailbox
from sanderling.simulator.core.placing import Placing
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import World
from sanderling.simulator.google import google_site, google_world
from sanderling.simulator.microsoft import microsoft_site, microsoft_world

OWNER: Final = "ada@example.com"
MAIL_BYTES: Final = 4096
_HOST: Final = "provider.test"
_LETTERS: Final = (Genre.LETTER, Genre.SENT, Genre.ARCHIVED)
_BY_NAME: Final = Placing({genre: frozenset({genre.value}) for genre in Genre})


class Tally(httpx2.AsyncBaseTransport):
    """Counts requests, and the CPU time that answering them takes in this thread."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        """Carry requests over `transport`, which does not wait."""
        self._transport = transport
        self.requests = 0
        self.served_ns = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, and count it."""
        self.requests += 1
        began_ns = time.thread_time_ns()
        answer = await self._transport.handle_async_request(request)
        self.served_ns += time.thread_time_ns() - began_ns
        return answer


@dataclass(frozen=True, slots=True)
class Brand:
    """One of the providers: its world and site, its scopes, and how its refusals read."""

    world: Callable[[SystemClock], World]
    site: Callable[[World], Site]
    scopes: Sequence[str]
    fault_of: FaultReader


GOOGLE: Final = Brand(google_world, google_site, GOOGLE_SCOPES, google_fault)
MICROSOFT: Final = Brand(microsoft_world, microsoft_site, MICROSOFT_SCOPES, graph_fault)


@dataclass(frozen=True, slots=True)
class OneToken:
    """Lets everybody in with the same token, which lasts for as long as a benchmark."""

    token: str

    async def access_token(self, account_id: str) -> str:  # noqa: ARG002 - it is everybody's.
        """Return it."""
        return self.token

    async def refresh(self, account_id: str, stale: str) -> str:  # noqa: ARG002 - as above.
        """Return it again."""
        return self.token


@dataclass(slots=True)
class Simulated:
    """The owner's account, what lies in it, and a lane to it."""

    brand: Brand
    world: World = field(init=False)
    tally: Tally = field(init=False)
    client: httpx2.AsyncClient = field(init=False)
    token: str = field(init=False)
    clock: SystemClock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        """Let the owner live there, with nothing."""
        self.world = self.brand.world(self.clock)
        self.world.settle(OWNER, "Ada")
        self.token = self.world.oauth.issue(OWNER, frozenset(self.brand.scopes)).access_token
        self.tally = Tally(InProcess({_HOST: self.brand.site(self.world)}))
        # A client over a transport of this process holds nothing that would have to be closed.
        self.client = open_client(f"https://{_HOST}", transport=self.tally)

    def lane(self) -> Lane:
        """Return the way to it that our adapters take."""
        return Lane(
            self.client, OneToken(self.token), MemoryQuota(), self.clock, self.brand.fault_of
        )

    def units(self) -> int:
        """Return how many quota units the provider has counted."""
        return sum(self.world.meter.units.values())

    def write_letters(self, number: int, *, in_threads: bool) -> None:
        """Fill the mailbox with letters of people, each as large as all of them.

        In threads they are as people write them, of one to six letters; else each is alone.
        """
        person = self.world.person(OWNER)
        scratch = Mailbox()
        MailSeed(1, person.owner, self.clock.now()).fill(scratch, 3 * number, _BY_NAME)
        first: dict[int, int] = {}
        for mail in [each for each in scratch.mails.values() if _genre(each) in _LETTERS][:number]:
            added = person.mailbox.add(
                _sized(mail.letter),
                places=self.world.placing.places(_genre(mail)),
                thread=first.get(mail.thread) if in_threads else None,
                is_read=mail.is_read,
            )
            first.setdefault(mail.thread, added.number)

    def plan_meetings(self, number: int) -> None:
        """Fill the calendar with meetings, of which some are series and some their exceptions."""
        person = self.world.person(OWNER)
        AgendaSeed(1, person.owner, self.clock.now()).fill(person.agenda, number)


def _genre(mail: Mail) -> Genre:
    (name,) = mail.places
    return Genre(name)


def _sized(letter: Letter) -> Letter:
    """Return a letter with as much text as makes it `MAIL_BYTES` long."""
    left = MAIL_BYTES - len(letter.html.encode())
    text = letter.text
    while len(text.encode()) < left:
        text += letter.text
    return replace(letter, text=text.encode()[: max(0, left)].decode(errors="ignore"))
