"""The rate limits that settings name."""

from config.variables import Settings
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy


def limit_policy(settings: Settings) -> LimitPolicy:
    """Return the rate limits that the settings name."""
    return LimitPolicy(
        api_short=RateLimit(settings.api_short_limit, settings.api_short_ttl_ms),
        api_long=RateLimit(settings.api_long_limit, settings.api_long_ttl_ms),
        function_default=RateLimit(
            settings.function_throttle_limit, settings.function_throttle_ttl_ms
        ),
    )
