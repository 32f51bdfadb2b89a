"""Which code a call means, found without a database on the usual path."""

from dataclasses import dataclass

from drivers.limits import Limits
from drivers.port import ArtifactKey, Isolation
from runner.call import Selector
from runner.errors import FunctionUnknown, VersionUnknown, VersionUnpublished
from runner.function import Definition, Function, is_name
from runner.limit_policy import LimitPolicy
from runner.ports import FunctionStore
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus, FunctionChanged
from sanderling.kernel.flights import Flights
from sanderling.kernel.ids import FunctionId, WorkspaceId
from sanderling.metering.ports import Rule

FRESH_NS = 1_000_000_000
"""How long a target is used without asking the store again."""

MAX_TARGETS = 10_000


@dataclass(frozen=True, slots=True)
class Target:
    """The version, or the draft, that a call runs; everything but its source.

    `version` is None for the draft. `rules` are all the rate limits that count the call,
    `workflow_rules` all that count it where a workflow makes it, and `concurrency` is the
    function's own cap on calls at once.
    """

    workspace_id: WorkspaceId
    function_id: FunctionId
    function_name: str
    version: int | None
    key: ArtifactKey
    limits: Limits
    isolation: Isolation
    rules: tuple[Rule, ...]
    workflow_rules: tuple[Rule, ...]
    is_idempotent: bool = False
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    target: Target
    fresh_until_ns: int


class Targets:
    """Find targets, and remember them for one second.

    What this process changes is seen at once, by the bus; what another process changes, within
    that second. One event loop owns it.
    """

    def __init__(
        self, store: FunctionStore, policy: LimitPolicy, clock: Clock, bus: EventBus
    ) -> None:
        """Read from `store`, and listen on `bus` for changes made here."""
        self._store = store
        self._policy = policy
        self._clock = clock
        self._seen: dict[tuple[WorkspaceId, str], dict[Selector | int, _Seen]] = {}
        self._count = 0
        self._changes = 0
        self._flights: Flights[tuple[WorkspaceId, str, Selector | int, int], Target] = Flights()
        bus.subscribe(FunctionChanged, self._forget)

    def __len__(self) -> int:
        """Return the number of targets that are held."""
        return self._count

    def follow(self, policy: LimitPolicy) -> None:
        """Give targets the rules of `policy` from now on; those that are held are forgotten."""
        self._policy = policy
        self._changes += 1
        self._seen.clear()
        self._count = 0

    async def find(self, workspace_id: WorkspaceId, name: str, version: Selector | int) -> Target:
        """Return what a call of `name` runs in this workspace.

        Raises:
            FunctionUnknown: the workspace has no function of this name.
            VersionUnpublished: nothing was published yet.
            VersionUnknown: it has no version of this number.

        """
        seen = self._seen.get((workspace_id, name), {}).get(version)
        if seen is not None and self._clock.monotonic_ns() < seen.fresh_until_ns:
            return seen.target
        # The count of changes keeps whoever asks after a change from sharing a reading that
        # began before it.
        return await self._flights.share(
            (workspace_id, name, version, self._changes),
            lambda: self._read(workspace_id, name, version),
        )

    async def _read(self, workspace_id: WorkspaceId, name: str, version: Selector | int) -> Target:
        asked_at_ns, changes = self._clock.monotonic_ns(), self._changes
        function = await self._store.find_function(workspace_id, name) if is_name(name) else None
        if function is None:
            raise FunctionUnknown(name=name)
        if version is Selector.DRAFT:
            key = ArtifactKey(workspace_id, function.id, function.draft.digest)
            target = self._target(function, None, function.draft, key)
        else:
            number = function.live_version if version is Selector.LIVE else version
            target = await self._published(function, number)
        if changes == self._changes:
            self._keep((workspace_id, name), version, _Seen(target, asked_at_ns + FRESH_NS))
        return target

    async def _published(self, function: Function, number: int | None) -> Target:
        if number is None:
            raise VersionUnpublished(name=function.name)
        found = None
        if 0 < number <= function.latest_version:
            found = await self._store.find_version(function.workspace_id, function.id, number)
        if found is None:
            raise VersionUnknown(name=function.name, number=number)
        return self._target(function, number, found.definition, found.artifact_key)

    def _target(
        self, function: Function, version: int | None, definition: Definition, key: ArtifactKey
    ) -> Target:
        workspace_id = function.workspace_id
        rules = (
            *self._policy.api_rules(workspace_id),
            *self._policy.execution_rules(workspace_id, function.id, definition.rate_limit),
        )
        return Target(
            workspace_id=workspace_id,
            function_id=function.id,
            function_name=function.name,
            version=version,
            key=key,
            limits=definition.limits,
            isolation=definition.isolation,
            is_idempotent=definition.is_idempotent,
            rules=rules,
            workflow_rules=(*rules, *self._policy.workflow_rules(workspace_id)),
            concurrency=definition.concurrency,
        )

    def _keep(self, name: tuple[WorkspaceId, str], version: Selector | int, seen: _Seen) -> None:
        versions = self._seen.setdefault(name, {})
        self._count += version not in versions
        versions[version] = seen
        if self._count > MAX_TARGETS:
            self._seen.clear()
            self._count = 0

    def _forget(self, changed: FunctionChanged) -> None:
        self._changes += 1
        self._count -= len(self._seen.pop((changed.workspace_id, changed.name), {}))
