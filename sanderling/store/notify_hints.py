"""Hints over PostgreSQL's LISTEN and NOTIFY.

LISTEN belongs to a session. A pooler that hands out sessions per transaction takes the LISTEN and
never delivers anything, and a connection whose other end vanished looks just like silence. So
nothing is believed: the listener sends itself a probe over another connection, at first and then
now and again, and only while probes come back does it claim to be connected.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import func, select

from config.ear import Ear
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Fault
from sanderling.store.database import Database
from sanderling.store.errors import ProbeLostError

CHANNEL: Final = "sanderling_config"
PROBE_EVERY_S: Final = 10.0
PROBE_WITHIN_S: Final = 2.0


_AWAY: Final = (psycopg.Error, Fault, OSError, TimeoutError)


class NotifyHints:
    """Tell and hear of revisions through PostgreSQL, on one connection of its own."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        token: str,
        probe_every_s: float = PROBE_EVERY_S,
    ) -> None:
        """Speak over `database`; `token` is letters and digits that no other process has."""
        self._probe_every_s = probe_every_s
        self._database = database
        self._has_probe_returned = False
        self._own_channel = f"sanderling_probe_{token.lower()}"
        self._ear = Ear("postgresql", self._hear, faults=_AWAY, clock=clock, jitter=jitter)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self._ear.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._ear.__aexit__(kind, error, traceback)

    async def publish(self, revision: int) -> None:
        """Tell everyone who listens, or give up: polling finds the revision as well."""
        with suppress(*_AWAY):
            await self._notify(CHANNEL, str(revision))

    async def wait_hint(self, *, timeout_s: float) -> bool:
        """Return True once something was heard since the last return, False after `timeout_s`."""
        return await self._ear.wait_hint(timeout_s=timeout_s)

    @property
    def is_connected(self) -> bool:
        """Claim that hints would be heard now: the last probe came back."""
        return self._ear.is_connected

    async def _notify(self, channel: str, text: str) -> None:
        async with asyncio.timeout(PROBE_WITHIN_S * 0.75), self._database.write() as connection:
            await connection.execute(select(func.pg_notify(channel, text)))

    async def _hear(self, ear: Ear) -> None:
        async with self._listening() as connection:
            while True:
                self._has_probe_returned = False
                await self._notify(self._own_channel, "")
                await self._hear_for(connection, ear, PROBE_WITHIN_S)
                if not self._has_probe_returned:
                    raise ProbeLostError
                await self._hear_for(connection, ear, self._probe_every_s)

    @asynccontextmanager
    async def _listening(self) -> AsyncGenerator[AsyncConnection]:
        address = self._database.address.blocking.set(drivername="postgresql")
        limits = self._database.limits
        where = make_conninfo(
            address.render_as_string(hide_password=False),
            application_name="sanderling hints",
            connect_timeout=math.ceil(limits.connect_s),
            tcp_user_timeout=math.ceil(limits.transaction_s * 1000),
        )
        connection = await AsyncConnection.connect(where, autocommit=True, prepare_threshold=None)
        async with connection:
            async with asyncio.timeout(limits.statement_s):
                for channel in (CHANNEL, self._own_channel):
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield connection

    async def _hear_for(self, connection: AsyncConnection, ear: Ear, duration_s: float) -> None:
        # The generator is always read to its end: what it has taken in and not yet handed out
        # would be lost with it.
        async for heard in connection.notifies(timeout=duration_s):
            if heard.channel == CHANNEL:
                ear.ring()
            else:
                self._has_probe_returned = True
                ear.begin()
