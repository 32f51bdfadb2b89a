"""Counts what providers tell."""

from prometheus_client import CollectorRegistry

from sanderling.api.tallies import Tally
from sanderling.kernel.events import EventBus, NotificationReceived


def count_notifications(bus: EventBus, registry: CollectorRegistry) -> None:
    """Count in `registry` the notifications that `bus` tells of from now on."""
    tally = Tally(
        "sanderling_push_notifications",
        "What providers told, or strangers in their names, by what became of it.",
        ("provider", "outcome"),
        registry=registry,
    )
    bus.subscribe(NotificationReceived, lambda told: tally.add(told.provider, told.outcome))
