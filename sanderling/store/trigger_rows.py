"""Triggers as rows."""

from runner.triggers.trigger import Trigger
from sanderling.kernel.ids import FunctionId, TriggerId, WorkspaceId
from sanderling.store.rows import AnyRow
from sanderling.store.trigger_settings import settings_from_text


def trigger_of(row: AnyRow) -> Trigger:
    """Return the trigger of a row that has its function's name as well.

    Raises:
        TriggerRefused: this release knows no such settings.

    """
    return Trigger(
        id=TriggerId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        function_id=FunctionId(row.function_id),
        function_name=row.function_name,
        settings=settings_from_text(row.kind, row.settings),
        created_at=row.created_at,
        updated_at=row.updated_at,
        position=row.position,
        is_enabled=row.is_enabled,
    )
