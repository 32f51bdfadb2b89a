"""Where providers tell of changes, as the OpenAPI document describes it."""

from typing import Any

from sanderling.api.problem_responses import problem_responses
from sanderling.api.push_routes import GMAIL, GOOGLE_CALENDAR, MICROSOFT

_PUSH_PROBLEMS = (
    *("route_unknown", "rate_limited", "internal", "store_fault", "store_unavailable"),
    *("expectation_refused", "body_too_large"),
)


def _push(provider: str, description: str, status: str, told: str, **more: Any) -> dict[str, Any]:
    codes = (*_PUSH_PROBLEMS, *more.pop("codes", ()))
    found = problem_responses(*codes)
    return {
        "post": {
            "tags": ["push"],
            "summary": f"Tell Of Changes At {provider}",
            "description": f"{description} Where push is off, there is nothing at this address.",
            "operationId": f"tell_of_changes_at_{provider.lower().replace(' ', '_')}",
            "responses": {
                status: {"description": told},
                **more.pop("answers", {}),
                **{str(number): response for number, response in found.items()},
            },
            **more,
        }
    }


_ANYTHING: dict[str, Any] = {
    "required": False,
    "description": "What the provider tells; whatever else comes is taken for nothing.",
    "content": {"*/*": {}},
}

PUSH_PATHS: dict[str, Any] = {
    GMAIL: _push(
        "Gmail",
        "Pub/Sub pushes here what Gmail publishes, with a token that Google signs.",
        "204",
        "It was taken.",
        codes=("push_refused", "push_unproven", "body_late"),
        requestBody=_ANYTHING,
    ),
    GOOGLE_CALENDAR: _push(
        "Google Calendar",
        "Google Calendar tells here over channels, by headers that name one and show its token.",
        "204",
        "It was taken, whether there is such a channel or not.",
    ),
    MICROSOFT: _push(
        "Microsoft",
        "Microsoft Graph tells here of its subscriptions, and asks whether this is the address.",
        "202",
        "It was taken, whether there are such subscriptions or not.",
        codes=("body_late",),
        requestBody=_ANYTHING,
        parameters=[
            {
                "name": "validationToken",
                "in": "query",
                "required": False,
                "description": "What Graph wants to get back.",
                "schema": {"type": "string"},
            }
        ],
        answers={
            "200": {
                "description": "The validation token.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    ),
}
