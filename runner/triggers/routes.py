"""Which trigger takes a request, found without a database on the usual path."""

from collections.abc import Mapping
from dataclasses import dataclass

from runner.triggers.errors import RouteMethodRefused, RouteUnmatched
from runner.triggers.ports import TriggerStore
from runner.triggers.route_pattern import RoutePattern, read_pattern
from runner.triggers.trigger import HTTPMethod, HTTPRoute, Trigger, TriggerKind
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus, FunctionChanged, TriggersChanged
from sanderling.kernel.flights import Flights
from sanderling.kernel.ids import WorkspaceId

FRESH_NS = 1_000_000_000
"""How long the triggers of a workspace are used without asking the store again."""

MAX_WORKSPACES = 10_000

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The trigger that takes a request, its settings, and what its parameters stand for."""

    trigger: Trigger
    route: HTTPRoute
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    trigger: Trigger
    route: HTTPRoute
    pattern: RoutePattern


@dataclass(frozen=True, slots=True)
class _Table:
    entries: tuple[_Entry, ...]
    fresh_until_ns: int


class Routes:
    """Find triggers by method and path, and remember those of a workspace for one second.

    What this process changes is seen at once, by the bus; what another process changes, within
    that second. One event loop owns it.
    """

    def __init__(self, store: TriggerStore, clock: Clock, bus: EventBus) -> None:
        """Read from `store`, and listen on `bus` for changes made here."""
        self._store = store
        self._clock = clock
        self._tables: dict[WorkspaceId, _Table] = {}
        self._changes = 0
        self._flights: Flights[tuple[WorkspaceId, int], _Table] = Flights()
        bus.subscribe(TriggersChanged, self._forget)
        bus.subscribe(FunctionChanged, self._forget)

    def is_known(self, workspace_id: WorkspaceId) -> bool:
        """Claim that this workspace was seen to have triggers, so that looking again is cheap."""
        table = self._tables.get(workspace_id)
        return table is not None and bool(table.entries)

    async def find(self, workspace_id: WorkspaceId, method: str, path: Path) -> Match:
        """Return the first enabled trigger of the workspace that takes the request.

        Raises:
            RouteUnmatched: none takes this path.
            RouteMethodRefused: some take this path, and none with this method.

        """
        table = self._tables.get(workspace_id)
        if table is None or not self._is_fresh(table):
            table = await self._flights.share(
                (workspace_id, self._changes), lambda: self._read(workspace_id)
            )
        others: set[str] = set()
        for entry in table.entries:
            if entry.route.http_method.value != method and entry.route.http_method in others:
                continue
            parameters = entry.pattern.match(path)
            if parameters is None:
                continue
            if entry.route.http_method.value == method:
                return Match(entry.trigger, entry.route, parameters)
            others.add(entry.route.http_method.value)
        if not others:
            raise RouteUnmatched
        raise RouteMethodRefused(method=method, allowed=with_head(others))

    async def _read(self, workspace_id: WorkspaceId) -> _Table:
        asked_at_ns, changes = self._clock.monotonic_ns(), self._changes
        found = await self._store.enabled_triggers(workspace_id, TriggerKind.HTTP)
        table = _Table(
            tuple(
                _Entry(trigger, trigger.settings, read_pattern(trigger.settings.path))
                for trigger in found
                if isinstance(trigger.settings, HTTPRoute)
            ),
            asked_at_ns + FRESH_NS,
        )
        if changes == self._changes:
            if len(self._tables) >= MAX_WORKSPACES:
                self._tables.clear()
            self._tables[workspace_id] = table
        return table

    def _is_fresh(self, table: _Table) -> bool:
        return self._clock.monotonic_ns() < table.fresh_until_ns

    def _forget(self, changed: TriggersChanged | FunctionChanged) -> None:
        self._changes += 1
        self._tables.pop(changed.workspace_id, None)


def with_head(methods: set[str]) -> list[str]:
    """Return `methods` in order, with `HEAD` wherever there is `GET`."""
    return sorted(methods | ({"HEAD"} if HTTPMethod.GET in methods else set()))
