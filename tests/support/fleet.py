"""Server processes that share one installation, and executions given to them over HTTP."""

import asyncio
import os
import secrets
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
from sqlalchemy import select

from sanderling.access.keys import Keys
from sanderling.access.principal import Role
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import SortableIds
from sanderling.store import Database, SQLKeyStore, SQLWorkspaces, open_database
from sanderling.store.schema import calls, executions
from support.command import CommandLine, Server

FINAL = frozenset({"succeeded", "dead", "cancelled"})
_ANSWER_S = 60.0
_GENEROUS = {
    "API_RATE_LIMITING_SHORT_LIMIT": "1000000",
    "API_RATE_LIMITING_LONG_LIMIT": "1000000",
    "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "1000000",
}


@dataclass
class Tenant:
    """A workspace, and what asks for its executions at whichever process lives."""

    fleet: "Fleet"
    key: str

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Return the answer of some process; a refusal or a fault fails the test."""
        answer = await self.try_asking(method, path, body, **headers)
        assert answer.status_code < 400, answer.text
        return answer.json()

    async def try_asking(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx2.Response:
        """Return what some process answers."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.fleet.http.request(
            method,
            f"{self.fleet.url}{path}",
            json=body,
            headers={"authorization": f"Bearer {self.key}", **headers},
        )

    async def publish(self, name: str, source: str, **more: object) -> None:
        """Make a function live."""
        await self.ask("POST", "/v1/functions", {"name": name, "source": source, **more})
        await self.ask("POST", f"/v1/functions/{name}/versions", {})

    async def submit(self, *asked: Mapping[str, object]) -> list[str]:
        """Queue executions and return their ids."""
        answer = await self.ask("POST", "/v1/executions", {"executions": list(asked)})
        return [result["execution"]["id"] for result in answer["items"]]

    async def show(self, execution_id: str) -> dict[str, Any]:
        """Return one execution as it is now."""
        shown: dict[str, Any] = await self.ask("GET", f"/v1/executions/{execution_id}")
        return shown

    async def until_over(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the executions once all are at their end."""
        over: list[dict[str, Any]] = []
        for execution_id in ids:
            path = f"/v1/executions/{execution_id}?wait_s=20"
            while True:
                shown = await self.ask("GET", path)
                if shown["status"] in FINAL:
                    break
            over.append(shown)
        return over


@dataclass
class Fleet:
    """Processes on one database; the first that can answer is asked."""

    command: CommandLine
    settings: Mapping[str, str]
    database: Database
    http: httpx2.AsyncClient
    key: str
    stack: ExitStack
    servers: list[Server] = field(default_factory=list[Server])
    still: list[Server] = field(default_factory=list[Server])

    @property
    def url(self) -> str:
        """Where requests go: to the first process that can answer."""
        return next(server.url for server in self.living if server not in self.still)

    @property
    def living(self) -> list[Server]:
        """The processes that run."""
        return [server for server in self.servers if server.process.poll() is None]

    @property
    def tenant(self) -> Tenant:
        """The first workspace."""
        return Tenant(self, self.key)

    async def start(self, **settings: str) -> Server:
        """Add one process."""
        # Beside the loop, which other processes are asked on meanwhile.
        serving = self.command.serving(**{**self.settings, **settings})
        server = await asyncio.to_thread(self.stack.enter_context, serving)
        self.servers.append(server)
        return server

    def kill(self, server: Server) -> None:
        """End a process as a crash would, with everything that it started."""
        family = server.family()
        server.stop(signal.SIGKILL)
        for pid in family:
            # What it started ends by itself when its pipes break; a crash of the machine is surer.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @contextmanager
    def paused(self, server: Server) -> Generator[None]:
        """Let a process stand still, as on a machine that hangs; its guests go on."""
        server.process.send_signal(signal.SIGSTOP)
        self.still.append(server)
        try:
            yield
        finally:
            server.process.send_signal(signal.SIGCONT)
            self.still.remove(server)

    async def busiest(self) -> Server:
        """Return the living process that runs the most executions now."""
        counts = Counter((await self._running()).values())
        return max(self.living, key=lambda server: counts[server.process.pid])

    async def is_at_work(self, server: Server) -> bool:
        """Claim that executions run in this process."""
        return server.process.pid in (await self._running()).values()

    async def _running(self) -> dict[str, int]:
        query = select(executions.c.id, executions.c.worker).where(executions.c.status == "running")
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        # A process is named by its kind, its id and a word of its own.
        return {row[0]: int(row[1].split("-")[1]) for row in rows}

    async def add_tenant(self) -> Tenant:
        """Make another workspace with an administrator's key."""
        clock = SystemClock()
        ids = SortableIds(clock)
        workspace_id = await SQLWorkspaces(self.database).add("another")
        keys = Keys(SQLKeyStore(self.database), ids, clock, secrets.randbits)
        made = await keys.create(workspace_id, name="test", role=Role.ADMIN)
        return Tenant(self, made.text)

    async def calls(self) -> Counter[tuple[str, str]]:
        """Return how many calls were recorded, by the id of their execution and their outcome."""
        query = select(calls.c.execution_id, calls.c.outcome).where(
            calls.c.execution_id.is_not(None)
        )
        async with self.database.read() as connection:
            return Counter((row[0], row[1]) for row in await connection.execute(query))

    async def spans(self) -> dict[str, tuple[float, float]]:
        """Return when the call of each execution began and ended, in seconds since the epoch."""
        query = select(calls.c.execution_id, calls.c.started_at, calls.c.duration_s)
        async with self.database.read() as connection:
            rows = (await connection.execute(query.where(calls.c.execution_id.is_not(None)))).all()
        return {row[0]: (row[1].timestamp(), row[1].timestamp() + row[2]) for row in rows}


@asynccontextmanager
async def open_fleet(
    command: CommandLine, processes: int, **settings: str
) -> AsyncGenerator[Fleet]:
    """Yield `processes` servers of a new installation; every one is ended by its own id."""
    settings = {**_GENEROUS, **settings}
    made = command.must("init", **settings)
    url = settings.get("DATABASE_URL") or f"sqlite:///{command.home / 'sanderling.db'}"
    async with (
        open_database(url) as database,
        httpx2.AsyncClient(timeout=_ANSWER_S) as http,
    ):
        with ExitStack() as stack:
            fleet = Fleet(command, settings, database, http, made["key"], stack)
            for _ in range(processes):
                await fleet.start()
            yield fleet
