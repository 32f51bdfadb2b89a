"""How many calls run at once, as values."""

from dataclasses import dataclass
from typing import Final

from runner.function import MAX_CONCURRENCY
from sanderling.fairness.cap import Cap, CapName
from sanderling.kernel.ids import FunctionId, WorkspaceId

MOST_WAITING: Final = 100_000
"""The longest line that a process keeps."""


@dataclass(frozen=True, slots=True)
class Concurrency:
    """The caps on calls that run at once, where 0 is no cap, and how long others wait.

    `in_all` and `per_workspace` are never passed. `soft` is what a workspace gives way beyond: it
    has more only while nobody below it waits; 0 is an even share among the workspaces that wait.
    `memory_bytes` bounds the sum of the memory limits of calls in this process, and `places` their
    number. `queue_limit` calls wait in this process, at most `queue_wait_s` seconds each.
    """

    in_all: int = 0
    per_workspace: int = 0
    soft: int = 0
    memory_bytes: int = 0
    queue_limit: int = 1000
    queue_wait_s: float = 5.0
    places: int = 0

    @property
    def here(self) -> int:
        """How many calls this process may run at once; 0 is as many as come."""
        return min(filter(None, (self.in_all, self.places)), default=0)


def caps_of(
    concurrency: Concurrency,
    workspace_id: WorkspaceId,
    function_id: FunctionId,
    own: int | None,
) -> tuple[Cap, ...]:
    """Return the caps that a call counts under, the narrowest first; `own` is its function's."""
    asked = (
        (CapName.FUNCTION, function_id, own or 0),
        (CapName.WORKSPACE, workspace_id, concurrency.per_workspace),
        (CapName.ALL, "", concurrency.in_all),
    )
    return tuple(
        Cap(name, f"{name}:{key}", min(limit, MAX_CONCURRENCY))
        for name, key, limit in asked
        if limit
    )
