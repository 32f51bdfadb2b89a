"""What this room needs from others; the adapters live in `sanderling.store` and beside us."""

from dataclasses import dataclass
from datetime import datetime
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

    async def is_version(self, key: ArtifactKey) -> bool:
        """Claim that a version, live or not, is known to drivers by `key`."""
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
