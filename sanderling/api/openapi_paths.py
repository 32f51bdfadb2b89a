"""The routes that FastAPI does not serve, described by hand."""

from typing import Any

from drivers.limits import CEILINGS
from runner.call import TOLD_TRIGGERS, Trigger
from runner.triggers.trigger import HTTPMethod
from sanderling.access.permission import Permission
from sanderling.api import account_return
from sanderling.api.executions import PATH as EXECUTIONS
from sanderling.api.function_models import NAME_PATTERN
from sanderling.api.openapi_push import PUSH_PATHS
from sanderling.api.page_bounds import MAX_NUMBER
from sanderling.api.permitted_route import needs
from sanderling.api.problem_responses import problem_responses, problems
from sanderling.api.replays import PATH as REPLAY
from sanderling.api.trigger_door import PATH as DOOR_PATH

DOOR = f"{DOOR_PATH}/{{path}}"

_JSON_VALUE: dict[str, Any] = {"description": "Any JSON value."}

_REPLAYED: dict[str, Any] = {
    "Idempotency-Replayed": {
        "schema": {"type": "string", "const": "true"},
        "description": "There when an earlier call with the same idempotency key is told of.",
    },
}

_EXECUTE: dict[str, Any] = {
    "tags": ["functions"],
    "summary": "Execute Function",
    "description": (
        "Call a function and wait for its outcome. 200 says that the call was carried out, not "
        "that the code did well: `outcome` tells. An empty body is the event `null`. With "
        "`Prefer: respond-async` the call is queued instead, and 202 tells where to look."
    ),
    "operationId": "execute_function",
    **needs(Permission.FUNCTIONS_CALL),
    "parameters": [
        {
            "name": "name",
            "in": "path",
            "required": True,
            "description": "The function's name.",
            "schema": {"type": "string", "pattern": NAME_PATTERN},
        },
        {
            "name": "version",
            "in": "query",
            "required": False,
            "description": "`live`, `draft` or the number of a version.",
            "schema": {
                "anyOf": [
                    {"type": "string", "enum": ["live", "draft"]},
                    {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
                ],
                "default": "live",
            },
        },
        {
            "name": "trigger",
            "in": "query",
            "required": False,
            "description": "What makes the call; the runs of a workflow have limits of their own.",
            "schema": {"type": "string", "enum": list(TOLD_TRIGGERS), "default": Trigger.API},
        },
        {
            "name": "timeout_s",
            "in": "query",
            "required": False,
            "description": "Seconds after which the call ends; shortens the function's own limit.",
            "schema": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": CEILINGS["wall_s"],
            },
        },
        *(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": f"{description} For queued calls.",
                "schema": schema,
            }
            for name, description, schema in (
                ("delay_s", "Seconds until it is due.", {"type": "number", "minimum": 0}),
                (
                    "not_before",
                    "When it is due, in place of a delay.",
                    {"type": "string", "format": "date-time"},
                ),
                (
                    "deadline_s",
                    "Seconds from now after which it is not begun any more.",
                    {"type": "number", "exclusiveMinimum": 0},
                ),
                (
                    "priority",
                    "0 goes first, 9 last, among those of the workspace.",
                    {"type": "integer", "minimum": 0, "maximum": 9, "default": 5},
                ),
                (
                    "max_attempts",
                    "How often it is tried at most.",
                    {"type": "integer", "minimum": 1, "maximum": 20, "default": 5},
                ),
                (
                    "lane",
                    "Calls of one lane never overlap.",
                    {"type": "string", "minLength": 1, "maxLength": 128},
                ),
            )
        ),
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "`respond-async` queues the call; other preferences are left aside.",
            "schema": {"type": "string"},
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The caller's word for this call: asked again within a day, it is not "
            "made again, and the answer is the same.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        },
    ],
    "requestBody": {
        "required": False,
        "description": "The event, handed to the handler as its first argument.",
        "content": {"application/json": {"schema": _JSON_VALUE}},
    },
    "responses": {
        "200": {
            "description": "The call was carried out; `outcome` says how it ended.",
            "headers": _REPLAYED,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/CallAnswer"}}
            },
        },
        "202": {
            "description": "The call is queued.",
            "headers": {
                "Location": {
                    "required": True,
                    "schema": {"type": "string"},
                    "description": "Where the execution is shown.",
                },
                "Preference-Applied": {
                    "required": True,
                    "schema": {"type": "string", "const": "respond-async"},
                    "description": "The preference that was followed.",
                },
                **_REPLAYED,
            },
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/ExecutionShown"}}
            },
        },
        **{
            str(status): response
            for status, response in problems(
                *("execution_refused", "idempotency_conflict", "idempotency_in_flight"),
                *("invalid_json", "function_unknown", "version_unpublished", "version_unknown"),
                *("limit_refused", "payload_too_large", "throttled", "misconfigured"),
                *("platform_error", "disabled", "not_deployed", "saturated"),
            ).items()
        },
    },
}

