"""Counts how the worker's own jobs go."""

from prometheus_client import CollectorRegistry, Gauge

from sanderling.api.tallies import Durations, Tally
from sanderling.kernel.events import EventBus, JobEnded, JobLost, JobsWaiting

LAG_BUCKETS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
WORK_BUCKETS_S = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)


class JobMetrics:
    """Count runs, how late they begin and how long they take, lost leases, and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Start at zero."""
        self._ended = Tally(
            "sanderling_job_runs",
            "Runs of jobs that ended in this process.",
            ("job", "status"),
            registry=registry,
        )
        self._lags = Durations(
            "sanderling_job_tick_lag_seconds",
            "Time from a job's tick to the beginning of its run.",
            (),
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        self._durations = Durations(
            "sanderling_job_duration_seconds",
            "Time that runs of jobs took.",
            ("job",),
            buckets=WORK_BUCKETS_S,
            registry=registry,
        )
        self._lost = Tally(
            "sanderling_job_leases_lost",
            "Runs of jobs whose lease ran out, found by this process.",
            ("job",),
            registry=registry,
        )
        self._waiting = Gauge(
            "sanderling_jobs_waiting",
            "Jobs of the whole instance with a run that waits while none of them is done.",
            registry=registry,
        )

    def subscribe(self, bus: EventBus) -> None:
        """Count what `bus` announces from now on."""
        bus.subscribe(JobEnded, self._end)
        bus.subscribe(JobLost, lambda event: self._lost.add(event.job))
        bus.subscribe(JobsWaiting, lambda event: self._waiting.set(event.count))

    def _end(self, event: JobEnded) -> None:
        self._ended.add(event.job, event.status)
        self._lags.observe(event.lag_s)
        self._durations.observe(event.duration_s, event.job)
