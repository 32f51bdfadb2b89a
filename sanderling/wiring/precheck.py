"""Looks at settings that name other things, without touching those."""

from config.errors import Problem
from config.variables import Settings
from sanderling.kernel.errors import Refusal
from sanderling.store import check_database_url
from sanderling.vault import weakness_of
from sanderling.wiring.home import database_url


def precheck(settings: Settings) -> tuple[Problem, ...]:
    """Return what keeps a process with these settings from starting, or from keeping secrets."""
    problems: list[Problem] = []
    if settings.app_secret is None:
        problems.append(Problem("APP_SECRET", "it is not set, so no secret can be kept or read"))
    elif weakness := weakness_of(settings.app_secret.get_secret_value()):
        problems.append(Problem("APP_SECRET", weakness))
    try:
        check_database_url(database_url(settings))
    except Refusal as refusal:
        problems.append(Problem("DATABASE_URL", str(refusal.facts["reason"])))
    if settings.redis_url is not None:
        from sanderling.redis import check_redis_url  # noqa: PLC0415 - its library is slow to load.

        try:
            check_redis_url(settings.redis_url.get_secret_value())
        except Refusal as refusal:
            problems.append(Problem("REDIS_URL", str(refusal.facts["reason"])))
    return tuple(problems)
