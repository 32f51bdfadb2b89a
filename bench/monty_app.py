"""What one would build today for the same request: FastAPI, a pool of Monty, limits in Redis.

It checks a key, asks three rate limits in one script, and runs the function in a session that
holds its code already. It keeps no record of calls, so that it is measured at its best.
"""

import asyncio
import hashlib
import hmac
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

import pydantic_monty
from fastapi import Body, Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from redis.asyncio import Redis

from bench.served import PEER_KEY
from bench.workload import SOURCE

_SESSIONS = 8
_CHECKOUT_S = 30.0
_RULES = ("bench:api-short", "bench:api-long", "bench:function")
_LIMIT = 10_000_000
_PERIOD_S = 60
_KEY_DIGEST = hashlib.sha256(PEER_KEY.encode()).digest()

# All rules or none, on the clock of Redis.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local step = ARGV[2] / ARGV[1]
local marks = {}
for index, key in ipairs(KEYS) do
    local mark = math.max(tonumber(redis.call('GET', key) or now), now) + step
    if mark - now > tonumber(ARGV[2]) then return 0 end
    marks[index] = mark
end
for index, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.6f', marks[index]), 'EX', ARGV[2])
end
return 1
"""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        redis: Any = Redis.from_url(os.environ["BENCH_REDIS_URL"])  # pyright: ignore[reportUnknownMemberType] - the library leaves its arguments open.
        stack.push_async_callback(redis.aclose)
        pool = await stack.enter_async_context(
            pydantic_monty.AsyncMonty(
                min_processes=1, max_processes=_SESSIONS, checkout_timeout=_CHECKOUT_S
            )
        )
        idle: asyncio.LifoQueue[pydantic_monty.AsyncMontySession] = asyncio.LifoQueue()
        for _ in range(_SESSIONS):
            session = await stack.enter_async_context(pool.checkout())
            await session.feed_run(SOURCE)
            idle.put_nowait(session)
        app.state.take = redis.register_script(_SCRIPT)
        app.state.idle = idle
        yield


app = FastAPI(lifespan=_lifespan)
_bearer = HTTPBearer()


async def _admit(
    request: Request, given: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]
) -> None:
    digest = hashlib.sha256(given.credentials.encode()).digest()
    if not hmac.compare_digest(digest, _KEY_DIGEST):
        raise HTTPException(401)
    if not await request.app.state.take(keys=_RULES, args=(_LIMIT, _PERIOD_S)):
        raise HTTPException(429)


@app.post("/call", dependencies=[Depends(_admit)])
async def answer(request: Request, event: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Run the function of the workload in the next session that is free."""
    idle = request.app.state.idle
    session = await idle.get()
    try:
        result: dict[str, Any] = await session.feed_run(
            "handler(event, {})", inputs={"event": event}
        )
    finally:
        idle.put_nowait(session)
    return result
