"""When call records are written, and what becomes of them when they cannot be."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs
from structlog.typing import EventDict

from drivers.port import Health, HealthState, Outcome, OutcomeKind
from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.ports import Page
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import CallLogBounds, Database, DatabaseLimits, SQLCallLog, open_database
from sanderling.store.schema import calls
from support.postgres import PostgresServer
from support.records import HERE, a_record
from support.sqlite import fill_disk, free_disk, locked

IMPATIENT = DatabaseLimits(lock_s=0.05)
"""For databases that are locked on purpose: nothing is gained by waiting for them."""

HEAVY = Outcome(OutcomeKind.OK, "local", result_json=b"9" * 100_000)


class Bench:
    """A running log on a database, and the clock that it waits for."""

    def __init__(self, database: Database, bounds: CallLogBounds | None = None) -> None:
        """Prepare; the log is entered by `bench`."""
        self.database = database
        self.clock = VirtualClock()
        self.log = SQLCallLog(database, self.clock, bounds=bounds)

    def record(self, *records: CallRecord) -> None:
        """Take records."""
        for record in records:
            self.log.record_nowait(record)

    async def advance(self, duration_s: float) -> None:
        """Move time on, after every task that is ready has run until it waits for time."""
        for _ in range(20):
            await asyncio.sleep(0)
        self.clock.advance(duration_s)

    async def wait_until(self, is_so: Callable[[Health], bool]) -> Health:
        """Return the log's health once `is_so`."""
        async with asyncio.timeout(30):
            while not is_so(health := await self.log.health()):  # noqa: ASYNC110 - health is all that tells.
                await asyncio.sleep(0.001)
        return health

    async def written(self) -> int:
        """Return how many records the database has."""
        async with self.database.read() as connection:
            return await _count(connection)

    async def listed(self, limit: int = 100) -> Page[CallRecord]:
        """Return the first page of everything."""
        return await self.log.list_calls(HERE, matching=CallFilter(), limit=limit, cursor=None)


async def _count(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.count()).select_from(calls))).scalar_one()


@asynccontextmanager
async def bench(
    url: str, bounds: CallLogBounds | None = None, limits: DatabaseLimits | None = None
) -> AsyncGenerator[Bench]:
    """Yield a running log on the database at `url`."""
    async with open_database(url, limits) as database:
        opened = Bench(database, bounds)
        async with opened.log:
            yield opened


def is_empty(health: Health) -> bool:
    """Claim that nothing waits."""
    return health.numbers["waiting"] == 0


def is_degraded(health: Health) -> bool:
    """Claim that records wait for a reason."""
    return health.state is HealthState.DEGRADED


def events(logs: Sequence[EventDict]) -> list[object]:
    """Return the names of what was logged."""
    return [line["event"] for line in logs]


async def test_a_record_is_written_a_tenth_of_a_second_later(database_url: str) -> None:
    """The clock alone makes a lone record be written."""
    async with bench(database_url) as on:
        on.record(a_record())

        await on.advance(0.1)

        await on.wait_until(is_empty)
        assert await on.written() == 1


async def test_a_full_batch_is_written_at_once(database_url: str) -> None:
    """Many records do not wait for the clock."""
    async with bench(database_url, CallLogBounds(flush_records=50)) as on:
        on.record(*(a_record() for _ in range(120)))

        await on.wait_until(is_empty)
        assert await on.written() == 120


async def test_leaving_writes_what_waits(database_url: str) -> None:
    """A clean stop loses nothing, however much waits."""
    records = [a_record() for _ in range(1200)]
    async with bench(database_url) as on:
        for record in records:
            on.log.record_nowait(record)

    async with open_database(database_url) as database, database.read() as connection:
        assert await _count(connection) == 1200


async def test_a_reader_sees_each_record_once_while_it_is_written(database_url: str) -> None:
    """At no moment between memory and database is a record missing or doubled."""
    async with bench(database_url) as on:
        taken: list[str] = []

        async def write_all_the_time() -> None:
            while len(taken) < 40:
                await on.log.flush()
                await asyncio.sleep(0)

        writing = asyncio.create_task(write_all_the_time())
        for number in range(40):
            record = a_record(after_s=number)
            on.log.record_nowait(record)
            taken.insert(0, record.id)
            page = await on.listed()
            assert taken == [row.id for row in page.rows]
            assert record == await on.log.find_call(HERE, record.id)
        await writing


async def test_records_wait_while_the_database_is_locked(sqlite_url: str) -> None:
    """Nothing is lost to a lock; the log says that it is late and when it has caught up."""
    async with bench(sqlite_url, limits=IMPATIENT) as on:
        with capture_logs() as logs:
            with locked(sqlite_url):
                on.record(a_record(after_s=1), a_record(after_s=2))
                await on.advance(0.1)
                health = await on.wait_until(is_degraded)
                assert len((await on.listed()).rows) == 2
            await on.advance(10)
            recovered = await on.wait_until(is_empty)

        assert "locked" in health.reasons[0]
        assert health.numbers["waiting"] == 2
        assert recovered.state is HealthState.OK
        assert events(logs) == ["call_log.delayed", "call_log.recovered"]
        assert await on.written() == 2


