"""One provider's world: who lives there, what time it is, what goes wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sanderling.simulator.core.agenda import Agenda
from sanderling.simulator.core.agenda_seeds import AgendaSeed
from sanderling.simulator.core.faults import Faults
from sanderling.simulator.core.mail import Correspondent
from sanderling.simulator.core.mail_seeds import MailSeed
from sanderling.simulator.core.mailbox import Mailbox
from sanderling.simulator.core.meter import Meter
from sanderling.simulator.core.oauth import AuthorizationServer
from sanderling.simulator.core.placing import Placing
from sanderling.simulator.core.post import Post
from sanderling.simulator.core.timepiece import Timepiece

_SUBJECTS_FROM = 100_000_000_000_000_000_000


@dataclass(slots=True)
class Person:
    """Someone with a mailbox and a calendar at the provider."""

    subject: str
    """The id that never changes, unlike the address."""
    email: str
    name: str
    mailbox: Mailbox = field(default_factory=Mailbox)
    agenda: Agenda = field(default_factory=Agenda)
    aliases: tuple[str, ...] = ()

    @property
    def owner(self) -> Correspondent:
        """The person as sender and receiver."""
        return Correspondent(self.name, self.email)


@dataclass(frozen=True, slots=True)
class Naming:
    """How the provider writes the ids of what is numbered here."""

    mail: Callable[[Person, int], str]
    meeting: Callable[[Person, int], str]


class UnknownPerson(LookupError):
    """Nobody has this address."""


@dataclass(slots=True)
class World:
    """Everything that one simulated provider knows. One event loop owns it."""

    clock: Timepiece
    placing: Placing
    naming: Naming
    oauth: AuthorizationServer
    faults: Faults = field(default_factory=Faults)
    meter: Meter = field(default_factory=Meter)
    quota_status: int = 429
    """How it is told that someone's units are used up; Google does so with 429 and with 403."""
    latency_s: float = 0.0
    """How long every answer takes, at least."""
    drip_s: float = 2.0
    """How long a slow answer takes."""
    present: Counter[str] = field(default_factory=Counter[str])
    """How many requests are on their way for each access token."""
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    post: Post = field(init=False)
    """What the provider sends by itself."""

    def __post_init__(self) -> None:
        """Open a post office."""
        self.post = Post(self.clock, self.faults)

    def settle(
        self, email: str, name: str = "", *, mails: int = 0, meetings: int = 0, seed: int = 0
    ) -> Person:
        """Let someone live here, with so many mails and meetings made from the seed."""
        subject = str(_SUBJECTS_FROM + len(self.people) + 1)
        person = Person(subject, email, name or email.partition("@")[0].title())
        now = self.clock.now().replace(microsecond=0)
        self.people[email] = person
        MailSeed(seed, person.owner, now - timedelta(minutes=30)).fill(
            person.mailbox, mails, self.placing
        )
        AgendaSeed(seed, person.owner, now).fill(person.agenda, meetings)
        person.mailbox.on_change = person.agenda.on_change = self.post.ring
        return person

    def person(self, email: str) -> Person:
        """Return who has this address.

        Raises:
            UnknownPerson: nobody.

        """
        try:
            return self.people[email]
        except KeyError:
            raise UnknownPerson(email) from None

    def expire_cursors(self) -> None:
        """Make every cursor void that anybody was given so far."""
        for person in self.people.values():
            person.mailbox.expire()
            person.agenda.expire()
