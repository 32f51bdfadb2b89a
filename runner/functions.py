"""What people do with functions: write, publish, roll back, delete."""

import asyncio

import structlog

from drivers.limits import CEILINGS
from drivers.port import Artifact, ArtifactKey, Deployment, Driver, Isolation, OutcomeKind
from runner.dispatch import DEPLOY_TIMEOUT_S
from runner.errors import (
    CodeRejected,
    DefinitionRefused,
    DeploymentError,
    FunctionUnknown,
    VersionUnknown,
)
from runner.function import Definition, Function, Version, check_name, is_name
from runner.ports import FunctionStore, Page
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus, FunctionChanged, FunctionPublished
from sanderling.kernel.ids import Ids

log = structlog.get_logger()


def check_definition(definition: Definition) -> Definition:
    """Return `definition` unchanged when it can be kept; whether it runs is not looked at.

    Raises:
        DefinitionRefused: the source is too large or no text that every store can hold, or the
            isolation is none.

    """
    try:
        size = len(definition.source.encode())
    except UnicodeEncodeError as error:
        raise DefinitionRefused(reason="the source has a lone surrogate") from error
    ceiling = CEILINGS["source_bytes"]
    if size > ceiling:
        raise DefinitionRefused(reason=f"the source has {size} bytes; {ceiling:g} are allowed")
    if "\0" in definition.source:
        raise DefinitionRefused(reason="the source has a NUL character")
    if definition.isolation is Isolation.NONE:
        raise DefinitionRefused(reason="isolation is `call` or `function`")
    return definition


