"""Targets of calls, as the turnstile sees them."""

from drivers.limits import Limits
from drivers.port import ArtifactKey, Digest, Isolation
from runner.target import Target
from sanderling.kernel.ids import FunctionId, WorkspaceId
from sanderling.kernel.units import MIB


def a_target(
    workspace_id: WorkspaceId = WorkspaceId("ws_one"),  # noqa: B008 - a text.
    *,
    name: str = "echo",
    concurrency: int | None = None,
    memory_bytes: int = 64 * MIB,
) -> Target:
    """Return a function's first version; the function follows from workspace and name."""
    function_id = FunctionId(f"fn_{workspace_id}_{name}")
    return Target(
        workspace_id=workspace_id,
        function_id=function_id,
        function_name=name,
        version=1,
        key=ArtifactKey(workspace_id, function_id, Digest("0" * 64)),
        limits=Limits(memory_bytes=memory_bytes),
        isolation=Isolation.CALL,
        rules=(),
        workflow_rules=(),
        concurrency=concurrency,
    )
