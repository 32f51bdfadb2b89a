"""How calls are kept, as settings name it."""

from config.variables import Settings
from runner.keeping import KeepingPolicy


def keeping_policy(settings: Settings) -> KeepingPolicy:
    """Return what is kept of each call."""
    return KeepingPolicy(
        max_body_bytes=settings.history_max_body_bytes,
        are_logs_kept=settings.is_function_logging_enabled,
        rules=tuple(settings.history_redacted),
    )