class Functions:
    """Change and show the functions of the principal's own workspace.

    Every method takes the principal first and raises `Forbidden` when it does not hold
    `functions.read`, or `functions.write` for a change. What changes is announced on the bus once
    it is kept. When the database is away they raise `StoreUnavailableError`.
    """

    def __init__(
        self,
        store: FunctionStore,
        driver: Driver,
        ids: Ids,
        clock: Clock,
        bus: EventBus,
        permissions: Permissions,
    ) -> None:
        """Keep functions in `store` and prove them on `driver`."""
        self._store = store
        self._driver = driver
        self._ids = ids
        self._clock = clock
        self._bus = bus
        self._permissions = permissions

    async def create(self, principal: Principal, name: str, draft: Definition) -> Function:
        """Return a new function with this draft; nothing is live yet.

        Raises:
            NameRefused: it is not a function name.
            DefinitionRefused: the draft cannot be kept.
            FunctionExists: the workspace has one of this name.

        """
        require(self._permissions, principal, Permission.FUNCTIONS_WRITE)
        now = self._clock.now()
        function = Function(
            id=self._ids.function(),
            workspace_id=principal.workspace_id,
            name=check_name(name),
            draft=check_definition(draft),
            created_at=now,
            updated_at=now,
        )
        await self._store.add_function(function)
        self._announce(function, "function.created")
        return function

    async def save_draft(self, principal: Principal, name: str, draft: Definition) -> Function:
        """Return the function with its draft replaced; code that does not run yet is kept too.

        Raises:
            FunctionUnknown: there is no function of this name.
            DefinitionRefused: the draft cannot be kept.

        """
        before = await self._find(principal, name, Permission.FUNCTIONS_WRITE)
        function = await self._store.save_draft(
            before.workspace_id, before.id, check_definition(draft), saved_at=self._clock.now()
        )
        if function is None:
            raise FunctionUnknown(name=name)
        self._announce(function, "draft.saved")
        await self._forget_draft(before, function)
        return function

    async def get(self, principal: Principal, name: str) -> Function:
        """Return the function of this name.

        Raises:
            FunctionUnknown: there is none.

        """
        return await self._find(principal, name, Permission.FUNCTIONS_READ)

    async def list(
        self, principal: Principal, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Function]:
        """Return functions by name.

        Raises:
            CursorRefused: the cursor was not made by this list.

        """
        require(self._permissions, principal, Permission.FUNCTIONS_READ)
        return await self._store.list_functions(principal.workspace_id, limit=limit, cursor=cursor)

    async def publish(self, principal: Principal, name: str) -> Version:
        """Return the draft as a version that is live; the same definition is the same version.

        Raises:
            FunctionUnknown: there is no function of this name.
            CodeRejected: the driver does not take the code; nothing was published.
            DeploymentError: the driver could not tell; nothing was published.

        """
        function = await self._find(principal, name, Permission.FUNCTIONS_WRITE)
        draft = function.draft
        version = Version(
            function_id=function.id,
            workspace_id=function.workspace_id,
            number=0,
            definition=draft,
            digest=draft.digest,
            published_at=self._clock.now(),
        )
        _check_deployed(
            await self._deploy(
                Artifact(version.artifact_key, draft.source, draft.limits, draft.isolation)
            )
        )
        kept = await self._store.add_version(version)
        self._announce(function, "function.published", version=kept.number)
        self._bus.publish(
            FunctionPublished(kept.workspace_id, kept.function_id, kept.number, kept.digest)
        )
        return kept

    async def versions(
        self, principal: Principal, name: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Version]:
        """Return the versions of a function, newest first.

        Raises:
            FunctionUnknown: there is no function of this name.
            CursorRefused: the cursor was not made by this list.

        """
        function = await self._find(principal, name, Permission.FUNCTIONS_READ)
        return await self._store.list_versions(
            function.workspace_id, function.id, limit=limit, cursor=cursor
        )

    async def version(self, principal: Principal, name: str, number: int) -> Version:
        """Return one version.

        Raises:
            FunctionUnknown: there is no function of this name.
            VersionUnknown: it has no version of this number.

        """
        function = await self._find(principal, name, Permission.FUNCTIONS_READ)
        return await self._version(function, number)

    async def rollback(self, principal: Principal, name: str, number: int) -> Version:
        """Return the version of this number, now live; the draft stays as it is.

        Raises:
            FunctionUnknown: there is no function of this name.
            VersionUnknown: it has no version of this number.

        """
        function = await self._find(principal, name, Permission.FUNCTIONS_WRITE)
        version = await self._version(function, number)
        if not await self._store.set_live_version(function.workspace_id, function.id, number):
            raise VersionUnknown(name=name, number=number)
        self._announce(function, "function.rolled-back", version=number)
        return version

    async def delete(self, principal: Principal, name: str) -> None:
        """Remove a function with its versions, here and from the driver; its calls stay.

        Raises:
            FunctionUnknown: there is no function of this name.

        """
        function = await self._find(principal, name, Permission.FUNCTIONS_WRITE)
        versions = await self._store.delete_function(function.workspace_id, function.id)
        if versions is None:
            raise FunctionUnknown(name=name)
        self._announce(function, "function.deleted", versions=len(versions))
        keys = {version.artifact_key for version in versions} | {_draft_key(function)}
        for key in keys:
            await self._driver.delete(key)

    async def _find(self, principal: Principal, name: str, permission: Permission) -> Function:
        require(self._permissions, principal, permission)
        # A text that is no name is not taken to the database, which may not even hold it.
        found = None
        if is_name(name):
            found = await self._store.find_function(principal.workspace_id, name)
        if found is None:
            raise FunctionUnknown(name=name)
        return found

    async def _version(self, function: Function, number: int) -> Version:
        found = None
        if 0 < number <= function.latest_version:
            found = await self._store.find_version(function.workspace_id, function.id, number)
        if found is None:
            raise VersionUnknown(name=function.name, number=number)
        return found

    async def _deploy(self, artifact: Artifact) -> Deployment:
        try:
            async with asyncio.timeout(DEPLOY_TIMEOUT_S):
                return await self._driver.deploy(artifact)
        except TimeoutError as error:
            reason = f"it took more than {DEPLOY_TIMEOUT_S:g} seconds"
            raise DeploymentError(reason=reason, outcome=OutcomeKind.PLATFORM_ERROR) from error

    async def _forget_draft(self, before: Function, after: Function) -> None:
        """Free what the driver keeps of a draft that was tried and then changed.

        What was published stays, also if it is not live: somebody may call it by its number, or
        go back to it.
        """
        if before.draft == after.draft:
            return
        key = _draft_key(before)
        if not await self._store.is_version(key):
            await self._driver.delete(key)

    def _announce(self, function: Function, event: str, **numbers: int) -> None:
        log.info(event, function_id=function.id, workspace_id=function.workspace_id, **numbers)
        self._bus.publish(FunctionChanged(function.workspace_id, function.id, function.name))


def _draft_key(function: Function) -> ArtifactKey:
    return ArtifactKey(function.workspace_id, function.id, function.draft.digest)


def _check_deployed(deployment: Deployment) -> None:
    if deployment.kind is OutcomeKind.OK:
        return
    message = deployment.error.message if deployment.error else ""
    reason = message or deployment.detail or f"the driver says {deployment.kind}"
    if deployment.kind is OutcomeKind.BAD_CODE:
        raise CodeRejected(reason=reason, deployment=deployment)
    raise DeploymentError(reason=reason, outcome=deployment.kind)
