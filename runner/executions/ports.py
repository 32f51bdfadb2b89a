"""What executions need from others; the adapters live in `sanderling.store` and beside us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from runner.executions.execution import Claim, Execution, ExecutionStatus
from runner.ports import Page
from sanderling.kernel.ids import CallId, ExecutionId, KeyId, WorkspaceId

ABANDONED_FOR = timedelta(days=1)
"""How long a key is remembered whose call nobody told the end of."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's word for one thing it asks for, however often it has to ask.

    `caller` tells callers apart, so that nobody meets the keys of another; `body_digest` tells
    whether it is the same thing, queued or not. After `expires_at` the word is free again.
    """

    caller: str
    key: str
    body_digest: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Submitted:
    """A new execution, and the key under which its caller may ask again."""

    execution: Execution
    key: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """An execution that is kept; `is_replayed` says that an earlier one answered to the key."""

    execution: Execution
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """Nothing is kept or made: the idempotency key stands for something else."""


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions to list; None means any.

    `since` is inclusive and `until` exclusive, both over `created_at`.
    """

    function: str | None = None
    status: ExecutionStatus | None = None
    key_id: KeyId | None = None
    lane: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, execution: Execution) -> bool:
        """Claim that `execution` is one of those to list."""
        return (
            (self.function is None or execution.function_name == self.function)
            and (self.status is None or execution.status is self.status)
            and (self.key_id is None or execution.key_id == self.key_id)
            and (self.lane is None or execution.lane == self.lane)
            and (self.since is None or execution.created_at >= self.since)
            and (self.until is None or execution.created_at < self.until)
        )


class Hold(Enum):
    """How a claim stands when it is renewed."""

    HELD = "held"
    CANCEL_ASKED = "cancel asked"
    """Held, and the attempt is to be ended."""
    LOST = "lost"
    """Somebody else has the execution, or it is at its end; nothing was changed."""


class ExecutionStore(Protocol):
    """Keep executions. Its rows are the truth: whatever else is lost is found again from them.

    Every change of a running execution is guarded by its fence: who claimed it before and was
    taken for gone changes nothing any more. Moments come from the caller; clocks of processes
    that share a store agree within a few seconds, far less than a lease.

    Words, ids and moments that no row could have are simply not found. When the database is away
    or refuses, every method raises `StoreUnavailableError` and nothing was changed.
    """

    async def add(self, submitted: Sequence[Submitted]) -> tuple[Added | KeyTaken, ...]:
        """Keep new executions, all in one transaction, and tell of each in the given order.

        All are of one workspace and one caller. Of several with one idempotency key, in one
        call or in many at once, exactly one is kept; the others get that one.
        """
        ...

    async def find(self, workspace_id: WorkspaceId, execution_id: ExecutionId) -> Execution | None:
        """Return one execution of this workspace."""
        ...

    async def list(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: ExecutionFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[Execution]:
        """Return executions, newest first, without their events and answers.

        Raises:
            CursorRefused: the cursor was not made here.

        """
        ...

    async def claim(self, workspace_id: WorkspaceId, claim: Claim) -> Execution | None:
        """Return the workspace's first due execution, running from now on; None without one.

        First are lower priorities, then earlier due, then older ids. One whose lane is busy or
        whose deadline passed is stepped over. Several that claim at once get different ones.
        """
        ...

    async def renew(self, execution: Execution, *, lease_until: datetime) -> Hold:
        """Lengthen the lease of a running execution, or say that it is lost."""
        ...

    async def settle(self, before: Execution, after: Execution) -> bool:
        """Write `after` over a running execution that still has the fence of `before`.

        `after` was made from `before` by one of the steps. False when the claim is lost, or when
        `after` is to run again and cancelling was asked for meanwhile; nothing was changed then.
        """
        ...

    async def end_waiting(self, before: Execution, after: Execution) -> bool:
        """Write `after`, an end, over an execution that still waits as it did in `before`."""
        ...

    async def ask_cancel(
        self, workspace_id: WorkspaceId, execution_id: ExecutionId, *, now: datetime
    ) -> Execution | None:
        """Return the execution after asking for its end; None when there is none.

        One that waits is cancelled at once; of one that runs it is noted; an ended one stays.
        """
        ...

    async def due_workspaces(self, now: datetime, *, limit: int) -> Sequence[WorkspaceId]:
        """Return workspaces that have an execution due, by their ids."""
        ...

    async def expired(self, now: datetime, *, limit: int) -> Sequence[Execution]:
        """Return running executions whose lease ran out, of any workspace, longest ago first."""
        ...

    async def overdue(self, now: datetime, *, limit: int) -> Sequence[Execution]:
        """Return waiting executions whose deadline passed, of any workspace, longest ago first.

        Without their events and answers.
        """
        ...

    async def counts(self) -> Mapping[ExecutionStatus, int]:
        """Return how many executions of all workspaces wait, run and are dead."""
        ...

    async def forget(self, *, finished_before: datetime, now: datetime, limit: int) -> int:
        """Remove at most `limit` ended executions, and as many idempotency keys past their day.

        Returns how many executions and keys past their day it was: 0 when nothing is left.
        """
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """The key is the caller's from now on: make the call, then `complete` or `release` it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The call was made before; `answer` is what `complete` kept."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class InFlight:
    """The call is being made right now, by `call_id` at the latest until `expires_at`."""

    call_id: CallId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The call was begun as `call_id`, its time is over, and nobody told how it ended."""

    call_id: CallId


Beginning = Begun | Answered | InFlight | Abandoned | KeyTaken


class IdempotencyKeys(Protocol):
    """Keep what calls that are waited for were answered, by their idempotency keys.

    Keys of queued calls are kept with those (`ExecutionStore.add`), in the same table: one key
    of one caller stands for one thing. When the database is away every method raises
    `StoreUnavailableError`; a call without a known key is then not made.
    """

    async def begin(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId
    ) -> Beginning:
        """Take a key for a call that ends before `key.expires_at`, or say what it stands for.

        Of several at once exactly one gets `Begun`. `key.created_at` is the present.
        """
        ...

    async def complete(
        self,
        workspace_id: WorkspaceId,
        key: IdempotencyKey,
        call_id: CallId,
        answer: bytes,
    ) -> bool:
        """Keep the answer until `key.expires_at`; False when the key is another call's by now."""
        ...

    async def release(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId
    ) -> None:
        """Free a key whose call was not made; one that is another call's stays."""
        ...
