"""Facts that rooms announce to one another, and the bus that carries them inside a process."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.kernel.jsontext import JSON


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call reached its outcome and was handed to the call log."""

    call_id: CallId
    workspace_id: WorkspaceId
    function_id: FunctionId
    outcome: str
    driver: str
    duration_s: float
    finished_at: datetime
    trigger: str = "api"
    queued_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CallsForgotten:
    """So many old calls were forgotten, for their `age` or for their `count`."""

    workspace_id: WorkspaceId
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class CallRefused:
    """A call was turned away before it reached the driver; `code` says at which station."""

    code: str
    workspace_id: WorkspaceId | None


@dataclass(frozen=True, slots=True)
class FunctionPublished:
    """A new version of a function is live."""

    workspace_id: WorkspaceId
    function_id: FunctionId
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class FunctionChanged:
    """A function was made, deleted, or given another draft or live version in this process."""

    workspace_id: WorkspaceId
    function_id: FunctionId
    name: str


@dataclass(frozen=True, slots=True)
class TriggersChanged:
    """A trigger of this workspace was made, changed, moved, switched or deleted in this process."""

    workspace_id: WorkspaceId


class RecordOperation(StrEnum):
    """What can happen to a record; deleted ones can be restored, destroyed ones cannot."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    RESTORED = "restored"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class RecordChanged:
    """A record of a workspace was changed, by a sync or by the system that owns it.

    `event_id` names this change once and for all: the same id again is the same change. `before`
    is None for what was created, `after` for what is gone. `updated_fields` is what an update
    touched, and empty for other operations.
    """

    workspace_id: WorkspaceId
    event_id: str
    object: str
    operation: RecordOperation
    record_id: str
    happened_at: datetime
    before: JSON = None
    after: JSON = None
    updated_fields: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The object and what happened to it, such as `company.updated`."""
        return f"{self.object}.{self.operation}"


@dataclass(frozen=True, slots=True)
class ExecutionClaimed:
    """An attempt of an execution begins; it was due `waited_s` seconds ago."""

    waited_s: float


@dataclass(frozen=True, slots=True)
class ExecutionFinished:
    """An execution is at its end: succeeded, dead or cancelled."""

    status: str


@dataclass(frozen=True, slots=True)
class ExecutionsCounted:
    """How many executions of all workspaces wait, run and are dead, by status."""

    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A run of a job of the worker came to its end; `lag_s` is how late it began."""

    job: str
    status: str
    duration_s: float
    lag_s: float


@dataclass(frozen=True, slots=True)
class TickQueued:
    """A call was queued for a tick of a cron trigger, `lag_s` after its moment."""

    lag_s: float


@dataclass(frozen=True, slots=True)
class TicksLeftOut:
    """So many ticks of a cron trigger lead to no call: `missed`, `overlapped` or `refused`."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class SliceEnded:
    """A slice of a stream came to its end; `lag_s` is how late it began.

    `outcome` is `done`, `failed` when the work said why, `broken` by a defect, or `given_back`.
    """

    channel: str
    phase: str
    outcome: str
    duration_s: float
    lag_s: float


@dataclass(frozen=True, slots=True)
class StreamsHealed:
    """So many streams had lost their worker and were freed; `parked` of them for good."""

    freed: int
    parked: int


@dataclass(frozen=True, slots=True)
class StreamsDue:
    """How many streams of the whole instance are due while nobody holds them.

    `numbers` has every lane that this process looks at now, by channel and phase, and no other.
    """

    numbers: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class StreamsRecovered:
    """So many parked streams are tried once more by themselves."""

    count: int


@dataclass(frozen=True, slots=True)
class JobLost:
    """The lease of a run of a job ran out; `is_parked` says that it is not tried again."""

    job: str
    is_parked: bool


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """A provider, or somebody in its name, told of a change; `outcome` is what became of it."""

    provider: str
    outcome: str


@dataclass(frozen=True, slots=True)
class JobsWaiting:
    """How many jobs of the whole instance have a run that waits while none of them is done."""

    count: int


Event = TypeVar("Event")


class EventBus:
    """Deliver each event to the subscribers of its exact type, at once and in order.

    Subscribers are plain functions that must not block; what they raise reaches the publisher,
    so a subscriber that may fail catches its own faults.
    """

    def __init__(self) -> None:
        """Start without subscribers."""
        self._subscribers: dict[type[object], list[Callable[..., None]]] = defaultdict(list)

    def subscribe(self, kind: type[Event], subscriber: Callable[[Event], None]) -> None:
        """Call `subscriber` for each event of exactly this `kind` from now on."""
        self._subscribers[kind].append(subscriber)

    def publish(self, event: object) -> None:
        """Hand `event` to everyone who subscribed to its type."""
        for subscriber in self._subscribers[type(event)]:
            subscriber(event)
