"""Which fault stands for what a database driver raises."""

import sqlite3

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import faults
from sanderling.store.errors import StoreError
from sanderling.store.faults import fault_of

SECRET = "host db.example refused ann: row (hunter2)"


def _wrapped(cause: Exception) -> DBAPIError:
    return DBAPIError("SELECT 1", None, cause)


def _sqlite(code: int, text: str = SECRET) -> DBAPIError:
    cause = sqlite3.OperationalError(text)
    cause.sqlite_errorcode = code
    return _wrapped(cause)


UNAVAILABLE: list[tuple[Exception, str]] = [
    (_sqlite(sqlite3.SQLITE_BUSY), faults.LOCKED),
    (_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), faults.LOCKED),
    (_sqlite(sqlite3.SQLITE_LOCKED), faults.LOCKED),
    (_sqlite(sqlite3.SQLITE_FULL), faults.FULL),
    (_sqlite(sqlite3.SQLITE_IOERR_SHMSIZE), faults.FULL),
    (_sqlite(sqlite3.SQLITE_READONLY), faults.READ_ONLY),
    (_sqlite(sqlite3.SQLITE_CANTOPEN), faults.UNOPENED),
    (_sqlite(sqlite3.SQLITE_IOERR_READ), faults.UNREADABLE),
    (_sqlite(sqlite3.SQLITE_NOTADB), faults.UNREADABLE),
    (_sqlite(sqlite3.SQLITE_ERROR, "no such table: calls"), faults.UNMIGRATED),
    (_wrapped(sqlite3.OperationalError("no active connection")), faults.AWAY),
    (_wrapped(psycopg.OperationalError(SECRET)), faults.AWAY),
    (_wrapped(pg.AdminShutdown(SECRET)), faults.AWAY),
    (_wrapped(pg.CrashShutdown(SECRET)), faults.AWAY),
    (_wrapped(pg.CannotConnectNow(SECRET)), faults.AWAY),
    (_wrapped(pg.ConnectionFailure(SECRET)), faults.AWAY),
    (_wrapped(pg.DiskFull(SECRET)), faults.FULL),
    (_wrapped(pg.TooManyConnections(SECRET)), faults.CROWDED),
    (_wrapped(pg.OutOfMemory(SECRET)), faults.EXHAUSTED),
    (_wrapped(pg.LockNotAvailable(SECRET)), faults.LOCKED),
    (_wrapped(pg.DeadlockDetected(SECRET)), faults.LOCKED),
    (_wrapped(pg.SerializationFailure(SECRET)), faults.LOCKED),
    (_wrapped(pg.QueryCanceled(SECRET)), faults.SLOW),
    (_wrapped(pg.ReadOnlySqlTransaction(SECRET)), faults.READ_ONLY),
    (_wrapped(pg.InvalidPassword(SECRET)), faults.SHUT),
    (_wrapped(pg.InvalidCatalogName(SECRET)), faults.SHUT),
    (_wrapped(pg.InsufficientPrivilege(SECRET)), faults.SHUT),
    (_wrapped(pg.UndefinedTable(SECRET)), faults.UNMIGRATED),
    (_wrapped(pg.DataCorrupted(SECRET)), faults.UNREADABLE),
    (
        DBAPIError("", None, psycopg.InterfaceError(SECRET), connection_invalidated=True),
        faults.AWAY,
    ),
    (PoolTimeout(SECRET), faults.BUSY),
    (TimeoutError(SECRET), faults.SLOW),
    (ConnectionRefusedError(SECRET), faults.AWAY),
]


@pytest.mark.parametrize(
    ("error", "reason"),
    UNAVAILABLE,
    ids=[f"{number}-{reason[:24]}" for number, (_, reason) in enumerate(UNAVAILABLE)],
)
def test_a_database_that_is_not_there_is_unavailable(error: Exception, reason: str) -> None:
    """The fault says what is wrong and nothing of what the driver said."""
    fault = fault_of(error)

    assert isinstance(fault, StoreUnavailableError)
    assert {"reason": reason} == fault.facts
    assert SECRET not in str(fault)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_wrapped(pg.NotNullViolation(SECRET)), "NotNullViolation"),
        (_wrapped(pg.UntranslatableCharacter(SECRET)), "UntranslatableCharacter"),
        (_wrapped(sqlite3.IntegrityError(SECRET)), "IntegrityError"),
        (_wrapped(sqlite3.ProgrammingError(SECRET)), "ProgrammingError"),
        (OverflowError(SECRET), "OverflowError"),
    ],
)
def test_a_statement_that_is_refused_is_a_defect(error: Exception, kind: str) -> None:
    """What another try would not mend is told apart from a database that is away."""
    fault = fault_of(error)

    assert isinstance(fault, StoreError)
    assert {"kind": kind} == fault.facts
