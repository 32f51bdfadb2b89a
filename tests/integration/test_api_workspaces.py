"""A key of one workspace sees and changes nothing of another, on every route that there is."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from sanderling.access.principal import Role
from sanderling.api.openapi_document import build_openapi
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds
from sanderling.store import (
    SQLCallLog,
    SQLFunctionStore,
    SQLKeyStore,
    SQLRecordOutbox,
    SQLTriggerStore,
    SQLWorkspaces,
    open_database,
)
from support.came_in import (
    MINE,
    account_of,
    bring_contacts,
    bring_event,
    bring_messages,
    message_id,
)
from support.services import House, Stores, build_house, memory_stores, open_http

OWNERS = "owners-function"
SECRET = "the owner's secret source"


@dataclass(frozen=True)
class Attack:
    """One request of a stranger that names what the owner has, and what it may get.

    `status` 404 says that the thing is not there. `is_own` marks answers that speak of the
    stranger's own workspace; they hold nothing of the owner's all the same.
    """

    status: int
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])


ATTACKS: Mapping[str, Attack] = {
    # The same name in another workspace is another function.
    "POST /v1/functions": Attack(201, {"name": OWNERS, "source": "the stranger's"}),
    "GET /v1/functions": Attack(200),
    "GET /v1/functions/{name}": Attack(404),
    "DELETE /v1/functions/{name}": Attack(404),
    "PUT /v1/functions/{name}/draft": Attack(404, {"source": "changed"}),
    "POST /v1/functions/{name}/versions": Attack(404),
    "GET /v1/functions/{name}/versions": Attack(404),
    "GET /v1/functions/{name}/versions/{number}": Attack(404),
    "POST /v1/functions/{name}/rollback": Attack(404, {"version": 1}),
    "POST /v1/functions/{name}/executions": Attack(404, {}),
    "POST /v1/triggers": Attack(
        404, {"function": OWNERS, "settings": {"kind": "record", "event_name": "*.*"}}
    ),
    "POST /v1/record-events": Attack(
        200,
        {
            "events": [
                {
                    "id": "evt_1",
                    "object": "company",
                    "operation": "created",
                    "record_id": "1",
                    "happened_at": "2026-01-01T00:00:00Z",
                }
            ]
        },
    ),
    "GET /v1/triggers": Attack(200, query={"function": OWNERS}),
    "GET /v1/triggers/{trigger_id}": Attack(404),
    "PUT /v1/triggers/{trigger_id}": Attack(
        404, {"settings": {"kind": "http", "path": "/theirs", "http_method": "GET"}}
    ),
    "POST /v1/triggers/{trigger_id}/enable": Attack(404),
    "POST /v1/triggers/{trigger_id}/disable": Attack(404),
    "POST /v1/triggers/{trigger_id}/move": Attack(404, {"before": None}),
    "DELETE /v1/triggers/{trigger_id}": Attack(404),
    "GET /v1/calls": Attack(200, query={"function": OWNERS}),
    "GET /v1/calls/{call_id}": Attack(404),
    "GET /v1/calls/export": Attack(200),
    "POST /v1/calls/{call_id}/replay": Attack(404),
    "GET /v1/executions": Attack(200),
    "POST /v1/executions": Attack(200, {"executions": [{"function": OWNERS}]}),
    "GET /v1/executions/{execution_id}": Attack(404),
    "GET /v1/executions/{execution_id}/progress": Attack(404),
    "POST /v1/executions/{execution_id}/cancel": Attack(404),
    "POST /v1/executions/{execution_id}/replay": Attack(404),
    "GET /v1/whoami": Attack(200),
    # The settings of the server concern every workspace; an admin of one alone has no part in them.
    "GET /v1/config": Attack(403),
    "POST /v1/config/check": Attack(403, {"set": {"LOG_LEVEL": "DEBUG"}}),
    "GET /v1/config/revisions": Attack(403),
    "POST /v1/config/revisions": Attack(403, {"set": {"LOG_LEVEL": "DEBUG"}}),
    "GET /v1/config/revisions/{number}/in-force": Attack(403),
    "POST /v1/config/rollback": Attack(403, {"revision": 1}),
    "GET /v1/config/processes": Attack(403),
    "GET /v1/config/trials": Attack(403),
    "POST /v1/config/trials/{name}": Attack(403),
    "GET /v1/jobs": Attack(403),
    "GET /v1/jobs/{name}": Attack(403),
    "POST /v1/jobs/{name}/run": Attack(403),
    "POST /v1/jobs/{name}/pause": Attack(403),
    "POST /v1/jobs/{name}/resume": Attack(403),
    "GET /v1/accounts": Attack(200),
    "POST /v1/accounts": Attack(201, {"provider": "google"}),
    "GET /v1/accounts/errands/{errand_id}": Attack(404),
    "GET /v1/accounts/{account_id}": Attack(404),
    "PATCH /v1/accounts/{account_id}": Attack(404, {"visibility": "metadata"}),
    "DELETE /v1/accounts/{account_id}": Attack(404),
    "POST /v1/accounts/{account_id}/pause": Attack(404),
    "POST /v1/accounts/{account_id}/resume": Attack(404),
    "POST /v1/accounts/{account_id}/resync": Attack(404),
    "POST /v1/accounts/{account_id}/sync-now": Attack(404),
    "GET /v1/messages": Attack(200, query={"account_id": MINE}),
    "GET /v1/messages/{message_id}": Attack(404),
    "GET /v1/messages/{message_id}/attachments/{number}": Attack(404),
    "GET /v1/calendar-events": Attack(200, query={"account_id": MINE}),
    "GET /v1/contacts": Attack(200, query={"account_id": MINE}),
}

CREATING = frozenset(
    route
    for route, attack in ATTACKS.items()
    if attack.status < 300 and not route.startswith("GET ")
)
"""What makes something of the stranger's own, which others would find: each has its own scene."""

