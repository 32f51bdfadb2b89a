"""The shared runner: it compiles and runs drafts that come with the request, and is the canary."""

import asyncio
from concurrent.futures import Executor

from drivers.aws_lambda.blueprint import RUNNER_GUEST_BYTES, runner_blueprint
from drivers.aws_lambda.caller import Answer, Caller, Request
from drivers.aws_lambda.control import Control, TenancyUnavailable
from drivers.aws_lambda.endings import compiled, deployment_of
from drivers.aws_lambda.envelope import (
    MOST_PAYLOAD_BYTES,
    EnvelopeBroken,
    compile_request,
    function_of_artifact,
    read_answer,
)
from drivers.aws_lambda.faults import Fault, Refused, without_code
from drivers.aws_lambda.settings import LambdaSettings
from drivers.limits import Limits
from drivers.port import Artifact, ArtifactKey, Deployment, Digest, OutcomeKind
from sanderling.kernel.ids import FunctionId, WorkspaceId

_CANARY_TENANT = "sanderling-canary"
_CANARY = "def handler(event, context):\n    return event\n"
# Half of what AWS takes is left for the event.
_MOST_SOURCE_BYTES = MOST_PAYLOAD_BYTES // 2


class Runner:
    """Start it, then use it; one event loop owns it."""

    def __init__(
        self, caller: Caller, control: Control, threads: Executor, settings: LambdaSettings
    ) -> None:
        """Block in `threads` only."""
        self._caller = caller
        self._control = control
        self._threads = threads
        self._settings = settings
        self.name = ""
        self.layers: tuple[str, ...] = ()
        self.python = ""
        self._is_per_tenant = False

    async def start(self) -> None:
        """See that it is there and well.

        Raises:
            Refused: it is not, with why.

        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._ensure)
        await self.prove()

    def _ensure(self) -> None:
        if self._settings.may_share_runner and self._ensure_per_tenant():
            return
        blueprint = runner_blueprint(self._settings, is_per_tenant=False)
        self._control.ensure(blueprint, within_s=self._settings.start_s)
        self.name = blueprint.name

    def _ensure_per_tenant(self) -> bool:
        blueprint = runner_blueprint(self._settings, is_per_tenant=True)
        try:
            self._control.ensure(blueprint, within_s=self._settings.start_s)
        except TenancyUnavailable:
            return False
        found = self._control.find(blueprint.name)
        if found is None or not found.is_per_tenant:
            # It was taken without being understood: tenants would share an environment.
            self._control.delete(blueprint.name)
            return False
        self.name, self._is_per_tenant = blueprint.name, True
        return True

    @property
    def runs_drafts(self) -> bool:
        """Claim that workspaces are kept apart there, so that it may run their code."""
        return self._is_per_tenant

    def takes(self, artifact: Artifact) -> bool:
        """Claim that it can run `artifact`."""
        return (
            self._is_per_tenant
            and artifact.limits.memory_bytes <= RUNNER_GUEST_BYTES
            and len(artifact.source) <= _MOST_SOURCE_BYTES // 4
        )

    def tenant_of(self, artifact: Artifact) -> str:
        """Return the tenant whose environments run `artifact`."""
        return artifact.key.workspace_id if self._is_per_tenant else ""

    async def compile(self, artifact: Artifact) -> Deployment:
        """Say whether `artifact` compiles; nothing is made for it."""
        request = Request(
            self.name,
            compile_request(function_of_artifact(artifact)),
            tenant=self.tenant_of(artifact),
            is_idempotent=True,
        )
        got = await self._send(request)
        if isinstance(got, Answer):
            return compiled(got, artifact)
        if got.kind is OutcomeKind.NOT_DEPLOYED:
            detail = "Somebody removes the shared runner at AWS. Call again shortly."
            return Deployment(OutcomeKind.PLATFORM_ERROR, detail=detail)
        return deployment_of(got)

    async def try_rights(self) -> Fault | None:
        """Ask AWS whether a call would be let through, without running anything."""
        request = Request(self.name, b"{}", tenant=self._canary_tenant, is_dry=True)
        got = await self._send(request)
        return without_code(got) if isinstance(got, Fault) else None

    async def _send(self, request: Request) -> Answer | Fault:
        """Send `request`, having made the runner again where somebody removed it."""
        got = await self._caller.send(request)
        if not isinstance(got, Fault) or got.kind is not OutcomeKind.NOT_DEPLOYED:
            return got
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._ensure)
        except Refused as refused:
            return refused.fault
        # One of another name isolates in another way; what is sent was made for the old one.
        return await self._caller.send(request) if self.name == request.name else got

    async def prove(self) -> None:
        """Have it compile a small function, and note the walls that it found to hold.

        Raises:
            Refused: it does not answer as it should.

        """
        artifact = _canary()
        request = Request(
            self.name,
            compile_request(function_of_artifact(artifact)),
            tenant=self._canary_tenant,
            is_idempotent=True,
        )
        got = await self._caller.send(request)
        if isinstance(got, Fault):
            raise Refused(without_code(got))
        made = compiled(got, artifact)
        if made.kind is not OutcomeKind.OK:
            raise Refused(Fault(made.kind, "RunnerFailed", made.detail or "The runner failed."))
        try:
            envelope = read_answer(got.payload, artifact.limits)
        except EnvelopeBroken as broken:
            detail = "What came back from AWS Lambda is no answer of our runner."
            raise Refused(Fault(OutcomeKind.PLATFORM_ERROR, "RunnerFailed", detail)) from broken
        self.layers, self.python = envelope.layers, envelope.python

    @property
    def _canary_tenant(self) -> str:
        return _CANARY_TENANT if self._is_per_tenant else ""


def _canary() -> Artifact:
    key = ArtifactKey(WorkspaceId(_CANARY_TENANT), FunctionId("canary"), Digest("canary"))
    return Artifact(key, _CANARY, Limits())
