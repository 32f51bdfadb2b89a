"""Whatever the OpenAPI document allows, and much that it does not, gets a documented answer."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks as general_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from runner.function import is_name
from sanderling.access.principal import Role
from sanderling.api import create_app
from support.push_house import PushHouse
from support.services import open_http

KNOWN = "echo"
# Types of the library have a parameter that nobody outside can name.
FUZZING: Any = schemathesis
CHECKS: Any = checks
GENERAL_CHECKS: Any = general_checks


async def _prepared() -> tuple[Any, str]:
    """Return the app of a house with one published function, and a key that opens every door."""
    # Push is on, so that what providers send is looked at.
    house = PushHouse().house
    key = await house.key(Role.ADMIN, is_server_admin=True)
    async with open_http(house, key) as http:
        await http.post("/v1/functions", json={"name": KNOWN, "source": "x"})
        await http.post(f"/v1/functions/{KNOWN}/versions")
        await http.post(f"/v1/functions/{KNOWN}/executions", json={"n": 1})
    return create_app(house.services), key


APP, KEY = asyncio.run(_prepared())
schema: Any = FUZZING.openapi.from_asgi("/openapi.json", APP)


@schema.hook  # type: ignore[untyped-decorator] # Any, as said above.
def map_path_parameters(_context: Any, parameters: dict[str, Any] | None) -> Any:
    """Ask for the function that exists as often as for one that does not."""
    name = parameters and parameters.get("name")
    if parameters and isinstance(name, str) and is_name(name) and len(name) % 2:
        return {**parameters, "name": KNOWN}
    return parameters


def _has_odd_headers(case: Any) -> bool:
    """Claim that a case is bad only until our own key replaces its odd one."""
    header = case.meta and case.meta.components.get(ParameterLocation.HEADER)
    return bool(header and header.mode.is_negative)


@pytest.mark.slow
@schema.parametrize()  # type: ignore[untyped-decorator] # Any, as said above.
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)
def test_every_answer_is_documented(case: Any) -> None:
    """No request breaks the server, and each answer has the form that the document promises."""
    response = case.call(headers={"authorization": f"Bearer {KEY}"})

    wanted: list[Any] = [
        GENERAL_CHECKS.not_a_server_error,
        CHECKS.status_code_conformance,
        CHECKS.content_type_conformance,
        CHECKS.response_headers_conformance,
        CHECKS.response_schema_conformance,
        CHECKS.unsupported_method,
    ]
    if not _has_odd_headers(case):
        wanted.append(CHECKS.negative_data_rejection)
    case.validate_response(response, checks=wanted)
