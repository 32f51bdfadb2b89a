"""A small simulated world, at rest in time, for tests of the simulator's core."""

from datetime import UTC, datetime, timedelta

from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.exchange import Answer, Asked, encoded, json_answer
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.mail import Correspondent, Genre, Letter
from sanderling.simulator.core.meeting import Plan, When
from sanderling.simulator.core.oauth import AuthorizationServer
from sanderling.simulator.core.placing import Placing
from sanderling.simulator.core.site import Voice
from sanderling.simulator.core.timepiece import Timepiece
from sanderling.simulator.core.world import Naming, World

START = datetime(2026, 11, 26, 9, tzinfo=UTC)
ADA = Correspondent("Ada", "ada@example.com")
BO = Correspondent("Bo", "bo@example.com")


def small_world() -> World:
    """Return a world without people, whose places are named as genres are."""
    clock = Timepiece(VirtualClock(START))
    return World(
        clock=clock,
        placing=Placing({genre: frozenset({genre.value}) for genre in Genre}),
        naming=Naming(lambda _, number: f"mail{number}", lambda _, number: f"meeting{number}"),
        oauth=AuthorizationServer(clock),
        drip_s=0,
    )


def plain_voice() -> Voice:
    """Return a provider's voice that names the fault, with 599, and knows no path with 404."""

    def fault(kind: FaultKind, _: datetime) -> Answer:
        return json_answer({"fault": kind.value}, 599)

    return Voice(fault=fault, unknown_path=lambda _: json_answer({}, 404))


def asking(method: str, path: str, given: object = None, **headers: str) -> Asked:
    """Return a request with a JSON body."""
    body = b"" if given is None else encoded(given)
    return Asked(method, path, headers=headers, body=body)


def letter(subject: str = "Hello", at: datetime = START) -> Letter:
    """Return a short letter from Bo to Ada."""
    return Letter(BO, (ADA,), subject, "Text", at, f"<{subject}@example.com>")


def plan(*rules: str, start: datetime = START, zone: str = "UTC") -> Plan:
    """Return the plan of an hour."""
    end = start + timedelta(hours=1)
    return Plan("Review", When(start, zone), When(end, zone), ADA, recurrence=rules)
