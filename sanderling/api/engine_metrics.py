"""How the engine is, whenever somebody scrapes."""

import math
from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from sanderling.kernel.engine import Engine, EngineHealth

_Look = Callable[[EngineHealth], float]


def _waiting(health: EngineHealth) -> float:
    return math.nan if health.waiting is None else health.waiting


_GAUGES: Mapping[str, tuple[str, _Look]] = {
    "up": ("1 while tickets are carried as they should be.", lambda seen: not seen.reasons),
    "tickets_waiting": ("Tickets that wait for a place, as far as is known.", _waiting),
    "tickets_running": ("Tickets that this process handles.", lambda seen: seen.running),
    "places": ("How many tickets this process handles at once.", lambda seen: seen.places),
}


def watch_engine(engine: Engine, registry: CollectorRegistry) -> None:
    """Tell in `registry` how `engine` is."""
    for name, (says, look) in _GAUGES.items():
        gauge = Gauge(f"sanderling_engine_{name}", says, registry=registry)
        gauge.set_function(partial(_read, engine, look))


def _read(engine: Engine, look: _Look) -> float:
    return float(look(engine.health()))
