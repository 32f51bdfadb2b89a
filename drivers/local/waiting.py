"""Callers in the waiting line, and what those are told who are turned away."""

import asyncio
from dataclasses import dataclass

from drivers.local.worker import Worker


@dataclass(frozen=True, slots=True)
class Saturated:
    """No worker could be had; trying again after that many seconds may help."""

    retry_after_s: float
    reason: str


@dataclass(slots=True)
class Waiter:
    """A caller in the line; `granted` gets a worker with `memory_bytes` reserved for it."""

    memory_bytes: int
    granted: asyncio.Future[Worker]
