"""What settings lead to can be tried where the part that uses it is there."""

from config.trials import TrialName, Trials
from config.variables import Settings
from sanderling.kernel.clock import Clock


def build_trials(clock: Clock) -> Trials:
    """Return the trials of this release."""
    return Trials({TrialName.REDIS: _redis}, clock)


async def _redis(settings: Settings) -> str:
    from sanderling.redis import try_redis  # noqa: PLC0415 - its library is slow to load.
    from sanderling.redis.errors import RedisURLRefused  # noqa: PLC0415 - as above.

    if settings.redis_url is None:
        raise RedisURLRefused(reason="REDIS_URL is not set")
    return await try_redis(settings.redis_url.get_secret_value())
