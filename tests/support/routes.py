"""A house with functions behind HTTP triggers, and strangers who knock."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from drivers.memory import Handler, Scripted
from drivers.port import LimitHit, OutcomeKind
from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from runner.memory import MemoryCallLog
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.jsontext import JSON
from support.services import GENEROUS, House, build_house, memory_stores, open_http

SECRET_WORDS = "the database password is hunter2"


def _fail(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    raise ValueError(SECRET_WORDS)


def _busy(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    raise Scripted(OutcomeKind.SATURATED, detail=SECRET_WORDS)


def _slow(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    raise Scripted(OutcomeKind.TIMEOUT, limit=LimitHit("wall_s", 5.0, 5.01), detail=SECRET_WORDS)


def _tell(_event: JSON, context: Mapping[str, JSON]) -> JSON:
    return dict(context)


def _body(event: JSON, _context: Mapping[str, JSON]) -> JSON:
    assert isinstance(event, dict)
    return event["body"]


HANDLERS: Mapping[str, Handler] = {
    "fail": _fail,
    "busy": _busy,
    "slow": _slow,
    "context": _tell,
    "body": _body,
}


@dataclass(frozen=True)
class Street:
    """A house, its admin over HTTP, somebody without a key, and the house's call log."""

    house: House
    admin: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    log: MemoryCallLog
    stack: AsyncExitStack = field(repr=False)

    async def publish(self, name: str, source: str = "echo") -> None:
        """Create and publish a function; a source in `HANDLERS` does what it says."""
        made = await self.admin.post("/v1/functions", json={"name": name, "source": source})
        assert made.status_code in {201, 409}
        assert (await self.admin.post(f"/v1/functions/{name}/versions")).status_code in {200, 201}

    async def route(self, path: str, method: str = "POST", **settings: Any) -> str:
        """Let a new function, which echoes unless `source` says otherwise, answer at `path`.

        Anybody may call it unless `is_auth_required`.
        """
        source = settings.pop("source", "echo")
        await self.publish(source, source)
        asked = {"kind": "http", "path": path, "http_method": method, "is_auth_required": False}
        made = await self.admin.post(
            "/v1/triggers", json={"function": source, "settings": asked | settings}
        )
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def client(self, key: str) -> httpx2.AsyncClient:
        """Return a client with this key."""
        return await self.stack.enter_async_context(open_http(self.house, key))

    async def records(self) -> list[CallRecord]:
        """Return every call that was made, oldest first."""
        page = await self.log.list_calls(
            self.house.workspace_id, matching=CallFilter(), limit=1000, cursor=None
        )
        return list(reversed(page.rows))


@asynccontextmanager
async def open_street(
    *, anonymous: RateLimit = GENEROUS, address: RateLimit = GENEROUS
) -> AsyncGenerator[Street]:
    """Yield a house with nothing in it."""
    clock = VirtualClock()
    stores = memory_stores(clock)
    policy = LimitPolicy(GENEROUS, GENEROUS, GENEROUS, anonymous, address)
    house = build_house(handlers=HANDLERS, policy=policy, stores=stores, clock=clock)
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(open_http(house, await house.key()))
        stranger = await stack.enter_async_context(open_http(house))
        assert isinstance(stores.calls, MemoryCallLog)
        yield Street(house, admin, stranger, stores.calls, stack)
