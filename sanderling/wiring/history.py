"""How calls are kept, and for how long, as settings name it."""

from config.subscriber import Prepared
from config.variables import Settings
from runner.keeping import Keeping, KeepingPolicy
from runner.retention import Retention, RetentionPolicy


def keeping_policy(settings: Settings) -> KeepingPolicy:
    """Return what is kept of each call."""
    return KeepingPolicy(
        max_body_bytes=settings.history_max_body_bytes,
        are_logs_kept=settings.is_function_logging_enabled,
        rules=tuple(settings.history_redacted),
    )


def retention_policy(settings: Settings) -> RetentionPolicy:
    """Return how long calls are kept."""
    return RetentionPolicy(
        max_age_days=settings.history_max_age_days, max_count=settings.history_max_count
    )


class HistorySubscriber:
    """Keeps calls by other bounds and rules from the next one on, and for another time."""

    name = "call history"

    def __init__(self, keeping: Keeping, retention: Retention) -> None:
        """Tell both who decide it."""
        self._keeping = keeping
        self._retention = retention

    def needs(self, settings: Settings) -> object:
        """Return bounds, rules and times."""
        return (keeping_policy(settings), retention_policy(settings))

    async def prepare(self, settings: Settings) -> Prepared:
        """Make the new policies."""
        keeping, retention = keeping_policy(settings), retention_policy(settings)

        def swap() -> None:
            self._keeping.follow(keeping)
            self._retention.follow(retention)

        return Prepared(swap, _nothing)


async def _nothing() -> None:
    """Give nothing back: nothing was taken."""
