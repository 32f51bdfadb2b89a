"""Chooses what carries hints, by where things are kept."""

import secrets

from config.ports import Hints
from sanderling.kernel.clock import Clock
from sanderling.store import Database, FileHints, NotifyHints


def build_hints(database: Database, *, redis_url: str | None, clock: Clock) -> Hints:
    """Return the quickest carrier that all processes of this instance share.

    A SQLite file is looked at: whoever shares it is on this machine, and nothing is quicker or
    can be away alone. Beside PostgreSQL it is Redis where there is one, else PostgreSQL itself.

    Raises:
        RedisURLRefused: the URL is not that of a Redis.

    """
    jitter = secrets.SystemRandom().random
    if database.address.path is not None:
        return FileHints(database.address.path, clock=clock, jitter=jitter)
    if redis_url is not None:
        from sanderling.redis import RedisHints  # noqa: PLC0415 - its library is slow to load.

        return RedisHints(redis_url, clock=clock, jitter=jitter)
    return NotifyHints(database, clock=clock, jitter=jitter, token=secrets.token_hex(8))
