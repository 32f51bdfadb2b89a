"""Hints from the SQLite file itself.

SQLite counts, for each connection, the commits of all others: reading that number touches no
table and takes no lock. When it moves the head is read, so that only a new revision is a hint and
not every call that is recorded.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from config.ear import Ear
from sanderling.kernel.clock import Clock

LOOK_EVERY_S: Final = 0.05


class FileHints:
    """Hear of revisions by looking at the file; to tell of one, its commit is enough."""

    def __init__(self, path: Path, *, clock: Clock, jitter: Callable[[], float]) -> None:
        """Look at the migrated database at `path`."""
        self.path = path
        self._clock = clock
        self._ear = Ear("sqlite", self._hear, faults=(sqlite3.Error,), clock=clock, jitter=jitter)

    async def __aenter__(self) -> Self:
        """Begin to look."""
        await self._ear.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop looking."""
        await self._ear.__aexit__(kind, error, traceback)

    async def publish(self, revision: int) -> None:
        """Do nothing: whoever looks at the file sees the commit."""

    async def wait_hint(self, *, timeout_s: float) -> bool:
        """Return True once something was heard since the last return, False after `timeout_s`."""
        return await self._ear.wait_hint(timeout_s=timeout_s)

    @property
    def is_connected(self) -> bool:
        """Claim that the file could be read the last time."""
        return self._ear.is_connected

    async def _hear(self, ear: Ear) -> None:
        # It never writes, it waits for nobody, and it makes no file: one that is missing is made
        # elsewhere, for its owner alone.
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=0,
            check_same_thread=False,
        )
        with closing(connection):
            connection.execute("PRAGMA query_only=ON")
            seen, head = -1, _head(connection)
            ear.begin()
            while True:
                count = await _asked(_commits, connection)
                if count != seen:
                    seen, before, head = count, head, await _asked(_head, connection)
                    if head != before:
                        ear.ring()
                await self._clock.wait_s(LOOK_EVERY_S)


async def _asked(
    question: Callable[[sqlite3.Connection], int], connection: sqlite3.Connection
) -> int:
    """Return the answer of another thread; whoever is cancelled still waits for that thread.

    Else the connection would be closed while it is in use there.
    """
    asking = asyncio.ensure_future(asyncio.to_thread(question, connection))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        await asyncio.wait([asking])
        raise


def _commits(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return count


def _head(connection: sqlite3.Connection) -> int:
    head: int = connection.execute(
        "SELECT coalesce(max(number), 0) FROM config_revisions"
    ).fetchone()[0]
    return head
