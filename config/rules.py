"""What must hold between variables, beside what each one takes."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import cast

from pydantic import SecretStr

from config.catalogue import BY_NAME, CATALOGUE
from config.declaration import Condition
from config.errors import Problem
from config.kinds import read_service_url
from config.variables import Settings

Rule = Callable[[Settings], Iterator[Problem]]
"""Yields a problem for each variable that does not go with the others."""

_ORDERS: tuple[tuple[tuple[str, ...], bool], ...] = (
    (("API_RATE_LIMITING_SHORT_TTL_IN_MS", "API_RATE_LIMITING_LONG_TTL_IN_MS"), False),
    (("WORKFLOW_EXEC_SOFT_THROTTLE_LIMIT", "WORKFLOW_EXEC_HARD_THROTTLE_LIMIT"), False),
    (("WORKFLOW_EXEC_SOFT_THROTTLE_TTL", "WORKFLOW_EXEC_HARD_THROTTLE_TTL"), False),
    (("ACCESS_TOKEN_EXPIRES_IN", "REFRESH_TOKEN_EXPIRES_IN"), True),
    (("SESSION_IDLE_TIMEOUT", "SESSION_ABSOLUTE_LIFETIME"), False),
    (
        (
            "WORKSPACE_INACTIVE_DAYS_BEFORE_NOTIFICATION",
            "WORKSPACE_INACTIVE_DAYS_BEFORE_SOFT_DELETION",
            "WORKSPACE_INACTIVE_DAYS_BEFORE_DELETION",
        ),
        True,
    ),
)
"""Names whose values rise from left to right, strictly where the second part says so."""

_PAIRS = (
    ("STORAGE_S3_ACCESS_KEY_ID", "STORAGE_S3_SECRET_ACCESS_KEY"),
    ("SERVERLESS_LAMBDA_ACCESS_KEY_ID", "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY"),
    ("EMAIL_SMTP_USER", "EMAIL_SMTP_PASSWORD"),
    ("MESSAGING_GMAIL_PUBSUB_TOPIC", "MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL"),
)
"""Names of which both are set or none."""

_PUSH = "IS_CONNECTED_ACCOUNT_WEBHOOK_SUBSCRIPTION_ENABLED"


def _value(settings: Settings, name: str) -> object:
    value: object = getattr(settings, BY_NAME[name].field)
    return value


def _is_empty(value: object) -> bool:
    return not (value.get_secret_value() if isinstance(value, SecretStr) else value)


def required(settings: Settings) -> Iterator[Problem]:
    """Yield what is missing while something that needs it is switched on."""
    for variable in CATALOGUE:
        reason = next((each for each in variable.required_if if _holds(settings, each)), None)
        if reason is not None and _is_empty(_value(settings, variable.name)):
            yield Problem(variable.name, f"it must be set while {reason.name} is {reason.value}")


def _holds(settings: Settings, condition: Condition) -> bool:
    value = _value(settings, condition.name)
    return BY_NAME[condition.name].text_of(value) == condition.value


def ordered(settings: Settings) -> Iterator[Problem]:
    """Yield what is larger than a limit that stands above it."""
    for names, is_strict in _ORDERS:
        for lower, upper in pairwise(names):
            low, high = (cast("int", _value(settings, name)) for name in (lower, upper))
            if low > high or (is_strict and low == high):
                bound = "be below" if is_strict else "not be above"
                told = BY_NAME[upper].text_of(high)
                yield Problem(lower, f"it must {bound} {upper}, which is {told}")


def paired(settings: Settings) -> Iterator[Problem]:
    """Yield the missing half of what goes together."""
    for pair in _PAIRS:
        for missing, given in (pair, pair[::-1]):
            if _is_empty(_value(settings, missing)) and not _is_empty(_value(settings, given)):
                yield Problem(missing, f"it must be set together with {given}")


def safely_reached(settings: Settings) -> Iterator[Problem]:
    """Yield that others could read what providers send here when something changes."""
    if not settings.is_push_enabled:
        return
    try:
        read_service_url(settings.server_url)
    except ValueError as error:
        yield Problem("SERVER_URL", f"{error}, while {_PUSH} is true")


RULES: tuple[Rule, ...] = (required, ordered, paired, safely_reached)
