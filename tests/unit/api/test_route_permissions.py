"""Every route asks for the permissions that its documentation names, and for no other."""

from collections.abc import Mapping

import pytest

from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal
from sanderling.api.openapi_document import build_openapi
from support.services import build_house, open_http

BODIES: Mapping[str, object] = {
    "POST /v1/functions": {"name": "other", "source": "x"},
    "PUT /v1/functions/{name}/draft": {"source": "y"},
    "POST /v1/functions/{name}/rollback": {"version": 1},
    "POST /v1/functions/{name}/executions": {},
    "POST /v1/executions": {"executions": [{"function": "echo"}]},
    "POST /v1/record-events": {
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
    "POST /v1/triggers": {"function": "echo", "settings": {"kind": "record", "event_name": "*.*"}},
    "PUT /v1/triggers/{trigger_id}": {"settings": {"kind": "record", "event_name": "*.*"}},
    "POST /v1/triggers/{trigger_id}/move": {"before": None},
    "POST /v1/accounts": {"provider": "google"},
    "PATCH /v1/accounts/{account_id}": {"visibility": "metadata"},
    "POST /v1/config/check": {"values": {}},
    "POST /v1/config/revisions": {"values": {}},
    "POST /v1/config/rollback": {"revision": 0},
    "POST /v1/config/trials/{name}": {},
}

ALSO: Mapping[str, frozenset[Permission]] = {
    "POST /v1/calls/{call_id}/replay": frozenset({Permission.CALLS_READ}),
    # Whether the answer is 201 or 200 shows in the function as it was before.
    "POST /v1/functions/{name}/versions": frozenset({Permission.FUNCTIONS_READ}),
}


class Holding:
    """Give everybody these permissions and no other."""

    def __init__(self, permissions: frozenset[Permission]) -> None:
        """Hold `permissions`, which a test may change."""
        self.permissions = permissions

    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        """Look at the permission alone."""
        return Verdict(permission in self.permissions, f"for {principal.role} it was chosen so")


def _routes() -> list[tuple[str, Permission]]:
    return [
        (f"{method.upper()} {path}", Permission(operation["x-sanderling-permission"]))
        for path, operations in build_openapi()["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/v1")
    ]


@pytest.mark.parametrize(("route", "permission"), _routes())
async def test_a_route_needs_its_permission(route: str, permission: Permission) -> None:
    """Who holds all others is refused; who holds what the route needs is not."""
    held = Holding(frozenset(Permission))
    house = build_house(permissions=held)
    method, template = route.split(" ")
    path = template.format(
        name="echo",
        number=1,
        call_id="call_" + "0" * 26,
        execution_id="exec_" + "0" * 26,
        trigger_id="trg_x",
        account_id="acc_x",
        message_id="msg_x",
        errand_id="0" * 64,
    )
    async with open_http(house, await house.key()) as http:
        await http.post("/v1/functions", json={"name": "echo", "source": "x"})
        await http.post("/v1/functions/echo/versions")

        held.permissions = frozenset(Permission) - {permission}
        refused = await http.request(method, path, json=BODIES.get(route))
        held.permissions = frozenset({permission}) | ALSO.get(route, frozenset())
        passed = await http.request(method, path, json=BODIES.get(route))

    assert (refused.status_code, refused.json().get("permission")) == (403, permission.value)
    assert passed.status_code < 500
    assert passed.status_code not in {401, 403, 405, 415, 422}