_STATE: dict[str, Any] = {"type": "string", "enum": ["ok", "degraded", "down"]}

_PARTS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["state", "reasons", "numbers"],
        "properties": {
            "state": _STATE,
            "reasons": {"type": "array", "items": {"type": "string"}},
            "numbers": {"type": "object", "additionalProperties": {"type": "number"}},
        },
    },
}


def _plain(tag: str, summary: str, content: dict[str, Any], *codes: str) -> dict[str, Any]:
    problems_found = problem_responses(*codes, "internal", "expectation_refused", "body_too_large")
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "operationId": summary.lower().replace(" ", "_"),
            "responses": {
                "200": {"description": "Success.", "content": content},
                **{str(status): response for status, response in problems_found.items()},
            },
        }
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


_ROUTED_PROBLEMS = (
    *("route_unmatched", "route_method_refused", "route_request_refused", "route_body_too_large"),
    *("function_failed", "reply_refused", "function_unavailable"),
    *("unauthenticated", "key_malformed", "key_unknown", "key_expired", "forbidden"),
    *("rate_limited", "function_unknown", "version_unpublished"),
    *("invalid_json", "body_late", "body_too_large", "expectation_refused"),
    *("internal", "store_fault", "store_unavailable"),
)


def _routed(method: str) -> dict[str, Any]:
    return {
        "tags": ["routes"],
        "summary": f"Route {method.title()}",
        "description": (
            "Call the function whose HTTP trigger takes this method and path; `@WORKSPACE_ID/` "
            "before the path names another workspace than the default one. The answer is the "
            "function's result as JSON, or, where its trigger says so, a response that it made."
        ),
        "operationId": f"route_{method}",
        "parameters": [
            {
                "name": "path",
                "in": "path",
                "required": True,
                "description": "What the patterns of triggers are compared with; it may have `/`.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": {"description": "What the function answers.", "content": {"*/*": {}}},
            **{
                str(status): response
                for status, response in problem_responses(*_ROUTED_PROBLEMS).items()
            },
        },
    }


_REPLAY: dict[str, Any] = {
    "tags": ["calls"],
    "summary": "Replay Call",
    "description": (
        "Make a kept call again, with its own event or another one, and wait for the outcome. The "
        "new call counts against the limits and has `replay_of`. Needs `calls.read` too."
    ),
    "operationId": "replay_call",
    **needs(Permission.FUNCTIONS_CALL),
    "parameters": [
        {
            "name": "call_id",
            "in": "path",
            "required": True,
            "description": "The call's id.",
            "schema": {"type": "string"},
        },
        next(each for each in _EXECUTE["parameters"] if each["name"] == "timeout_s"),
    ],
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "event": {"description": "Another event than the one that is kept."},
                        "version": {
                            "description": (
                                "`live`, `same` for the code that ran, `draft` or a number."
                            ),
                            "anyOf": [
                                {"type": "string", "enum": ["live", "same", "draft"]},
                                {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
                            ],
                            "default": "live",
                        },
                    },
                }
            }
        },
    },
    "responses": {
        "200": _EXECUTE["responses"]["200"],
        **{
            str(status): response
            for status, response in problems(
                *("invalid_json", "call_unknown", "replay_refused", "function_unknown"),
                *("version_unpublished", "version_unknown", "limit_refused", "payload_too_large"),
                *("throttled", "misconfigured", "platform_error", "disabled", "not_deployed"),
                *("saturated", "request_invalid"),
            ).items()
        },
    },
}

PLAIN_PATHS: dict[str, Any] = {
    REPLAY: {"post": _REPLAY},
    DOOR: {method.lower(): _routed(method.lower()) for method in HTTPMethod},
    EXECUTIONS: {"post": _EXECUTE},
    **PUSH_PATHS,
    "/health/live": _plain(
        "health",
        "Show Liveness",
        _json({"type": "object", "required": ["state"], "properties": {"state": _STATE}}),
    ),
    "/health/ready": _plain(
        "health",
        "Show Readiness",
        _json(
            {
                "type": "object",
                "required": ["state", "parts"],
                "properties": {"state": _STATE, "parts": _PARTS},
            }
        ),
        "not_ready",
    ),
    "/metrics": _plain("health", "Show Metrics", {"text/plain": {"schema": {"type": "string"}}}),
    **{
        path: _plain(
            "accounts",
            f"Come Back From {provider.title()}",
            {"text/html": {"schema": {"type": "string"}}},
            "rate_limited",
            "store_fault",
            "store_unavailable",
        )
        for provider, path in account_return.PATHS.items()
    },
    "/openapi.json": _plain("health", "Show Openapi", _json({"type": "object"})),
}
