"""Google's world and its site, as they are started."""

from sanderling.kernel.clock import Clock
from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.mail import Genre
from sanderling.simulator.core.oauth import AuthorizationServer, Client
from sanderling.simulator.core.placing import Placing
from sanderling.simulator.core.site import Site, Voice
from sanderling.simulator.core.timepiece import Timepiece
from sanderling.simulator.core.world import Naming, World
from sanderling.simulator.google.batch import Batch
from sanderling.simulator.google.calendar import Calendar
from sanderling.simulator.google.calendar_event import event_id
from sanderling.simulator.google.calendar_watch import CalendarChannels
from sanderling.simulator.google.errors import fault_answer, not_found
from sanderling.simulator.google.gate import Gate
from sanderling.simulator.google.gmail import Gmail
from sanderling.simulator.google.gmail_ids import message_id
from sanderling.simulator.google.gmail_watch import GmailWatches
from sanderling.simulator.google.sign_in import SignIn

PLACING = Placing(
    {
        Genre.LETTER: frozenset({"INBOX", "IMPORTANT", "CATEGORY_PERSONAL"}),
        Genre.SENT: frozenset({"SENT"}),
        Genre.DRAFT: frozenset(),
        Genre.NEWSLETTER: frozenset({"INBOX", "CATEGORY_UPDATES"}),
        Genre.PROMOTION: frozenset({"INBOX", "CATEGORY_PROMOTIONS"}),
        Genre.SOCIAL: frozenset({"INBOX", "CATEGORY_SOCIAL"}),
        Genre.NOTICE: frozenset({"INBOX", "CATEGORY_UPDATES"}),
        Genre.ARCHIVED: frozenset({"CATEGORY_PERSONAL", "Label_1"}),
        Genre.SPAM: frozenset({"SPAM"}),
        Genre.TRASHED: frozenset({"TRASH"}),
    }
)


def google_world(
    clock: Clock, *, seed: int = 0, clients: tuple[Client, ...] = (Client(),)
) -> World:
    """Return a world in which nobody lives yet."""
    timepiece = Timepiece(clock)
    return World(
        clock=timepiece,
        placing=PLACING,
        naming=Naming(mail=lambda _, number: message_id(number), meeting=event_id),
        oauth=AuthorizationServer(timepiece, clients, seed=seed, token_prefix="ya29."),  # noqa: S106 - how Google's begin.
    )


def google_site(world: World) -> Site:
    """Return the site of a world: every host of Google's in one."""
    # Fixed names stand before those with an id in their place.
    watches, channels = GmailWatches(world), CalendarChannels(world)
    reading = [*Gmail(world).methods(), *Calendar(world).methods()]
    routes = Gate(world).routes([*watches.methods(), *channels.methods(), *reading])
    batch = Batch(world, routes)
    voice = Voice(fault=fault_answer, unknown_path=_unknown_path)
    return Site(
        world, [*SignIn(world).routes(), *watches.routes(), *batch.routes(), *routes], voice
    )


def _unknown_path(_: Asked) -> Answer:
    return not_found().answer
