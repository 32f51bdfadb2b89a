"""The OpenAPI document: made from the routes, the same bytes every time."""

import copy
import json
from functools import cache
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from sanderling.api.call_models import CallAnswer
from sanderling.api.openapi_paths import PLAIN_PATHS
from sanderling.api.problem_responses import CODES, PROBLEM_SCHEMA
from sanderling.api.v1 import v1_router

TITLE = "Sanderling"
VERSION = "v1"
_DESCRIPTION = (
    "Run users' Python functions in a sandbox, behind rate limits, and read what happened.\n\n"
    "Every answer that is not a success is an RFC 9457 problem."
)
_METHODS = ("get", "put", "post", "delete")

_HEADERS: dict[str, Any] = {
    "X-Request-ID": {
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
        "description": "The request's id, as sent by the caller or made here.",
    },
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": 'What each rule allows: `"NAME";q=REQUESTS;w=SECONDS`, separated by commas.',
    },
    "RateLimit": {
        "schema": {"type": "string"},
        "description": 'What is left: `"NAME";r=REQUESTS;t=SECONDS`, separated by commas.',
    },
}


@cache
def build_openapi() -> dict[str, Any]:
    """Return the document; callers do not change it."""
    router = v1_router()
    document = get_openapi(
        title=TITLE, version=VERSION, description=_DESCRIPTION, routes=router.routes
    )
    paths: dict[str, Any] = copy.deepcopy({**document["paths"], **PLAIN_PATHS})
    responses: dict[str, Any] = {}
    for path in paths.values():
        for operation in path.values():
            _complete(operation, responses)
    schemas = document["components"]["schemas"]
    _, extra = models_json_schema(
        [(CallAnswer, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas |= extra["$defs"]
    schemas["Problem"] = PROBLEM_SCHEMA
    # FastAPI's own shape of a refused request, which this API never sends.
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return {
        "openapi": "3.1.0",
        "info": document["info"],
        "paths": dict(sorted(paths.items())),
        "components": {
            "headers": _HEADERS,
            "responses": dict(sorted(responses.items())),
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key; `sanderling keys create` makes one.",
                }
            },
        },
    }


def _complete(operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """Add the headers that every response has, and say each problem only once."""
    is_keyed = "security" in operation
    always = list(_HEADERS) if is_keyed else ["X-Request-ID"]
    common = {name: {"$ref": f"#/components/headers/{name}"} for name in always}
    found: dict[str, Any] = {}
    for status, response in sorted(operation["responses"].items()):
        response["headers"] = response.get("headers", {}) | common
        codes: list[str] | None = response.pop(CODES, None)
        if codes is None:
            found[status] = response
            continue
        name = "-".join([status, *codes] if is_keyed else [status, "open", *codes])
        shared[name] = response
        found[status] = {"$ref": f"#/components/responses/{name}"}
    operation["responses"] = found


def openapi_text() -> str:
    """Return the document as the committed file holds it."""
    return json.dumps(build_openapi(), indent=2, ensure_ascii=False) + "\n"
