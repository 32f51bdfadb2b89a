"""Whether the process lives, and whether it can serve."""

import asyncio
from dataclasses import replace

from drivers.port import Health, HealthState
from sanderling.api import health as health_room
from sanderling.api.services import HealthCheck
from sanderling.kernel.errors import StoreUnavailableError
from support.services import House, build_house, open_http

DEGRADED = Health(HealthState.DEGRADED, ("One spare is left.",), {"spares": 1.0})


def _house(**checks: HealthCheck) -> House:
    house = build_house()
    return replace(house, services=replace(house.services, readiness=checks))


async def _well() -> Health:
    await asyncio.sleep(0)
    return Health(HealthState.OK)


async def _degraded() -> Health:
    await asyncio.sleep(0)
    return DEGRADED


async def _away() -> Health:
    await asyncio.sleep(0)
    raise StoreUnavailableError(reason="locked")


async def test_a_process_that_cannot_serve_lives_all_the_same() -> None:
    """Liveness asks nobody: restarting would not bring the database back."""
    async with open_http(_house(database=_away)) as http:
        answer = await http.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"state": "ok"})


async def test_ready_tells_every_part() -> None:
    """A degraded part is told with its reasons and numbers, and calls are still taken."""
    async with open_http(_house(database=_well, driver=_degraded)) as http:
        answer = await http.get("/health/ready")

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "state": "degraded",
            "parts": {
                "database": {"state": "ok", "reasons": [], "numbers": {}},
                "driver": {
                    "state": "degraded",
                    "reasons": ["One spare is left."],
                    "numbers": {"spares": 1.0},
                },
            },
        },
    )


async def test_a_part_that_is_down_makes_the_process_not_ready() -> None:
    """503 is a problem that names the part and why; a check that raises is a part that is down."""
    async with open_http(_house(database=_away, driver=_well)) as http:
        answer = await http.get("/health/ready")

    document = answer.json()
    assert (answer.status_code, document["type"]) == (503, "urn:sanderling:problem:not-ready")
    assert document["down"] == "database"
    assert document["parts"]["database"]["reasons"] == ["The database did not answer: locked."]
    assert answer.headers["retry-after"] == "5"


async def test_whoever_asks_often_makes_no_more_work() -> None:
    """Parts are asked at most twice a second, however often the route is."""
    asked = 0

    async def counted() -> Health:
        nonlocal asked
        await asyncio.sleep(0)
        asked += 1
        return Health(HealthState.OK)

    house = _house(database=counted)
    async with open_http(house) as http:
        await asyncio.gather(*(http.get("/health/ready") for _ in range(5)))
        assert asked == 1
        house.clock.advance(health_room.FRESH_NS / 1e9)
        await http.get("/health/ready")

    assert asked == 2


async def test_a_server_that_stops_is_not_ready() -> None:
    """Whoever spreads requests learns that this server wants no more, before it takes none."""
    house = _house(database=_well)
    async with open_http(house) as http:
        house.services.stopping.set()

        answer = await http.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["down"] == "server"
