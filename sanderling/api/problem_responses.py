"""Problems as the OpenAPI document declares them."""

from typing import Any

from sanderling.api.problem_kinds import PROBLEM_KINDS, problem_type

PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": (
        "An RFC 9457 problem. `hint` says what to do next and may be empty. Further members are "
        "the facts of this type of problem; docs/reference/problems.md lists them."
    ),
    "required": ["type", "title", "status", "detail", "hint", "request_id"],
    "properties": {
        "type": {"type": "string", "enum": [problem_type(code) for code in PROBLEM_KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "request_id": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
    },
}

CODES = "x-codes"
"""Marks a response with its codes until the document is put together."""

EVERYWHERE = (
    *("unauthenticated", "key_malformed", "key_unknown", "key_expired", "forbidden"),
    *("rate_limited", "request_invalid", "internal", "store_fault", "store_unavailable"),
    *("body_too_large", "expectation_refused"),
)
"""Codes that every route behind a key can answer with."""

WITH_BODY = ("invalid_json", "content_type_refused", "body_late")
"""Codes of every route that reads a body."""

_HEADERS_BY_STATUS: dict[int, dict[str, Any]] = {
    401: {
        "WWW-Authenticate": {
            "required": True,
            "schema": {"type": "string"},
            "description": "How to authenticate.",
        }
    },
    405: {
        "Allow": {
            "required": True,
            "schema": {"type": "string"},
            "description": "The methods that would do.",
        }
    },
    429: {
        "Retry-After": {
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
            "description": "Seconds after which to try again, rounded up.",
        }
    },
}


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that can refuse with `codes`, by status."""
    every = dict.fromkeys((*EVERYWHERE, *codes))
    if "invalid_json" in every:
        every |= dict.fromkeys(WITH_BODY)
    return problem_responses(*every)


def problem_responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for exactly these codes, by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEM_KINDS[code].status, []).append(code)
    return {status: _response(status, by_status[status]) for status in sorted(by_status)}


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    listed = ", ".join(f"`{problem_type(code)}`" for code in codes)
    response: dict[str, Any] = {
        CODES: codes,
        "description": f"A problem: {listed}.",
        "content": {"application/problem+json": {"schema": PROBLEM_REF}},
    }
    if status in _HEADERS_BY_STATUS:
        response["headers"] = _HEADERS_BY_STATUS[status]
    return response
