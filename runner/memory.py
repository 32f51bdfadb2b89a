"""The twins of this room's stores that live in memory: for embedding, trials and tests.

They belong to one event loop; no method waits, so each one is atomic.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from drivers.port import ArtifactKey, Health, HealthState
from runner.call import CallRecord, newest_first
from runner.call_filter import CallFilter
from runner.cursor import CallPlace, call_cursor, call_place, decode_cursor, encode_cursor
from runner.errors import FunctionExists, FunctionUnknown
from runner.function import Definition, Function, Version
from runner.ports import Page
from sanderling.kernel.ids import CallId, ExecutionId, FunctionId, WorkspaceId

Row = TypeVar("Row")


def _page(rows: Iterable[Row], limit: int, word: Callable[[Row], str]) -> Page[Row]:
    kept = list(rows)
    page = tuple(kept[:limit])
    return Page(page, word(page[-1]) if len(kept) > limit else None)


def _place(record: CallRecord) -> CallPlace:
    return record.started_at, record.id


@dataclass(slots=True)
class _Shelf:
    function: Function
    versions: list[Version] = field(default_factory=list[Version])


class MemoryFunctionStore:
    """Keep functions for as long as this process lives."""

    def __init__(self) -> None:
        """Start empty."""
        self._shelves: dict[tuple[WorkspaceId, FunctionId], _Shelf] = {}

    def _named(self, workspace_id: WorkspaceId, name: str) -> Function | None:
        for (owner, _), shelf in self._shelves.items():
            if owner == workspace_id and shelf.function.name == name:
                return shelf.function
        return None

    async def add_function(self, function: Function) -> None:
        """Keep a new function."""
        if self._named(function.workspace_id, function.name) is not None:
            raise FunctionExists(name=function.name)
        self._shelves[function.workspace_id, function.id] = _Shelf(function)

    async def find_function(self, workspace_id: WorkspaceId, name: str) -> Function | None:
        """Return the function of this name."""
        return self._named(workspace_id, name)

    async def list_functions(
        self, workspace_id: WorkspaceId, *, limit: int, cursor: str | None
    ) -> Page[Function]:
        """Return functions by name."""
        after = str(decode_cursor("functions", cursor, str)[0]) if cursor is not None else ""
        rows = [
            shelf.function
            for (owner, _), shelf in self._shelves.items()
            if owner == workspace_id and shelf.function.name > after
        ]
        rows.sort(key=lambda function: function.name)
        return _page(rows, limit, lambda function: encode_cursor("functions", function.name))

    async def save_draft(
        self,
        workspace_id: WorkspaceId,
        function_id: FunctionId,
        draft: Definition,
        *,
        saved_at: datetime,
    ) -> Function | None:
        """Replace the draft and return the function."""
        shelf = self._shelves.get((workspace_id, function_id))
        if shelf is None:
            return None
        shelf.function = replace(shelf.function, draft=draft, updated_at=saved_at)
        return shelf.function

    async def add_version(self, version: Version) -> Version:
        """Keep a new version, or find the one with its digest, and make it live."""
        shelf = self._shelves.get((version.workspace_id, version.function_id))
        if shelf is None:
            raise FunctionUnknown(name=version.function_id)
        for kept in shelf.versions:
            if kept.digest == version.digest:
                shelf.function = replace(shelf.function, live_version=kept.number)
                return kept
        number = shelf.function.latest_version + 1
        shelf.versions.append(replace(version, number=number))
        shelf.function = replace(shelf.function, live_version=number, latest_version=number)
        return shelf.versions[-1]

    async def set_live_version(
        self, workspace_id: WorkspaceId, function_id: FunctionId, number: int
    ) -> bool:
        """Make an existing version live."""
        shelf = self._shelves.get((workspace_id, function_id))
        if shelf is None or all(version.number != number for version in shelf.versions):
            return False
        shelf.function = replace(shelf.function, live_version=number)
        return True

    async def find_version(
        self, workspace_id: WorkspaceId, function_id: FunctionId, number: int
    ) -> Version | None:
        """Return one version."""
        shelf = self._shelves.get((workspace_id, function_id))
        versions = shelf.versions if shelf else []
        return next((version for version in versions if version.number == number), None)

    async def list_versions(
        self, workspace_id: WorkspaceId, function_id: FunctionId, *, limit: int, cursor: str | None
    ) -> Page[Version]:
        """Return versions, newest first."""
        before = int(decode_cursor("versions", cursor, int)[0]) if cursor is not None else None
        shelf = self._shelves.get((workspace_id, function_id))
        rows = [
            version
            for version in reversed(shelf.versions if shelf else [])
            if before is None or version.number < before
        ]
        return _page(rows, limit, lambda version: encode_cursor("versions", version.number))

    async def artifact_keys(self) -> frozenset[ArtifactKey]:
        """Return the keys of every version."""
        return frozenset(
            version.artifact_key for shelf in self._shelves.values() for version in shelf.versions
        )

    async def is_version(self, key: ArtifactKey) -> bool:
        """Claim that a version is known by `key`."""
        shelf = self._shelves.get((key.workspace_id, key.function_id))
        return shelf is not None and any(each.digest == key.digest for each in shelf.versions)

    async def delete_function(
        self, workspace_id: WorkspaceId, function_id: FunctionId
    ) -> tuple[Version, ...] | None:
        """Remove a function and return its versions, oldest first."""
        shelf = self._shelves.pop((workspace_id, function_id), None)
        return None if shelf is None else tuple(shelf.versions)


class MemoryCallLog:
    """Keep the newest `capacity` records for as long as this process lives."""

    def __init__(
        self,
        *,
        capacity: int = 100_000,
        is_awaited: Callable[[WorkspaceId, ExecutionId], bool] | None = None,
    ) -> None:
        """Start empty; `is_awaited` says whether an execution has not ended yet."""
        self._capacity = capacity
        self._is_awaited = is_awaited
        self._records: dict[tuple[WorkspaceId, CallId], CallRecord] = {}

    def _is_wanted(self, record: CallRecord) -> bool:
        """Claim that the call is an attempt of an execution that has not ended yet."""
        if self._is_awaited is None or not record.execution_id:
            return False
        return self._is_awaited(record.workspace_id, record.execution_id)

    def record_nowait(self, record: CallRecord) -> None:
        """Take a record; the first one with an id stays."""
        self._records.setdefault((record.workspace_id, record.id), record)
        if len(self._records) > self._capacity:
            self._records.pop(next(iter(self._records)))

    async def find_call(self, workspace_id: WorkspaceId, call_id: CallId) -> CallRecord | None:
        """Return one record of this workspace."""
        return self._records.get((workspace_id, call_id))

    async def list_calls(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: CallFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[CallRecord]:
        """Return records, newest first."""
        place = call_place(cursor) if cursor is not None else None
        rows = newest_first(
            record
            for (owner, _), record in self._records.items()
            if owner == workspace_id
            and matching.admits(record)
            and (place is None or (record.started_at, record.id) < place)
        )
        return _page(rows, limit, call_cursor)

    async def list_workspaces(self) -> tuple[WorkspaceId, ...]:
        """Return the workspaces that have history."""
        return tuple({workspace_id for workspace_id, _ in self._records})

    async def find_nth_newest(self, workspace_id: WorkspaceId, number: int) -> CallPlace | None:
        """Return where that call stands."""
        rows = newest_first(self._of(workspace_id))
        return None if len(rows) < number else _place(rows[number - 1])

    async def forget_before(
        self, workspace_id: WorkspaceId, place: CallPlace, *, limit: int
    ) -> int:
        """Forget a few of the oldest."""
        due = [
            record
            for record in reversed(newest_first(self._of(workspace_id)))
            if _place(record) < place and not self._is_wanted(record)
        ]
        for record in due[:limit]:
            del self._records[workspace_id, record.id]
        return len(due[:limit])

    def _of(self, workspace_id: WorkspaceId) -> Iterable[CallRecord]:
        return [record for (owner, _), record in self._records.items() if owner == workspace_id]

    async def health(self) -> Health:
        """Say that memory takes records."""
        return Health(HealthState.OK, numbers={"records": len(self._records)})
