"""Counts that cost next to nothing: plain numbers now, a metric when somebody asks.

The library's own counters take a lock for each number, and its histograms look at each bucket;
every request would pay for four of them. These belong to one event loop, which needs no lock, and
become metrics of the library only when they are collected.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

Labels = tuple[str, ...]


class Tally:
    """A counter by labels."""

    def __init__(
        self, name: str, says: str, labels: Sequence[str], *, registry: CollectorRegistry
    ) -> None:
        """Start at zero, and be collected by `registry`."""
        self._name = name
        self._says = says
        self._labels = labels
        self._counts: dict[Labels, int] = {}
        registry.register(self)

    def add(self, *labels: str, count: int = 1) -> None:
        """Count one, or as many as `count`."""
        self._counts[labels] = self._counts.get(labels, 0) + count

    def collect(self) -> Iterable[Metric]:
        """Return what was counted, as the library has it."""
        family = CounterMetricFamily(self._name, self._says, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return [family]


class _Series:
    """How often each bucket was met, and the sum of all."""

    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.total = 0.0


class Durations:
    """A histogram of seconds by labels."""

    def __init__(
        self,
        name: str,
        says: str,
        labels: Sequence[str],
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        """Start empty, and be collected by `registry`; `buckets` are upper ends, as floats."""
        self._name = name
        self._says = says
        self._labels = labels
        self._buckets = buckets
        self._ends = [*map(str, buckets), "+Inf"]
        self._series: dict[Labels, _Series] = {}
        registry.register(self)

    def observe(self, duration_s: float, *labels: str) -> None:
        """Count one duration."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series(len(self._ends))
        series.counts[bisect_left(self._buckets, duration_s)] += 1
        series.total += duration_s

    def collect(self) -> Iterable[Metric]:
        """Return what was counted, as the library has it."""
        family = HistogramMetricFamily(self._name, self._says, labels=self._labels)
        for labels, series in self._series.items():
            buckets = list(zip(self._ends, accumulate(series.counts), strict=True))
            family.add_metric(labels, buckets, series.total)
        return [family]