OPEN = frozenset(
    {
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /openapi.json",
        "GET /auth/google-apis/get-access-token",
        "GET /auth/microsoft-apis/get-access-token",
    }
)
"""Routes without a key; they tell nothing of any workspace."""

ROUTED = frozenset(f"{method} /s/{{path}}" for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
"""What leads to functions; tests of triggers attack it."""

PUSHED = frozenset({"POST /push/gmail", "POST /push/google-calendar", "POST /push/microsoft"})
"""Where providers tell of changes; tests of push attack it with secrets of other workspaces."""


@dataclass(frozen=True)
class Scene:
    """An owner with a function and a call, and a stranger with an admin's key."""

    house: House
    owner: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    places: Mapping[str, str]

    async def owners_view(self) -> str:
        """Return everything that the owner sees, as text that can be compared."""
        paths = (
            "/v1/functions",
            f"/v1/functions/{OWNERS}",
            f"/v1/functions/{OWNERS}/versions",
            f"/v1/functions/{OWNERS}/versions/1",
            "/v1/triggers",
            f"/v1/triggers/{self.places['trigger_id']}",
            "/v1/calls",
            f"/v1/calls/{self.places['call_id']}",
            "/v1/executions",
            f"/v1/executions/{self.places['execution_id']}",
            f"/v1/accounts/{MINE}",
            f"/v1/messages/{self.places['message_id']}",
            "/v1/calendar-events",
            "/v1/contacts",
        )
        seen = [(await self.owner.get(path)).json() for path in paths]
        return json.dumps(seen, sort_keys=True)


async def _sql_stores(stack: AsyncExitStack, url: str, clock: VirtualClock) -> Stores:
    database = await stack.enter_async_context(open_database(url))
    workspaces = SQLWorkspaces(database, ids=SortableIds(clock), clock=clock)
    first, second = [await workspaces.add(name) for name in ("first", "second")]
    return Stores(
        functions=SQLFunctionStore(database),
        calls=await stack.enter_async_context(SQLCallLog(database, clock)),
        keys=SQLKeyStore(database),
        triggers=SQLTriggerStore(database),
        outbox=SQLRecordOutbox(database),
        workspace_ids=(first, second),
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def scene(request: pytest.FixtureRequest) -> AsyncGenerator[Scene]:
    """Yield two workspaces, one of which has something to lose."""
    async with AsyncExitStack() as stack:
        clock = VirtualClock()
        if request.param == "memory":
            stores = memory_stores(clock)
        else:
            url = request.getfixturevalue(f"{request.param}_url")
            stores = await _sql_stores(stack, url, clock)
        house = build_house(stores=stores, clock=clock)
        owner = await stack.enter_async_context(open_http(house, await house.key()))
        key = await house.key(Role.ADMIN, workspace_id=house.other_workspace_id)
        stranger = await stack.enter_async_context(open_http(house, key))
        await owner.post("/v1/functions", json={"name": OWNERS, "source": SECRET})
        await owner.post(f"/v1/functions/{OWNERS}/versions")
        called = await owner.post(f"/v1/functions/{OWNERS}/executions", json={"pin": 4711})
        queued = await owner.post(
            f"/v1/functions/{OWNERS}/executions",
            json={"pin": 4711},
            headers={"prefer": "respond-async"},
        )
        watch = await owner.post(
            "/v1/triggers",
            json={
                "function": OWNERS,
                "settings": {"kind": "http", "path": "/owners", "http_method": "GET"},
            },
        )
        account = account_of(house.workspace_id)
        await bring_messages(house.doorstep, account, SECRET)
        await bring_event(house.doorstep, account, SECRET, "default")
        await bring_contacts(house.doorstep, account, "4711@example.com")
        errand = await owner.post("/v1/accounts", json={"provider": "google"})
        places = {
            "account_id": MINE,
            "message_id": message_id(SECRET),
            "errand_id": errand.json()["id"],
            "name": OWNERS,
            "number": "1",
            "call_id": called.json()["call_id"],
            "execution_id": queued.json()["id"],
            "trigger_id": watch.json()["id"],
        }
        yield Scene(house, owner, stranger, places)


def _routes() -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, operations in build_openapi()["paths"].items()
        for method in operations
    }


def test_every_route_is_attacked() -> None:
    """Whoever adds a route says here what a stranger gets from it."""
    assert _routes() == set(ATTACKS) | OPEN | ROUTED | PUSHED


async def attack_as_a_stranger(scene: Scene, route: str) -> None:
    """See that the answer holds nothing of the owner's, of which everything is as it was."""
    attack = ATTACKS[route]
    method, template = route.split(" ")
    before = await scene.owners_view()

    answer = await scene.stranger.request(
        method, template.format(**scene.places), params=attack.query, json=attack.body
    )

    assert (route, answer.status_code) == (route, attack.status)
    for told in (SECRET, "4711", scene.house.workspace_id, scene.places["call_id"]):
        if told not in template.format(**scene.places) or answer.status_code < 400:
            assert told not in answer.text, route
    assert await scene.owners_view() == before, route


@pytest.mark.slow
async def test_a_stranger_sees_and_changes_nothing(scene: Scene) -> None:
    """Whatever a stranger asks for, the owner's is not told and stays as it is."""
    for route in sorted(set(ATTACKS) - CREATING):
        await attack_as_a_stranger(scene, route)


@pytest.mark.parametrize("route", sorted(CREATING))
async def test_what_a_stranger_makes_is_its_own(scene: Scene, route: str) -> None:
    """It may have the owner's name for it; the owner's is not told and stays as it is."""
    await attack_as_a_stranger(scene, route)


@pytest.mark.parametrize("route", sorted(OPEN))
async def test_routes_without_a_key_tell_nothing_of_a_workspace(scene: Scene, route: str) -> None:
    """Health, metrics and the document hold no name, no id and no source."""
    answer = await scene.stranger.get(route.removeprefix("GET "))

    told = (OWNERS, SECRET, scene.house.workspace_id, scene.house.other_workspace_id, "call_0")
    assert [word for word in told if word in answer.text] == []


@pytest.mark.parametrize("route", sorted(PUSHED))
async def test_where_nobody_is_told_of_changes_nothing_is_told(scene: Scene, route: str) -> None:
    """While push is off there is nothing at its addresses, for whoever has a key as well."""
    answer = await scene.stranger.post(route.removeprefix("POST "), json={"value": [OWNERS]})

    assert (answer.status_code, answer.json()["type"]) == (
        404,
        "urn:sanderling:problem:route-unknown",
    )
    assert OWNERS not in answer.text


async def test_without_a_key_nothing_is_told(scene: Scene) -> None:
    """Every route of `/v1` asks who is calling before it looks at anything else."""
    before = await scene.owners_view()
    for route in sorted(ATTACKS):
        method, template = route.split(" ")

        answer = await scene.stranger.request(
            method,
            template.format(**scene.places),
            headers={"authorization": "Basic b3duZXI6b3duZXI="},
            content=b"\xff",
        )

        assert (route, answer.status_code, answer.json()["type"]) == (
            route,
            401,
            "urn:sanderling:problem:unauthenticated",
        )
        assert answer.headers["www-authenticate"].startswith("Bearer"), route
        assert await scene.owners_view() == before, route
