"""Everything that is counted of a worker: its jobs, and what they sweep."""

from prometheus_client import CollectorRegistry

from sanderling.api.job_metrics import JobMetrics
from sanderling.api.sweep_metrics import CronMetrics, StreamMetrics
from sanderling.kernel.events import EventBus


class WorkerMetrics:
    """Count what a process does of jobs, cron triggers and streams."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Start at zero."""
        self._parts = (JobMetrics(registry), CronMetrics(registry), StreamMetrics(registry))

    def subscribe(self, bus: EventBus) -> None:
        """Count what `bus` announces from now on."""
        for part in self._parts:
            part.subscribe(bus)
