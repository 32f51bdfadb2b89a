"""Brings versions to Lambda and takes them away; what is under way outlives who asked for it."""

import asyncio
from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

from drivers.aws_lambda.blueprint import blueprint_of, name_of
from drivers.aws_lambda.caller import CLOSING, Answer, Caller, Request
from drivers.aws_lambda.control import Control
from drivers.aws_lambda.endings import compiled, deployment_of
from drivers.aws_lambda.envelope import compile_request, function_of_artifact
from drivers.aws_lambda.faults import Refused
from drivers.aws_lambda.refusals import note_refusal
from drivers.aws_lambda.settings import LambdaSettings
from drivers.fairplaces import FairPlaces
from drivers.port import Artifact, ArtifactKey, Deployment, OutcomeKind
from drivers.replies.compilations import too_long
from sanderling.kernel.ids import WorkspaceId

_MOST_ROUNDS = 3
# Two threads of the control plane stay free for removing, collecting and the runner.
_AT_ONCE = 6
_MOST_UNDER_WAY = 100
_TOO_MANY = (
    f"{_MOST_UNDER_WAY} versions of this workspace are on their way to AWS Lambda; nothing ran. "
    "Call again shortly."
)


@dataclass(frozen=True)
class Deployed:
    """An artifact with the name of the function that runs it."""

    artifact: Artifact
    name: str
    is_on_runner: bool

    @cached_property
    def function(self) -> dict[str, object] | None:
        """What every request brings along; None where the function is at the other end."""
        return function_of_artifact(self.artifact) if self.is_on_runner else None


class Deployer:
    """Deploy and remove; one event loop owns it."""

    def __init__(
        self, caller: Caller, control: Control, threads: Executor, settings: LambdaSettings
    ) -> None:
        """Block in `threads` only."""
        self._caller = caller
        self._control = control
        self._threads = threads
        self._settings = settings
        self._under_way: dict[str, asyncio.Task[Deployment]] = {}
        self._line = FairPlaces(_AT_ONCE)
        self._of_workspace = Counter[WorkspaceId]()
        self._is_closing = False

    async def close(self) -> None:
        """Return once nothing is under way; what only waits for its turn ends without one."""
        self._is_closing = True
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def deploy(self, artifact: Artifact) -> tuple[Deployment, str]:
        """Return what became of it, and the name of its function.

        Whoever stops waiting leaves it under way, and who asks next finds it further on.
        Workspaces take turns, so that nobody waits for the backlog of another.
        """
        size = len(artifact.source.encode("utf-8", "surrogatepass"))
        if size > artifact.limits.source_bytes:
            return too_long(size, artifact.limits.source_bytes), ""
        name = name_of(artifact.key, self._settings)
        task = self._under_way.get(name)
        if task is None:
            if self._of_workspace[artifact.key.workspace_id] >= _MOST_UNDER_WAY:
                return Deployment(OutcomeKind.SATURATED, detail=_TOO_MANY), ""
            task = self._begin(artifact, name)
        return await asyncio.shield(task), name

    def _begin(self, artifact: Artifact, name: str) -> asyncio.Task[Deployment]:
        workspace_id = artifact.key.workspace_id

        def end(_: object) -> None:
            self._under_way.pop(name, None)
            self._of_workspace[workspace_id] -= 1
            if not self._of_workspace[workspace_id]:
                del self._of_workspace[workspace_id]

        task = asyncio.get_running_loop().create_task(self._deploy_in_turn(artifact, name))
        self._under_way[name] = task
        self._of_workspace[workspace_id] += 1
        task.add_done_callback(end)
        return task

    async def _deploy_in_turn(self, artifact: Artifact, name: str) -> Deployment:
        async with self._line.place(artifact.key):
            if self._is_closing:
                return Deployment(OutcomeKind.PLATFORM_ERROR, detail=CLOSING)
            return await self._deploy(artifact, name)

    async def _deploy(self, artifact: Artifact, name: str) -> Deployment:
        loop = asyncio.get_running_loop()
        try:
            for _ in range(_MOST_ROUNDS):
                await loop.run_in_executor(
                    self._threads,
                    lambda: self._control.ensure(
                        blueprint_of(artifact, self._settings), within_s=self._settings.deploy_s
                    ),
                )
                found = await self._check(artifact, name)
                if found.kind is OutcomeKind.BAD_CODE:
                    await loop.run_in_executor(self._threads, self._control.delete, name)
                if found.kind is not OutcomeKind.NOT_DEPLOYED:
                    return found
        except Refused as refused:
            note_refusal(refused.fault)
            return Deployment(refused.fault.kind, detail=refused.fault.detail)
        detail = "The function was removed by somebody else again and again."
        return Deployment(OutcomeKind.PLATFORM_ERROR, detail=detail)

    async def _check(self, artifact: Artifact, name: str) -> Deployment:
        """Have the function compile itself, which starts its first environment as well."""
        got = await self._caller.send(Request(name, compile_request(), is_idempotent=True))
        if isinstance(got, Answer):
            return compiled(got, artifact)
        return deployment_of(got)

    async def remove(self, key: ArtifactKey) -> None:
        """Remove the function of `key`, if there is one and it is ours."""
        loop = asyncio.get_running_loop()
        name = name_of(key, self._settings)
        try:
            await loop.run_in_executor(self._threads, self._control.delete_ours, name)
        except Refused:
            # It stays until the collector comes by.
            return
