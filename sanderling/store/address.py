"""The one database URL that people write, and the two that the drivers want."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from sanderling.store.errors import DatabaseURLRefused

_POSTGRESQL = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is; `path` is set exactly for SQLite. Its text shows no URL."""

    waiting: URL = field(repr=False)
    blocking: URL = field(repr=False)
    path: Path | None = field(default=None, repr=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file."""
        return self.path is not None


def parse_address(url: str) -> Address:
    """Return the address that `url` names.

    Raises:
        DatabaseURLRefused: it is not a URL of a kind we support.

    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The parser's text quotes the URL, and with it the password.
        raise DatabaseURLRefused(reason="it is not a URL") from None
    if parsed.drivername == "sqlite":
        return _sqlite(parsed)
    if parsed.drivername in _POSTGRESQL:
        return _postgresql(parsed)
    raise DatabaseURLRefused(reason=f"{parsed.drivername[:20]!r} is not a kind we know")


def check_database_url(url: str) -> None:
    """Pass a URL of a kind we support; nothing is opened.

    Raises:
        DatabaseURLRefused: it is not one.

    """
    parse_address(url)


def _sqlite(parsed: URL) -> Address:
    name = parsed.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseURLRefused(reason="a database in memory would forget everything")
    if parsed.host or parsed.query:
        raise DatabaseURLRefused(reason="SQLite takes three slashes, a file and nothing else")
    return Address(
        waiting=URL.create("sqlite+aiosqlite", database=name),
        blocking=URL.create("sqlite+pysqlite", database=name),
        path=Path(name),
    )


def _postgresql(parsed: URL) -> Address:
    if not parsed.database:
        raise DatabaseURLRefused(reason="it names no database")
    with_driver = parsed.set(drivername="postgresql+psycopg")
    return Address(waiting=with_driver, blocking=with_driver)
