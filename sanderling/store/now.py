"""The time that the processes of one database agree on."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal

from sanderling.kernel.clock import Clock
from sanderling.store.columns import Moment
from sanderling.store.database import Database


def now_of(database: Database, clock: Clock, *, minus_s: float = 0.0) -> ColumnElement[datetime]:
    """Return the time of the database, or one that many seconds before it.

    On PostgreSQL that of the server. SQLite has none of its own, so it is that of `clock`:
    whoever shares the file shares the machine.
    """
    earlier = timedelta(seconds=minus_s)
    if database.address.is_sqlite:
        return literal(clock.now() - earlier, Moment)
    return func.now() - literal(earlier)
