"""Writes call records in batches, in the background.

Guarantees: a batch starts within 100 ms of its first record, so that a killed process loses at
most the last 200 ms; stopping writes what is left. A batch is one transaction and repeating it is
safe: a database that goes away at any point neither loses nor doubles a record. One record that
the database refuses costs only itself.
Assumptions: everything here is used on one event loop.
"""

import asyncio
from collections.abc import Sequence
from itertools import chain

import structlog

from drivers.port import Health, HealthState
from runner.call import CallRecord
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Fault, StoreUnavailableError
from sanderling.kernel.waiting import first_of
from sanderling.store.call_backlog import CallBacklog, CallLogBounds, Waiting
from sanderling.store.call_rows import insert_calls
from sanderling.store.database import Database

log = structlog.get_logger()

_TOGETHER = 32
"""Rows of one statement: between two statements SQLite's thread asks for the interpreter, and takes
it from the calls that are served meanwhile."""


class CallWriter:
    """Own the task that moves records from the backlog to the database."""

    def __init__(self, database: Database, clock: Clock, bounds: CallLogBounds) -> None:
        """Prepare; `start` begins."""
        self.backlog = CallBacklog(bounds, is_sqlite=database.address.is_sqlite)
        self._database = database
        self._clock = clock
        self._bounds = bounds
        is_sqlite = database.address.is_sqlite
        self._insert = insert_calls(is_sqlite=is_sqlite)
        self._insert_many = insert_calls(is_sqlite=True, rows=_TOGETHER) if is_sqlite else None
        self._has_work = asyncio.Event()
        self._has_batch = asyncio.Event()
        self._is_stopping = asyncio.Event()
        self._one_writer = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._delay = ""
        self._dropped = 0
        self._dropped_in_delay = 0
        self._rejected = 0

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_until_stopped(), name="call log")

    async def stop(self) -> None:
        """Write what waits, then end; what cannot be written is dropped and logged."""
        self._is_stopping.set()
        self._has_work.set()
        self._has_batch.set()
        if self._task is not None:
            await self._task

    def take(self, record: CallRecord) -> None:
        """Put a record in the backlog, or count it as dropped when that is full."""
        if self._is_stopping.is_set() or not self.backlog.add(record):
            self._drop(1)
            return
        self._has_work.set()
        if self.backlog.is_batch:
            self._has_batch.set()

    async def flush(self) -> None:
        """Write everything that waits.

        Raises:
            StoreUnavailableError: the database cannot be written to; the records still wait.

        """
        async with self._one_writer:
            while batch := self.backlog.next_batch():
                await self._write(batch)
            self._has_work.clear()
            self._has_batch.clear()
        self._note_recovery()

    def health(self) -> Health:
        """Say whether records are being kept, with the numbers that wait and are lost."""
        numbers = {
            "waiting": len(self.backlog),
            "dropped": self._dropped,
            "rejected": self._rejected,
        }
        if self._task is None or self._task.done():
            return Health(HealthState.DOWN, ("The call log is not running.",), numbers)
        if self._delay:
            reason = f"Records of calls wait in memory. {self._delay}"
            return Health(HealthState.DEGRADED, (reason,), numbers)
        return Health(HealthState.OK, numbers=numbers)

    async def _write_until_stopped(self) -> None:
        while not self._is_stopping.is_set():
            await self._has_work.wait()
            await self._pause(self._bounds.flush_after_s, until=self._has_batch)
            await self._write_with_retries()
        await self._write_last()

    async def _write_with_retries(self) -> None:
        retry_s = self._bounds.retry_first_s
        while not await self._is_written() and not self._is_stopping.is_set():
            await self._pause(retry_s, until=self._is_stopping)
            retry_s = min(retry_s * 2, self._bounds.retry_most_s)

    async def _write_last(self) -> None:
        for _ in range(self._bounds.close_tries):
            if await self._is_written():
                return
            await self._clock.wait_s(self._bounds.retry_first_s)
        self._drop(len(self.backlog))
        self.backlog.remove_oldest(len(self.backlog))

    async def _pause(self, duration_s: float, *, until: asyncio.Event) -> None:
        """Wait for the clock, or less long when `until` is set."""
        await first_of(self._clock.wait_s(duration_s), until.wait())

    async def _is_written(self) -> bool:
        """Try to write everything; the top of the loop, where nothing may escape."""
        try:
            await self.flush()
        except StoreUnavailableError as fault:
            self._note_delay(fault.detail)
            return False
        except Exception:
            log.exception("call_log.failed", waiting=len(self.backlog))
            self._note_delay("The log tells why.")
            return False
        return True

    async def _write(self, batch: Sequence[Waiting]) -> None:
        try:
            await self._keep(batch)
        except StoreUnavailableError:
            raise
        except Fault:
            await self._write_singly(batch)
        else:
            self.backlog.remove_oldest(len(batch))

    async def _write_singly(self, batch: Sequence[Waiting]) -> None:
        """Find the record that the database refuses and let go of that one alone."""
        for waiting in batch:
            try:
                await self._keep([waiting])
            except StoreUnavailableError:
                raise
            except Fault as fault:
                self._rejected += 1
                log.exception("call_record.rejected", call_id=waiting.record.id, **fault.facts)
            self.backlog.remove_oldest(1)

    async def _keep(self, batch: Sequence[Waiting]) -> None:
        rows = [waiting.row for waiting in batch]
        whole = 0 if self._insert_many is None else len(rows) // _TOGETHER * _TOGETHER
        async with self._database.write() as connection:
            if self._insert_many is not None and whole:
                together = [
                    tuple(chain.from_iterable(rows[first : first + _TOGETHER]))
                    for first in range(0, whole, _TOGETHER)
                ]
                await connection.exec_driver_sql(self._insert_many, together)
            if whole < len(rows):
                await connection.exec_driver_sql(self._insert, rows[whole:])

    def _note_delay(self, reason: str) -> None:
        if not self._delay:
            log.warning("call_log.delayed", reason=reason, waiting=len(self.backlog))
        self._delay = reason

    def _note_recovery(self) -> None:
        if self._delay:
            log.info("call_log.recovered", dropped=self._dropped_in_delay)
        self._delay = ""
        self._dropped_in_delay = 0

    def _drop(self, count: int) -> None:
        if count and not self._dropped_in_delay:
            # One line per delay: the log must not grow faster than what it could not keep.
            log.error("call_log.dropped", waiting=len(self.backlog))
        self._dropped += count
        self._dropped_in_delay += count
