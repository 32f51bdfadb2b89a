"""Calls made again over HTTP."""

from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from support.services import GENEROUS, build_house, open_http


async def test_a_replay_that_is_refused_counts() -> None:
    """Asking for what cannot be made again is no way around the API's limits."""
    few = RateLimit(limit=4, ttl_ms=60_000)
    house = build_house(policy=LimitPolicy(few, GENEROUS, GENEROUS))
    async with open_http(house, await house.key()) as http:
        await http.post("/v1/functions", json={"name": "echo", "source": "x"})
        await http.post("/v1/functions/echo/versions")
        made = await http.post("/v1/functions/echo/executions", json={"password": "hunter22"})
        path = f"/v1/calls/{made.json()['call_id']}/replay"

        answers = [await http.post(path) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [409, 429]
    assert answers[0].headers["ratelimit"]
