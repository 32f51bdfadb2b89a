"""One account at a simulated provider, full of mail or of meetings."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from jobs.providers.google.faults import fault_of as google_fault
from jobs.providers.google.methods import MESSAGE, THREAD
from jobs.providers.google.methods import SCOPES as GOOGLE_SCOPES
from jobs.providers.http import FaultReader
from jobs.providers.microsoft.faults import fault_of as graph_fault
from jobs.providers.microsoft.methods import SCOPES as MICROSOFT_SCOPES
from sanderling.kernel.clock import SystemClock
from sanderling.simulator.core.agenda_seeds import AgendaSeed
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
_LETTERS: Final = (Genre.LETTER, Genre.SENT, Genre.ARCHIVED)
_BY_NAME: Final = Placing({genre: frozenset({genre.value}) for genre in Genre})


@dataclass(frozen=True, slots=True)
class Brand:
    """One of the providers: its world and site, its scopes, and how its refusals read."""

    world: Callable[[SystemClock], World]
    site: Callable[[World], Site]
    scopes: Sequence[str]
    fault_of: FaultReader


GOOGLE: Final = Brand(google_world, google_site, GOOGLE_SCOPES, google_fault)
MICROSOFT: Final = Brand(microsoft_world, microsoft_site, MICROSOFT_SCOPES, graph_fault)


@dataclass(slots=True)
class Simulated:
    """The owner's account, and what lies in it."""

    brand: Brand
    world: World = field(init=False)
    token: str = field(init=False)
    clock: SystemClock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        """Let the owner live there, with nothing."""
        self.world = self.brand.world(self.clock)
        self.world.settle(OWNER, "Ada")
        self.token = self.world.oauth.issue(OWNER, frozenset(self.brand.scopes)).access_token

    def site(self) -> Site:
        """Return its web site."""
        return self.brand.site(self.world)

    def units(self) -> int:
        """Return how many quota units the provider has counted."""
        return sum(self.world.meter.units.values())

    def least_units(self) -> int:
        """Return what every letter costs at Gmail, each thread fetched in its cheaper way."""
        mails = self.world.person(OWNER).mailbox.mails.values()
        threads = Counter(mail.thread for mail in mails)
        return sum(min(MESSAGE.units * size, THREAD.units) for size in threads.values())

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


def _mailbox(brand: Brand, letters: int, *, in_threads: bool) -> Simulated:
    account = Simulated(brand)
    account.write_letters(letters, in_threads=in_threads)
    return account


def _calendar(brand: Brand, meetings: int) -> Simulated:
    account = Simulated(brand)
    account.plan_meetings(meetings)
    return account


ACCOUNTS: Final[Mapping[str, Callable[[int], Simulated]]] = {
    "gmail": lambda items: _mailbox(GOOGLE, items, in_threads=False),
    "gmail_threads": lambda items: _mailbox(GOOGLE, items, in_threads=True),
    "graph_mail": lambda items: _mailbox(MICROSOFT, items, in_threads=True),
    "google_calendar": lambda items: _calendar(GOOGLE, items),
    # Each date of a series is an event of its own there: about three come of one meeting.
    "graph_calendar": lambda items: _calendar(MICROSOFT, max(1, items // 3)),
}
"""An account of each kind that is measured, with about so many items."""


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