async def test_retries_are_spaced_further_and_further(sqlite_url: str) -> None:
    """A database that stays away is asked less and less often, and logged about once."""
    bounds = CallLogBounds(retry_first_s=1.0, retry_most_s=4.0)
    asked: list[float] = []

    class AskedClock(VirtualClock):
        async def wait_s(self, duration_s: float) -> None:
            asked.append(duration_s)
            await super().wait_s(duration_s)

    async with open_database(sqlite_url, IMPATIENT) as database:
        clock = AskedClock()
        async with SQLCallLog(database, clock, bounds=bounds) as log:
            with locked(sqlite_url), capture_logs() as logs:
                log.record_nowait(a_record())
                async with asyncio.timeout(30):
                    while len(asked) < 6:
                        clock.advance(4.0)
                        await asyncio.sleep(0.001)

    assert asked[:6] == [0.1, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert events(logs) == ["call_log.delayed"]


async def test_what_is_over_the_bound_is_dropped_and_counted(sqlite_url: str) -> None:
    """Memory stays bounded while the database is away; the loss is logged once, with a count."""
    bounds = CallLogBounds(most_records=3)
    async with bench(sqlite_url, bounds, IMPATIENT) as on:
        with capture_logs() as logs:
            with locked(sqlite_url):
                on.record(*(a_record() for _ in range(5)))
                await on.advance(0.1)
                health = await on.wait_until(is_degraded)
            await on.advance(10)
            await on.wait_until(is_empty)

        assert health.numbers == {"waiting": 3, "dropped": 2, "rejected": 0}
        assert events(logs) == ["call_log.dropped", "call_log.delayed", "call_log.recovered"]
        assert logs[-1]["dropped"] == 2
        assert await on.written() == 3


async def test_a_full_disk_keeps_batches_whole(sqlite_url: str) -> None:
    """A batch that does not fit leaves nothing behind and is written when there is room."""
    bounds = CallLogBounds(flush_records=4)
    async with bench(sqlite_url, bounds, IMPATIENT) as on:
        await fill_disk(on.database)
        on.record(*(a_record(outcome=HEAVY) for _ in range(4)))

        health = await on.wait_until(is_degraded)
        assert await on.written() == 0
        await free_disk(on.database)
        await on.advance(10)
        await on.wait_until(is_empty)

        assert "disk is full" in health.reasons[0]
        assert await on.written() == 4


@pytest.mark.slow
async def test_records_wait_while_the_server_is_away(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """A server that crashes and comes back costs no record and doubles none."""
    async with bench(postgres_url) as on:
        on.record(a_record())
        await on.advance(0.1)
        await on.wait_until(is_empty)

        postgres.stop()
        try:
            on.record(a_record(), a_record())
            await on.advance(0.1)
            health = await on.wait_until(is_degraded)
            with pytest.raises(StoreUnavailableError):
                await on.listed()
        finally:
            postgres.start()
        await on.advance(10)
        await on.wait_until(is_empty)

        assert "away" in health.reasons[0]
        assert await on.written() == 3
        assert len((await on.listed()).rows) == 3


async def test_a_record_that_is_refused_costs_only_itself(database_url: str) -> None:
    """One record that no database can hold does not hold up the others."""
    poison = replace(a_record(), function_name="\ud800")
    async with bench(database_url, CallLogBounds(flush_records=5)) as on:
        with capture_logs() as logs:
            on.record(a_record(), a_record(), poison, a_record(), a_record())
            health = await on.wait_until(is_empty)

        assert health.numbers == {"waiting": 0, "dropped": 0, "rejected": 1}
        assert health.state is HealthState.OK
        assert [("call_record.rejected", poison.id)] == [
            (line["event"], line["call_id"]) for line in logs
        ]
        assert await on.written() == 4
        assert await on.log.find_call(HERE, poison.id) is None


async def test_a_log_that_cannot_write_at_the_end_says_what_is_lost(sqlite_url: str) -> None:
    """Leaving does not wait for ever for a database that stays locked."""
    bounds = CallLogBounds(close_tries=2, retry_first_s=0.0)
    with capture_logs() as logs, locked(sqlite_url):
        async with bench(sqlite_url, bounds, IMPATIENT) as on:
            on.log.record_nowait(a_record())
        health = await on.log.health()

    assert events(logs) == ["call_log.delayed", "call_log.dropped"]
    assert health.numbers["dropped"] == 1


async def test_a_log_that_was_left_takes_nothing(sqlite_url: str) -> None:
    """A record that comes too late is counted as dropped; health says that the log is down."""
    async with bench(sqlite_url) as on:
        pass

    on.log.record_nowait(a_record())

    health = await on.log.health()
    assert health.state is HealthState.DOWN
    assert health.numbers["dropped"] == 1


async def test_a_defect_does_not_end_the_log(sqlite_url: str) -> None:
    """Whatever breaks a batch, the log goes on and tries again."""

    class BrokenOnce(Database):
        is_broken = True

        @asynccontextmanager
        async def write(self) -> AsyncGenerator[AsyncConnection]:
            if self.is_broken:
                self.is_broken = False
                raise ZeroDivisionError
            async with super().write() as connection:
                yield connection

    async with open_database(sqlite_url) as database:
        broken = Bench(BrokenOnce(database.address, database.limits))
        async with broken.log:
            with capture_logs() as logs:
                broken.record(a_record())
                await broken.advance(0.1)
                await broken.wait_until(is_degraded)
                await broken.advance(10)
                await broken.wait_until(is_empty)
        assert await broken.written() == 1
        await broken.database.close()

    assert events(logs) == ["call_log.failed", "call_log.delayed", "call_log.recovered"]
