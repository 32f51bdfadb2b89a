"""Four real servers on one PostgreSQL and one Redis: restarts and a crash cost what is promised."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace

import httpx2
import pytest

from drivers.port import Outcome, OutcomeKind
from sanderling.client import Sanderling
from support.command import CommandLine, Server
from support.redis import RedisServer
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVERS = 4
QUEUED = 40
GENEROUS = {
    "API_RATE_LIMITING_SHORT_LIMIT": "1000000",
    "API_RATE_LIMITING_LONG_LIMIT": "1000000",
    "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "1000000",
    "SANDBOX_SPARES": "1",
    "RATE_LIMITING_REDIS_TIMEOUT_IN_MS": "1000",
}
ECHO = "def handler(event, context):\n    return event\n"
BUSY = """
def handler(event, context):
    total = 0
    for number in range(event):
        total += number
    return total
"""
A_WHILE = 300_000
FOR_LONG = 500_000_000
"""More than any call has time for: it is under way when its server is killed."""


@dataclass
class Place:
    """One of the four: its server, which changes, and whether calls are sent there."""

    server: Server
    stack: ExitStack
    is_open: bool = True
    in_flight: int = 0


@dataclass
class Balancer:
    """A plain round robin: one connection for each request, the next place for each."""

    command: CommandLine
    key: str
    places: list[Place] = field(default_factory=list[Place])
    turn: int = 0

    def next(self) -> Place:
        """Return the next open place."""
        while True:
            self.turn += 1
            place = self.places[self.turn % len(self.places)]
            if place.is_open:
                return place

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx2.Response:
        """Send one request to the next place."""
        place = self.next()
        place.in_flight += 1
        try:
            async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
                return await http.request(
                    method,
                    f"{place.server.url}{path}",
                    json=body,
                    headers={"authorization": f"Bearer {self.key}", **headers},
                )
        finally:
            place.in_flight -= 1

    async def restart(self, place: Place) -> int:
        """Send nothing more to a place, stop its server while calls run there, start another."""
        await until(lambda: place.in_flight > 0)
        place.is_open = False
        place.server.process.send_signal(signal.SIGTERM)
        status = await asyncio.to_thread(place.server.process.wait, 90)
        place.stack.close()
        place.server = await asyncio.to_thread(place.stack.enter_context, self.command.serving())
        place.is_open = True
        return status


@pytest.fixture
async def balancer(
    command: CommandLine, postgres_url: str, redis: RedisServer
) -> AsyncGenerator[Balancer]:
    """Yield four servers with two functions behind a round robin."""
    redis.flush()
    settings = {"DATABASE_URL": postgres_url, "REDIS_URL": redis.url, **GENEROUS}
    command = replace(command, settings=settings)
    key: str = command.must("init")["key"]
    with ExitStack() as stack:
        found = Balancer(command, key)
        for _ in range(SERVERS):
            own = stack.enter_context(ExitStack())
            found.places.append(Place(own.enter_context(command.serving()), own))
        for name, source in (("echo", ECHO), ("busy", BUSY)):
            made = await found.ask("POST", "/v1/functions", {"name": name, "source": source})
            assert made.status_code == 201, made.text
            assert (await found.ask("POST", f"/v1/functions/{name}/versions")).status_code == 201
        yield found


async def test_a_rolling_restart_fails_no_call_and_doubles_none(balancer: Balancer) -> None:
    """While all four are replaced, each call is answered, and each queued one runs once."""
    items = [{"function": "echo", "event": number} for number in range(QUEUED)]
    queued = await balancer.ask("POST", "/v1/executions", {"executions": items})
    ids = [item["execution"]["id"] for item in queued.json()["items"]]
    answers = list[httpx2.Response]()
    is_done = asyncio.Event()

    async def call() -> None:
        while not is_done.is_set():
            answers.append(await balancer.ask("POST", "/v1/functions/busy/executions", A_WHILE))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(SERVERS):
            tasks.create_task(call())
        statuses = [await balancer.restart(place) for place in balancer.places]
        is_done.set()

    assert statuses == [0] * SERVERS
    assert len(answers) > SERVERS
    assert {(answer.status_code, answer.json().get("outcome")) for answer in answers} == {
        (200, "ok")
    }
    for execution_id in ids:
        ended = await balancer.ask("GET", f"/v1/executions/{execution_id}?wait_s=30")
        assert ended.json()["status"] == "succeeded"
    exported = await balancer.ask("GET", "/v1/calls/export?function=echo")
    runs = [json.loads(line)["execution_id"] for line in exported.text.splitlines()]
    assert sorted(runs) == sorted(ids)


async def test_a_killed_server_costs_the_calls_it_was_running(balancer: Balancer) -> None:
    """Their callers hear that nobody knows; everybody else is served as before."""
    doomed, *others = balancer.places
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Sanderling(place.server.url, key=balancer.key))
            for place in balancer.places
        ]
        running = [asyncio.create_task(clients[0].call("busy", FOR_LONG)) for _ in range(2)]

        async def is_under_way() -> bool:
            told = await balancer.ask("GET", "/metrics")
            return "sanderling_calls_running 2" in told.text

        balancer.places = [doomed]
        await until(is_under_way)
        doomed.server.process.kill()
        balancer.places = others
        lost: list[Outcome] = await asyncio.gather(*running)
        kept = await asyncio.gather(*(each.call("echo", 1) for each in clients[1:]))

    assert {outcome.kind for outcome in lost} == {OutcomeKind.UNKNOWN_OUTCOME}
    assert {outcome.kind for outcome in kept} == {OutcomeKind.OK}
