"""Which work a process takes up."""

from config.variables import Settings
from config.variables.worker import Queue


def queues_of(settings: Settings, *, is_worker: bool) -> frozenset[Queue]:
    """Return the queues that a process takes work from; none if it only answers requests."""
    if not is_worker:
        return frozenset()
    enabled = settings.worker_enabled_queues or tuple(Queue)
    return frozenset(map(Queue, enabled)) - frozenset(map(Queue, settings.worker_excluded_queues))
