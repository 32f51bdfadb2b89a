"""The whole product in memory: services over twins, two workspaces, keys, and an HTTP client."""

import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from drivers.memory import Handler, MemoryDriver
from drivers.port import Deployment, Health, HealthState
from runner.calls import Calls
from runner.dispatch import Dispatch
from runner.function import RateLimit
from runner.functions import Functions
from runner.gate import Gate
from runner.gcra import MemoryLimiter
from runner.limit_policy import LimitPolicy
from runner.memory import MemoryCallLog, MemoryFunctionStore
from runner.pipeline import Pipeline
from runner.record import Record
from runner.target import Targets
from sanderling.access.keys import Keys
from sanderling.access.memory import MemoryKeyStore
from sanderling.access.principal import Role
from sanderling.access.principals import KeyPrincipals
from sanderling.access.roles import RolePermissions
from sanderling.api import Services, create_app
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import SortableIds, WorkspaceId

GENEROUS = RateLimit(limit=1_000_000, ttl_ms=1000)
POLICY = LimitPolicy(api_short=GENEROUS, api_long=GENEROUS, function_default=GENEROUS)


def counting_bits() -> "itertools.count[int]":
    """Return a source of predictable numbers."""
    return itertools.count(1)


@dataclass(frozen=True, slots=True)
class House:
    """Services over memory twins, with what tests reach for behind them."""

    services: Services
    clock: VirtualClock
    driver: MemoryDriver
    keys: Keys
    workspace_id: WorkspaceId
    other_workspace_id: WorkspaceId

    async def key(self, role: Role = Role.ADMIN, *, workspace_id: WorkspaceId | None = None) -> str:
        """Return the text of a new API key, by default of an admin of the first workspace."""
        made = await self.keys.create(
            workspace_id or self.workspace_id, name="test", role=role, is_server_admin=False
        )
        return made.text


def build_house(
    *,
    handlers: Mapping[str, Handler] | None = None,
    rejections: Mapping[str, Deployment] | None = None,
    policy: LimitPolicy = POLICY,
    max_body_bytes: int = 1_000_000,
) -> House:
    """Return everything joined over memory twins and a virtual clock."""
    clock, bus, permissions = VirtualClock(), EventBus(), RolePermissions()
    bits = counting_bits()
    ids = SortableIds(clock, lambda _: next(bits))
    store, call_log = MemoryFunctionStore(), MemoryCallLog()
    key_store = MemoryKeyStore()
    driver = MemoryDriver(handlers, rejections=rejections)
    gate = Gate(KeyPrincipals(key_store, clock), permissions, MemoryLimiter(clock), policy)

    async def is_well() -> Health:
        return Health(HealthState.OK)

    services = Services(
        gate=gate,
        pipeline=Pipeline(
            gate,
            Targets(store, policy, clock, bus),
            Dispatch(driver, store),
            Record(call_log, bus, ids, clock),
            bus,
        ),
        functions=Functions(store, driver, ids, clock, bus, permissions),
        calls=Calls(call_log, permissions),
        permissions=permissions,
        readiness={"database": is_well, "driver": driver.health},
        ids=ids,
        clock=clock,
        bus=bus,
        version="0.0.test",
        max_body_bytes=max_body_bytes,
    )
    return House(
        services=services,
        clock=clock,
        driver=driver,
        keys=Keys(key_store, ids, clock, lambda _: next(bits)),
        workspace_id=ids.workspace(),
        other_workspace_id=ids.workspace(),
    )


@asynccontextmanager
async def open_http(house: House, key: str | None = None) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield an HTTP client that speaks to the app in this process, with `key` when given."""
    transport = httpx2.ASGITransport(create_app(house.services), raise_app_exceptions=True)
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://sanderling.test", headers=headers
    ) as http:
        yield http
