"""How many requests a workspace may make."""

from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Declared, Group
from config.kinds import Milliseconds
from config.variables.group import VariableGroup
from config.variables.rate_bounds import Limit, Window

_SEVEN_DAYS_MS = 7 * 86_400_000


class RateLimitingVariables(VariableGroup):
    """Limits of the API and of invitations."""

    group: ClassVar[Group] = Group.RATE_LIMITING

    api_short_limit: Annotated[
        Limit,
        Declared(
            "API_RATE_LIMITING_SHORT_LIMIT",
            "API requests a workspace may make within the short TTL.",
        ),
    ] = 100
    api_short_ttl_ms: Annotated[
        Window,
        Declared(
            "API_RATE_LIMITING_SHORT_TTL_IN_MS",
            "Milliseconds over which the short limit is refilled.",
        ),
    ] = 1000
    api_long_limit: Annotated[
        Limit,
        Declared(
            "API_RATE_LIMITING_LONG_LIMIT", "API requests a workspace may make within the long TTL."
        ),
    ] = 100
    api_long_ttl_ms: Annotated[
        Window,
        Declared(
            "API_RATE_LIMITING_LONG_TTL_IN_MS",
            "Milliseconds over which the long limit is refilled.",
        ),
    ] = 60_000
    limits_answer_timeout_ms: Annotated[
        Milliseconds,
        Field(ge=5, le=1000),
        Declared(
            "RATE_LIMITING_REDIS_TIMEOUT_IN_MS",
            "How long a request waits for Redis to count it; after that its process decides by "
            "its own share of the limit.",
            needs_restart=True,
        ),
    ] = 50
    anonymous_limit: Annotated[
        Limit,
        Declared(
            "HTTP_TRIGGER_ANONYMOUS_LIMIT",
            "Requests without an API key that a workspace's HTTP triggers take within the TTL.",
        ),
    ] = 300
    anonymous_ttl_ms: Annotated[
        Window,
        Declared(
            "HTTP_TRIGGER_ANONYMOUS_TTL_IN_MS",
            "Milliseconds over which a workspace's requests without a key are refilled.",
        ),
    ] = 60_000
    anonymous_address_limit: Annotated[
        Limit,
        Declared(
            "HTTP_TRIGGER_ANONYMOUS_ADDRESS_LIMIT",
            "Requests without an API key that HTTP triggers take of one address within the TTL; "
            "behind a proxy all requests have its address.",
        ),
    ] = 100
    anonymous_address_ttl_ms: Annotated[
        Window,
        Declared(
            "HTTP_TRIGGER_ANONYMOUS_ADDRESS_TTL_IN_MS",
            "Milliseconds over which the requests of one address are refilled.",
        ),
    ] = 60_000
    invitations_by_workspace_limit: Annotated[
        Limit,
        Declared(
            "INVITATION_SENDING_BY_WORKSPACE_THROTTLE_LIMIT",
            "Invitations a workspace may send within the TTL.",
            is_planned=True,
        ),
    ] = 500
    invitations_by_workspace_ttl_ms: Annotated[
        Window,
        Declared(
            "INVITATION_SENDING_BY_WORKSPACE_THROTTLE_TTL_IN_MS",
            "Milliseconds over which a workspace's invitations are refilled.",
            is_planned=True,
        ),
    ] = _SEVEN_DAYS_MS
    invitations_by_email_limit: Annotated[
        Limit,
        Declared(
            "INVITATION_SENDING_BY_EMAIL_THROTTLE_LIMIT",
            "Invitations one address may get within the TTL.",
            is_planned=True,
        ),
    ] = 10
    invitations_by_email_ttl_ms: Annotated[
        Window,
        Declared(
            "INVITATION_SENDING_BY_EMAIL_THROTTLE_TTL_IN_MS",
            "Milliseconds over which an address's invitations are refilled.",
            is_planned=True,
        ),
    ] = _SEVEN_DAYS_MS
