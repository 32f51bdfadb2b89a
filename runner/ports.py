"""What this room needs from others; the adapters live in `sanderling.store` and beside us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from drivers.port import ArtifactKey, Health
from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.function import Definition, Function, Version
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, and the cursor that continues after them; None at the end."""

    rows: tuple[Row, ...]
    next_cursor: str | None = None


class FunctionStore(Protocol):
    """Keep functions and versions; every method works inside the one workspace it is given.

    `updated_at` is when the draft was last saved; publishing and rolling back leave it alone.
    Names, numbers and ids that no row could have are simply not found.

    When the database is away or refuses, every method raises `StoreUnavailableError` and nothing
    was written.
    """

    async def add_function(self, function: Function) -> None:
        """Keep a new function.

        Raises:
            FunctionExists: the workspace has one of this name.

        """
        ...

    async def find_function(self, workspace_id: WorkspaceId, name: str) -> Function | None:
        """Return the function of this name."""
        ...

    async def list_functions(
        self, workspace_id: WorkspaceId, *, limit: int, cursor: str | None
    ) -> Page[Function]:
        """Return functions by name; `cursor` is the `next_cursor` of an earlier page.

        Raises:
            CursorRefused: the cursor was not made here.

        """
        ...

    async def save_draft(
        self,
        workspace_id: WorkspaceId,
        function_id: FunctionId,
        draft: Definition,
        *,
        saved_at: datetime,
    ) -> Function | None:
        """Replace the draft and return the function; None when there is no such function."""
        ...

    async def add_version(self, version: Version) -> Version:
        """Keep a new version and make it live, in one transaction.

        Its `number` is ignored: the store counts. Publishing a definition whose digest is already
        a version makes that version live again and returns it.

        Raises:
            FunctionUnknown: the workspace has no such function, or no longer.

        """
        ...

    async def set_live_version(
        self, workspace_id: WorkspaceId, function_id: FunctionId, number: int
    ) -> bool:
        """Make an existing version live; False when there is none of this number."""
        ...

    async def find_version(
        self, workspace_id: WorkspaceId, function_id: FunctionId, number: int
    ) -> Version | None:
        """Return one version."""
        ...

    async def list_versions(
        self, workspace_id: WorkspaceId, function_id: FunctionId, *, limit: int, cursor: str | None
    ) -> Page[Version]:
        """Return versions, newest first.

        Raises:
            CursorRefused: the cursor was not made here.

        """
        ...

    async def artifact_keys(self) -> frozenset[ArtifactKey]:
        """Return the names under which drivers know every version of every workspace."""
        ...

    async def delete_function(
        self, workspace_id: WorkspaceId, function_id: FunctionId
    ) -> tuple[Version, ...] | None:
        """Remove a function with its versions and return those; its calls stay.

        None when there is no such function.
        """
        ...


class CallLog(Protocol):
    """Keep what happened.

    Fails open: when the database is away a call still gets its outcome, records wait in memory up
    to a bound, and `health` tells. A crash loses at most the records of the last 200 ms; a clean
    stop loses none.
    """

    def record_nowait(self, record: CallRecord) -> None:
        """Take a record; it is kept within 200 ms."""
        ...

    async def find_call(self, workspace_id: WorkspaceId, call_id: CallId) -> CallRecord | None:
        """Return one record of this workspace, also one that was taken a moment ago."""
        ...

    async def list_calls(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: CallFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[CallRecord]:
        """Return records, newest first, with those taken a moment ago.

        Raises:
            CursorRefused: the cursor was not made here.

        """
        ...

    async def health(self) -> Health:
        """Say whether records are being kept."""
        ...


class WhenAway(StrEnum):
    """What a rule does while the place where all processes count together is away.

    `SHARE_THEN_OPEN`: each process counts for itself and admits its share, the limit by the number
    of live processes; a request is admitted uncounted once a process can hold no more keys.
    `STRICT`: the same, but never uncounted; and what was admitted before counts in the share.
    """

    SHARE_THEN_OPEN = "share_then_open"
    STRICT = "strict"


class Scope(StrEnum):
    """Who counted a request together.

    `PROCESS`: this process alone, which is all there is; `INSTANCE`: every process of the
    instance; `SHARE`: this process alone with its share, because the others cannot be reached;
    `OPEN`: nobody.
    """

    PROCESS = "process"
    INSTANCE = "instance"
    SHARE = "share"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rate limit: at most `burst` at once, refilled over `period_us` microseconds.

    `name` is what people see, for example `function-executions`; `key` tells apart who is counted.
    Rules that are asked together share their `tag`, so that one place can count them all.
    `ahead_us` is how far ahead it may be booked by whoever is willing to wait.
    """

    name: str
    key: str
    burst: int
    period_us: int
    tag: str = ""
    ahead_us: int = 0
    when_away: WhenAway = WhenAway.SHARE_THEN_OPEN


@dataclass(frozen=True, slots=True)
class RuleState:
    """How a rule stands after a decision: what is left, and when it is whole again."""

    rule: Rule
    remaining: int
    resets_in_s: float


@dataclass(frozen=True, slots=True)
class Admission:
    """All rules admitted, or nothing was counted.

    `refused_by` is the rule that makes the caller wait longest and `retry_after_s` that wait.
    Who is admitted begins after `wait_s` seconds: 0 unless it was booked ahead.
    """

    is_admitted: bool
    states: tuple[RuleState, ...]
    refused_by: Rule | None = None
    retry_after_s: float = 0.0
    wait_s: float = 0.0
    scope: Scope = Scope.PROCESS


@dataclass(frozen=True, slots=True)
class LimiterStatistics:
    """How many decisions were made in which scope, and whether the shared place is away."""

    decisions: Mapping[Scope, int]
    is_away: bool = False


class Limiter(Protocol):
    """Count against several rules at once, all or nothing.

    The in-process limiter cannot be away. One behind a network answers within a stated time
    whatever happens there, and then does what each rule's `when_away` says.
    """

    async def acquire(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Take `cost` from every rule, or from none; the keys of the rules differ.

        A cost above a rule's burst is never admitted. With `patience_us`, and as far as every
        rule's `ahead_us` allows, a caller who came too early is booked ahead, and told how
        long to wait; bookings are in the order in which they were asked for. What was booked is
        used up, also if nobody comes.
        """
        ...

    def statistics(self) -> LimiterStatistics:
        """Return what was decided since the start."""
        ...
