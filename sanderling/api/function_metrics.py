"""What is measured of each function: a bounded number of series, for those that are called most.

Functions are told by their ids, which say nothing of a tenant to whoever reads the metrics. All
that have no series of their own are counted together as `other`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sanderling.kernel.events import CallFinished, EventBus

OTHER = "other"
WINDOW = 10_000
"""After so many calls a function that was called more often takes the place of one that was not."""

_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LABELS = ("workspace_id", "function_id")

Key = tuple[str, str]


def _zeros() -> list[int]:
    return [0] * (len(_BUCKETS_S) + 1)


@dataclass(slots=True)
class _Series:
    """Everything that is counted of one function; `recent` is how often in this window."""

    recent: int = 0
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    durations: list[int] = field(default_factory=_zeros)
    duration_s: float = 0.0
    waits: list[int] = field(default_factory=_zeros)
    waited_s: float = 0.0


class FunctionMetrics(Collector):
    """Count calls of functions, with a series each for the `limit` busiest.

    One event loop counts here, without a lock, and the numbers become metrics when they are
    collected.
    """

    def __init__(self, limit: int, *, registry: CollectorRegistry, window: int = WINDOW) -> None:
        """Start without functions; a `limit` of 0 counts none."""
        self._limit = limit
        self._window = window
        self._seats: dict[Key, _Series] = {}
        self._others = _Series()
        self._candidates: Counter[Key] = Counter()
        self._in_window = 0
        if limit:
            registry.register(self)

    def subscribe(self, bus: EventBus) -> None:
        """Count the calls that `bus` announces from now on."""
        if self._limit:
            bus.subscribe(CallFinished, self.count)

    def count(self, event: CallFinished) -> None:
        """Count one call that ended."""
        series = self._series(event.workspace_id, event.function_id)
        series.recent += 1
        series.outcomes[event.outcome] = series.outcomes.get(event.outcome, 0) + 1
        series.durations[bisect_left(_BUCKETS_S, event.duration_s)] += 1
        series.duration_s += event.duration_s
        series.waits[bisect_left(_BUCKETS_S, event.queued_s)] += 1
        series.waited_s += event.queued_s
        self._in_window += 1
        if self._in_window >= self._window:
            self._reseat()

    def _series(self, workspace_id: str, function_id: str) -> _Series:
        key = (workspace_id, function_id)
        series = self._seats.get(key)
        if series is not None:
            return series
        if len(self._seats) < self._limit:
            series = self._seats[key] = _Series()
            return series
        if key in self._candidates or len(self._candidates) < 4 * self._limit:
            self._candidates[key] += 1
        return self._others

    def _reseat(self) -> None:
        """Give the places of those that are called least to those that are called most."""
        idle = sorted(self._seats, key=lambda key: self._seats[key].recent)
        busy = self._candidates.most_common(self._limit)
        for least, (most, count) in zip(idle, busy, strict=False):
            # Twice as often, so that two alike do not change places all the time.
            if count <= 2 * self._seats[least].recent:
                break
            del self._seats[least]
            self._seats[most] = _Series()
        for series in self._seats.values():
            series.recent = 0
        self._candidates.clear()
        self._in_window = 0

    def collect(self) -> Iterable[Metric]:
        """Return what was counted, as the library has it."""
        calls = CounterMetricFamily(
            "sanderling_function_calls",
            "Calls of a function that reached an outcome.",
            labels=(*_LABELS, "outcome"),
        )
        durations = HistogramMetricFamily(
            "sanderling_function_call_duration_seconds",
            "Wall time of a function's calls at the driver.",
            labels=_LABELS,
        )
        waits = HistogramMetricFamily(
            "sanderling_function_call_queue_seconds",
            "Time that a function's calls waited before the driver got them.",
            labels=_LABELS,
        )
        for key, series in self._told().items():
            for outcome, count in series.outcomes.items():
                calls.add_metric((*key, outcome), count)
            durations.add_metric(key, _cumulated(series.durations), series.duration_s)
            waits.add_metric(key, _cumulated(series.waits), series.waited_s)
        return [calls, durations, waits]

    def _told(self) -> Mapping[Key, _Series]:
        has_others = bool(self._others.outcomes)
        return {**self._seats, (OTHER, OTHER): self._others} if has_others else self._seats


def _cumulated(counts: Sequence[int]) -> list[tuple[str, float]]:
    bounds = (*map(str, _BUCKETS_S), "+Inf")
    return [(bound, float(total)) for bound, total in zip(bounds, accumulate(counts), strict=True)]
