"""Counts what sweepers do: ticks of cron triggers, and slices of streams."""

from prometheus_client import CollectorRegistry, Gauge

from sanderling.api.job_metrics import LAG_BUCKETS_S, WORK_BUCKETS_S
from sanderling.api.tallies import Durations, Tally
from sanderling.kernel.events import (
    EventBus,
    SliceEnded,
    StreamsDue,
    StreamsHealed,
    StreamsRecovered,
    TickQueued,
    TicksLeftOut,
)


class CronMetrics:
    """Count ticks of cron triggers, and how late their calls are queued."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Start at zero."""
        self._ticks = Tally(
            "sanderling_cron_ticks",
            "Ticks of cron triggers that this process dealt with.",
            ("outcome",),
            registry=registry,
        )
        self._lags = Durations(
            "sanderling_cron_tick_lag_seconds",
            "Time from a tick of a cron trigger to the queueing of its call.",
            (),
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )

    def subscribe(self, bus: EventBus) -> None:
        """Count what `bus` announces from now on."""
        bus.subscribe(TickQueued, self._queue)
        bus.subscribe(TicksLeftOut, lambda event: self._ticks.add(event.reason, count=event.count))

    def _queue(self, event: TickQueued) -> None:
        self._ticks.add("queued")
        self._lags.observe(event.lag_s)


class StreamMetrics:
    """Count slices of streams, how late and how long they are, what is due, lost and recovered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Start at zero."""
        self._ended = Tally(
            "sanderling_stream_slices",
            "Slices of streams that ended in this process.",
            ("channel", "phase", "outcome"),
            registry=registry,
        )
        self._lags = Durations(
            "sanderling_stream_lag_seconds",
            "Time from a stream's being due to the beginning of its slice.",
            ("channel", "phase"),
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        self._durations = Durations(
            "sanderling_stream_slice_duration_seconds",
            "Time that slices of streams took.",
            ("channel", "phase"),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        )
        self._healed = Tally(
            "sanderling_stream_leases_lost",
            "Streams whose lease ran out, found by this process.",
            ("fate",),
            registry=registry,
        )

        self._due = Gauge(
            "sanderling_streams_due",
            "Streams of the whole instance that are due while nobody holds them.",
            ("channel", "phase"),
            registry=registry,
        )
        self._recovered = Tally(
            "sanderling_streams_recovered",
            "Parked streams that this process let be tried once more.",
            (),
            registry=registry,
        )

    def subscribe(self, bus: EventBus) -> None:
        """Count what `bus` announces from now on."""
        bus.subscribe(SliceEnded, self._end)
        bus.subscribe(StreamsHealed, self._heal)
        bus.subscribe(StreamsDue, self._see_due)
        bus.subscribe(StreamsRecovered, lambda event: self._recovered.add(count=event.count))

    def _see_due(self, event: StreamsDue) -> None:
        # A lane that was turned off has no number any more, and an old one would call for workers.
        self._due.clear()
        for labels, count in event.numbers.items():
            self._due.labels(*labels).set(count)

    def _end(self, event: SliceEnded) -> None:
        self._ended.add(event.channel, event.phase, event.outcome)
        self._lags.observe(event.lag_s, event.channel, event.phase)
        self._durations.observe(event.duration_s, event.channel, event.phase)

    def _heal(self, event: StreamsHealed) -> None:
        self._healed.add("freed", count=event.freed - event.parked)
        self._healed.add("parked", count=event.parked)
