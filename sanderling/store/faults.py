"""Turns what database drivers raise into the faults that the rest of the house knows.

Drivers quote addresses, users and rows in their messages; none of that goes on. The reason says
which of locked, full, read-only, away it was, and the driver's short name for it.
"""

import sqlite3
from collections.abc import Mapping

import psycopg
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sanderling.kernel.errors import Fault, StoreUnavailableError
from sanderling.store.errors import StoreError

LOCKED = "it stayed locked by other work"
FULL = "its disk is full"
READ_ONLY = "it cannot be written to"
AWAY = "it is away"
BUSY = "every connection to it is in use"
CROWDED = "it takes no more connections"
EXHAUSTED = "it has no resources left"
SLOW = "it did not answer in time"
SHUT = "it does not let us in"
UNMIGRATED = "its tables are missing; run `sanderling init`"
UNREADABLE = "its file cannot be read"
UNOPENED = "its file or its folder cannot be opened"

_SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: UNOPENED,
    sqlite3.SQLITE_CORRUPT: UNREADABLE,
    sqlite3.SQLITE_IOERR: UNREADABLE,
    sqlite3.SQLITE_NOTADB: UNREADABLE,
    sqlite3.SQLITE_PERM: UNOPENED,
}

_SQLSTATE: Mapping[str, str] = {
    "08": AWAY,
    "25006": READ_ONLY,
    "25P03": SLOW,
    "28": SHUT,
    "3D000": SHUT,
    "40001": LOCKED,
    "40P01": LOCKED,
    "42501": SHUT,
    "42P01": UNMIGRATED,
    "53": EXHAUSTED,
    "53100": FULL,
    "53300": CROWDED,
    "55P03": LOCKED,
    "57014": SLOW,
    "57P": AWAY,
    "58": UNREADABLE,
    "XX": UNREADABLE,
}


def fault_of(error: Exception) -> Fault:
    """Return what to raise instead of `error`."""
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    reason = _reason(cause)
    if reason is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        # Drivers have many words for a connection that broke under a statement.
        reason = AWAY
    if reason is not None:
        return StoreUnavailableError(reason=reason)
    return StoreError(kind=type(cause).__name__)


def _reason(cause: BaseException) -> str | None:
    match cause:
        case PoolTimeout():
            return BUSY
        case TimeoutError():
            return SLOW
        case OSError():
            return AWAY
        case sqlite3.Error():
            return _sqlite_reason(cause)
        case psycopg.Error():
            return _postgresql_reason(cause)
        case _:
            return None


def _sqlite_reason(cause: sqlite3.Error) -> str | None:
    # Extended codes, such as SQLITE_BUSY_SNAPSHOT, keep the plain one in their low byte. A
    # connection that was closed under us has no code.
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        return AWAY if isinstance(cause, sqlite3.OperationalError) else None
    if code == sqlite3.SQLITE_ERROR and str(cause).startswith("no such table"):
        return UNMIGRATED
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        # The shared memory beside the file found no room.
        return FULL
    return _SQLITE.get(code & 0xFF)


def _postgresql_reason(cause: psycopg.Error) -> str | None:
    state = cause.sqlstate
    if state is None:
        # Without a state the server said nothing: it could not be reached or went silent.
        return AWAY if isinstance(cause, psycopg.OperationalError) else None
    for length in (5, 3, 2):
        if state[:length] in _SQLSTATE:
            return _SQLSTATE[state[:length]]
    return None
