"""What this process counts, in the Prometheus text format.

Every label has a bounded set of values. No name of a function is told, and ids of functions and
workspaces only for so many of them as the settings allow.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runner.fairness.refusal import Reason
from runner.fairness.turnstile import TurnstileStatistics
from sanderling.api.function_metrics import FunctionMetrics
from sanderling.api.problem_kinds import PROBLEM_KINDS
from sanderling.api.tallies import Durations, Tally
from sanderling.api.worker_metrics import WorkerMetrics
from sanderling.kernel.events import (
    CallFinished,
    CallRefused,
    CallsForgotten,
    EventBus,
    ExecutionClaimed,
    ExecutionFinished,
    ExecutionsCounted,
)
from sanderling.metering.ports import LimiterStatistics, Scope

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0

_CALL_BUCKETS_S = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
_WAIT_BUCKETS_S = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Child = TypeVar("Child")


class _Children:
    """Remember a metric's children: looking one up by labels costs more than counting."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], object] = {}

    def get(self, make: Callable[..., Child], *labels: str | int) -> Child:
        key = (make, *labels)
        child = self._known.get(key)
        if child is None:
            child = self._known[key] = make(*labels)
        return child  # type: ignore[return-value] # pyright: ignore[reportReturnType] - see key.


class _Limits(Collector):
    """Tell what the limiter has counted by itself, at each scrape."""

    def __init__(self, statistics: Callable[[], LimiterStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        seen = self._statistics()
        decisions = CounterMetricFamily(
            "sanderling_rate_limit_decisions",
            "Requests that the rate limits decided, by who counted them together.",
            labels=("scope",),
        )
        for scope in Scope:
            decisions.add_metric([scope], seen.decisions.get(scope, 0))
        yield decisions
        yield GaugeMetricFamily(
            "sanderling_rate_limit_away",
            "1 while processes that should count together cannot.",
            value=seen.is_away,
        )


class _QueueMetrics:
    """Count queued calls: how many there are, how they end, and how long they waited."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._kept = Gauge(
            "sanderling_executions",
            "Queued calls of the whole instance that wait, run or are dead.",
            ("status",),
            registry=registry,
        )
        self._ended = Tally(
            "sanderling_executions_ended",
            "Queued calls that ended in this process.",
            ("status",),
            registry=registry,
        )
        self._waits = Durations(
            "sanderling_execution_wait_seconds",
            "Time from an attempt's being due to its beginning.",
            (),
            buckets=_WAIT_BUCKETS_S,
            registry=registry,
        )

    def subscribe(self, bus: EventBus) -> None:
        bus.subscribe(ExecutionClaimed, lambda event: self._waits.observe(event.waited_s))
        bus.subscribe(ExecutionFinished, lambda event: self._ended.add(event.status))
        bus.subscribe(ExecutionsCounted, self._count)

    def _count(self, event: ExecutionsCounted) -> None:
        for status, number in event.numbers.items():
            self._kept.labels(status).set(number)


class _CallsNow(Collector):
    """Tell what the turnstile counts by itself, at each scrape: a call has no time for it."""

    def __init__(self, statistics: Callable[[], TurnstileStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        seen = self._statistics()
        yield GaugeMetricFamily(
            "sanderling_calls_running", "Calls that are with the driver.", value=seen.inside
        )
        yield GaugeMetricFamily(
            "sanderling_calls_waiting", "Calls that wait for their turn.", value=seen.waiting
        )
        turned_away = CounterMetricFamily(
            "sanderling_calls_turned_away",
            "Calls that got no turn in time, by the cap that was reached.",
            labels=("reason",),
        )
        for reason in Reason:
            turned_away.add_metric([reason], seen.turned_away.get(reason, 0))
        yield turned_away


class Metrics:
    """Count requests, problems and calls of one process, on a registry of its own.

    One event loop counts here.
    """

    def __init__(self, *, version: str) -> None:
        """Start at zero, telling `version` as build information."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("sanderling_build", "What is running.", registry=self.registry).info(
            {"version": version}
        )
        self._calls = Tally(
            "sanderling_calls",
            "Calls that reached an outcome.",
            ("outcome", "driver"),
            registry=self.registry,
        )
        self._call_durations = Durations(
            "sanderling_call_duration_seconds",
            "Wall time of calls at the driver.",
            ("driver",),
            buckets=_CALL_BUCKETS_S,
            registry=self.registry,
        )
        self._forgotten = Tally(
            "sanderling_calls_forgotten",
            "Old calls that this process removed from the history.",
            ("reason",),
            registry=self.registry,
        )
        self._refusals = Counter(
            "sanderling_calls_refused",
            "Calls turned away before they reached the driver.",
            ("code",),
            registry=self.registry,
        )
        self._triggers = Tally(
            "sanderling_calls_triggered",
            "Calls that reached an outcome, by what made them.",
            ("trigger",),
            registry=self.registry,
        )
        self._requests = Tally(
            "sanderling_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._request_durations = Durations(
            "sanderling_http_request_duration_seconds",
            "Time from the request's head to the response's last byte.",
            ("route",),
            buckets=_CALL_BUCKETS_S,
            registry=self.registry,
        )
        self._problems = Counter(
            "sanderling_http_problems",
            "Responses that were problem documents.",
            ("code",),
            registry=self.registry,
        )
        self._children = _Children()
        self._queue = _QueueMetrics(self.registry)
        self._worker = WorkerMetrics(self.registry)

    def subscribe(self, bus: EventBus) -> None:
        """Count the calls that `bus` announces from now on."""
        bus.subscribe(CallFinished, self._count_call)
        bus.subscribe(CallRefused, self._count_refusal)
        bus.subscribe(CallsForgotten, self._count_forgotten)
        self._queue.subscribe(bus)
        self._worker.subscribe(bus)

    def watch_limits(self, statistics: Callable[[], LimiterStatistics]) -> None:
        """Tell with everything else what `statistics` says."""
        self.registry.register(_Limits(statistics))

    def watch_calls(self, statistics: Callable[[], TurnstileStatistics]) -> None:
        """Tell with everything else what `statistics` says of calls at this moment."""
        self.registry.register(_CallsNow(statistics))

    def measure_functions(self, bus: EventBus, *, limit: int) -> None:
        """Measure the `limit` busiest functions one by one, from the calls that `bus` tells of."""
        FunctionMetrics(limit, registry=self.registry).subscribe(bus)

    def _count_call(self, event: CallFinished) -> None:
        self._calls.add(event.outcome, event.driver)
        self._triggers.add(event.trigger)
        self._call_durations.observe(event.duration_s, event.driver)

    def _count_forgotten(self, event: CallsForgotten) -> None:
        self._forgotten.add(event.reason, count=event.count)

    def _count_refusal(self, event: CallRefused) -> None:
        code = event.code if event.code in PROBLEM_KINDS else "other"
        self._children.get(self._refusals.labels, code).inc()

    def count_request(self, *, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one answered request; `route` is the template, never the path."""
        method = method if method in _METHODS else "other"
        self._requests.add(method, route, str(status))
        self._request_durations.observe(duration_s, route)

    def count_problem(self, code: str) -> None:
        """Count one problem document by its code."""
        self._children.get(self._problems.labels, code).inc()

    def text(self) -> bytes:
        """Return everything counted so far, as Prometheus scrapes it."""
        return generate_latest(self.registry)
