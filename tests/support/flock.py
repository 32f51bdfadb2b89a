"""Workers that share one PostgreSQL, one Redis, and the accounts of a town."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from sanderling.store import Database, open_database
from sanderling.store.schema import calls, executions, idempotency_keys, record_events
from sanderling.store.stream_schema import streams
from support.audit import Audit, Hold, Write, pid_of
from support.command import CommandLine, Server
from support.postgres import PostgresServer
from support.redis import RedisServer
from support.town import Town, open_town
from support.waiting import until
from support.witness import Visit, Witness

SECRET = "0123456789abcdef0123456789abcdef"
COUNTED = ("message.created", "calendar_event.updated")
_COUNT = "def handler(event, context):\n    return 1\n"
_OPEN = frozenset({"waiting", "running"})


@dataclass(frozen=True, slots=True)
class Told:
    """What functions were told of: keys that were wanted, and the execution of each that is.

    `runs` counts how often each execution came to a good end.
    """

    wanted: frozenset[str]
    keys: dict[str, str]
    statuses: dict[str, str]
    runs: Counter[str]


@dataclass
class Flock:
    """The workers, what they keep, and who watches them."""

    command: CommandLine
    town: Town
    witness: Witness
    audit: Audit
    database: Database
    stack: ExitStack
    workers: list[Server] = field(default_factory=list[Server])
    roles: dict[str, int] = field(default_factory=dict[str, int])
    triggers: dict[str, str] = field(default_factory=dict[str, str])

    def watch(self) -> None:
        """Let a function be called for each change that is counted."""
        file = self.command.folder / "count.py"
        file.write_text(_COUNT)
        self.command.must("functions", "deploy", "count", str(file), "--idempotent")
        for pattern in COUNTED:
            made = self.command.must("triggers", "create-record", "count", pattern)
            self.triggers[pattern] = made["id"]

    async def start(self) -> Server:
        """Add a worker."""
        role = self.audit.role()
        working = self.command.working(DATABASE_URL=self.audit.url(role))
        # Beside the loop, which answers for the providers meanwhile.
        worker = await asyncio.to_thread(self.stack.enter_context, working)
        self.workers.append(worker)
        self.roles[role] = worker.process.pid
        self.witness.know(worker.process.pid)
        return worker

    async def until_amid(self, worker: Server) -> None:
        """Return once a worker holds accounts, and waits for a provider's answer right now."""
        pid = worker.process.pid

        async def is_amid() -> bool:
            return bool((await self.held())[pid] and self.witness.present[pid])

        await until(is_amid)

    async def kill(self, worker: Server) -> Server:
        """Kill a worker amid its work, and return the one that takes its place."""
        await self.until_amid(worker)
        worker.stop(signal.SIGKILL)
        self.workers.remove(worker)
        return await self.start()

    async def held(self) -> Counter[int]:
        """Return how many accounts each process holds."""
        query = select(streams.c.lease_owner).where(streams.c.lease_until.is_not(None))
        async with self.database.read() as connection:
            owners = (await connection.execute(query)).scalars().all()
        return Counter(pid_of(owner) for owner in owners)

    async def until_calm(self, within_s: float) -> None:
        """Return once both sides are equal, and every change was told of and acted on."""
        residents = self.town.residents
        differing = [*residents]

        async def is_calm() -> bool:
            # Looking at everybody each time would keep the database from the workers.
            differing[:] = await self.town.differing(self.database, differing)
            if differing:
                return False
            differing[:] = await self.town.differing(self.database, residents)
            return not differing and not await self._is_telling()

        await until(is_calm, within_s=within_s, every_s=0.2)

    async def _is_telling(self) -> bool:
        async with self.database.read() as connection:
            waiting = select(record_events.c.id).where(record_events.c.state == "waiting").limit(1)
            running = select(executions.c.id).where(executions.c.status.in_(_OPEN)).limit(1)
            for query in (waiting, running):
                if (await connection.execute(query)).first() is not None:
                    return True
        return False

    async def told(self) -> Told:
        """Return what functions were told of."""
        told, key = record_events.c, idempotency_keys.c
        async with self.database.read() as connection:
            events = (await connection.execute(select(told.id, told.object, told.operation))).all()
            known = (await connection.execute(select(key.key, key.execution_id))).all()
            states = select(executions.c.id, executions.c.status)
            statuses = await connection.execute(states.where(executions.c.trigger == "record"))
            good = select(calls.c.execution_id).where(
                calls.c.execution_id.is_not(None), calls.c.outcome == "ok"
            )
            return Told(
                frozenset(
                    f"record:{self.triggers[name]}:{event_id}"
                    for event_id, thing, operation in events
                    if (name := f"{thing}.{operation}") in self.triggers
                ),
                {row.key: row.execution_id for row in known},
                {row.id: row.status for row in statuses},
                Counter((await connection.execute(good)).scalars()),
            )

    def foreign(self) -> Sequence[Write]:
        """Return what was written for an account by a process that did not hold it."""
        return [each for each in self.audit.writes() if self.roles.get(each.role) != each.owner_pid]

    def unheld(self) -> Sequence[Visit]:
        """Return requests for an account by a process that did not hold it."""
        emails = {who.account_id: who.person.email for who in self.town.residents}
        holds: dict[tuple[str, int], list[Hold]] = {}
        for hold in self.audit.holds():
            holds.setdefault((emails[hold.account_id], hold.pid), []).append(hold)
        return [
            visit
            for visit in self.witness.visits
            if not any(
                hold.began_s <= visit.began_s and visit.ended_s <= hold.ended_s
                for hold in holds.get((visit.email, visit.pid), [])
            )
        ]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often accounts are looked at, how many at once, and how slow providers are."""

    cron: str = "* * * * * *"
    lease_ms: int = 4000
    at_once: int = 10
    latency_s: float = 0.02


@asynccontextmanager
async def open_flock(
    command: CommandLine,
    postgres: PostgresServer,
    redis: RedisServer,
    pace: Pace,
) -> AsyncGenerator[Flock]:
    """Yield a new installation beside a town, with no worker and nobody connected yet."""
    witness = Witness()
    with postgres.database() as name, ExitStack() as stack:
        audit = Audit(postgres, name)
        async with open_town(witness.watching, latency_s=pace.latency_s) as town:
            wanted = {
                "DATABASE_URL": postgres.url(name),
                "REDIS_URL": redis.url,
                "APP_SECRET": SECRET,
                "SANDBOX_SPARES": "1",
                "JOB_MESSAGE_LIST_FETCH_CRON": pace.cron,
                "JOB_MESSAGES_IMPORT_CRON": pace.cron,
                "JOB_CALENDAR_EVENT_LIST_FETCH_CRON": pace.cron,
                "WORKER_SYNC_LEASE_MS": str(pace.lease_ms),
                "WORKER_SYNC_CONCURRENCY": str(pace.at_once),
                "EXECUTIONS_CONCURRENCY": "2",
                **town.settings,
            }
            command = replace(command, settings=wanted)
            await asyncio.to_thread(command.must, "init")
            audit.begin()
            async with open_database(postgres.url(name)) as database:
                yield Flock(command, town, witness, audit, database, stack)
            stack.close()
    audit.remove_roles()
