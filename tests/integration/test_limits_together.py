"""Two processes on one database and one Redis: their limits are one, and are told as such."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from config.edit import Edit
from config.layers import Layers
from config.loader import build_snapshot
from drivers.memory import MemoryDriver
from drivers.port import Health, HealthState
from runner.function import Definition
from sanderling.access.principal import Role
from sanderling.api import create_app
from sanderling.wiring import Runtime, open_runtime
from sanderling.wiring.configuration import label_process
from support.redis import RedisServer
from support.waiting import until

pytestmark = pytest.mark.slow

SECRET = "0123456789abcdef0123456789abcdef"


class Replica:
    """One process of an instance, and a caller of it."""

    def __init__(self, runtime: Runtime, http: httpx2.AsyncClient) -> None:
        """Join both."""
        self.runtime = runtime
        self.http = http

    async def call(self) -> httpx2.Response:
        """Call the function that all replicas have."""
        return await self.http.post("/v1/functions/echo/executions", json=1)

    async def health(self) -> Health:
        """Return how the rate limits are."""
        return await self.runtime.services.readiness["rate_limits"]()

    async def knows_both(self) -> bool:
        """Claim that it counts alone, and as one of two."""
        return any("each of 2 processes" in reason for reason in (await self.health()).reasons)


@pytest.fixture
async def replicas(tmp_path: Path, redis: RedisServer) -> AsyncGenerator[list[Replica]]:
    """Yield two, with one key for both and ten calls an hour."""
    redis.do("FLUSHALL")
    values = {
        "APP_SECRET": SECRET,
        "REDIS_URL": redis.url,
        "CONFIG_POLL_INTERVAL_MS": "100",
        "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "10",
        "SERVERLESS_FUNCTION_EXEC_THROTTLE_TTL": "3600000",
        # A test machine may be busy; a process of its own has no such excuse.
        "RATE_LIMITING_REDIS_TIMEOUT_IN_MS": "1000",
    }
    layers = Layers(arguments={"SANDERLING_HOME": str(tmp_path)}, environment=values)
    snapshot = build_snapshot(layers)
    async with AsyncExitStack() as stack:
        found: list[Replica] = []
        key = ""
        for _ in range(2):
            runtime = await stack.enter_async_context(
                open_runtime(
                    snapshot,
                    process="test",
                    driver=lambda _: MemoryDriver(),
                    label=label_process("serve"),
                )
            )
            if not key:
                services = runtime.services
                principal = await services.gate.authenticate(runtime.operator)
                source = "def handler(event, context):\n    return event\n"
                await services.functions.create(principal, "echo", Definition(source))
                await services.functions.publish(principal, "echo")
                made = await runtime.keys.create(
                    runtime.default_workspace_id, name="test", role=Role.MEMBER
                )
                key = made.text
            http = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(create_app(runtime.services)),
                base_url="http://test",
                headers={"authorization": f"Bearer {key}"},
            )
            found.append(Replica(runtime, await stack.enter_async_context(http)))
        yield found


async def test_replicas_count_together(replicas: list[Replica]) -> None:
    """Ten calls are admitted over both, wherever they come in, and both tell what is left."""
    one, other = replicas

    answers = [await replica.call() for replica in (one, other) * 6]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert "r=0;" in answers[9].headers["ratelimit"]
    assert all("ratelimit-scope" not in answer.headers for answer in answers)
    assert (await one.health()).state is HealthState.OK
    metrics = (await one.http.get("/metrics")).text
    assert 'sanderling_rate_limit_decisions_total{scope="instance"} 6.0' in metrics
    assert "sanderling_rate_limit_away 0.0" in metrics


async def test_without_redis_each_replica_tells_its_share(
    replicas: list[Replica], redis: RedisServer
) -> None:
    """While Redis is away headers, readiness and metrics say so, and each process has a half."""
    one, other = replicas
    redis.stop()
    await until(one.knows_both)
    await until(other.knows_both)

    answers = [await one.call() for _ in range(6)]
    elsewhere = await other.call()

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert elsewhere.status_code == 200
    assert {answer.headers["ratelimit-scope"] for answer in (*answers, elsewhere)} == {"share"}
    assert "q=5;" in elsewhere.headers["ratelimit-policy"]
    assert (await one.health()).state is HealthState.DEGRADED
    assert (await one.http.get("/health/ready")).status_code == 200
    metrics = (await one.http.get("/metrics")).text
    assert 'sanderling_rate_limit_decisions_total{scope="share"}' in metrics
    assert "sanderling_rate_limit_away 1.0" in metrics


async def test_a_changed_limit_keeps_what_was_used(replicas: list[Replica]) -> None:
    """Another limit is in force in every process at once, over the same counts."""
    one, other = replicas
    for _ in range(10):
        await one.call()
    assert (await other.call()).status_code == 429

    services = one.runtime.services
    made = await services.configuration.change(
        Edit({"SERVERLESS_FUNCTION_EXEC_THROTTLE_TTL": "1000"}, "test")
    )
    assert made is not None
    await services.configuration.wait_in_force(made.revision, timeout_s=15)

    async def is_admitted() -> bool:
        return (await other.call()).status_code == 200

    await until(is_admitted)
