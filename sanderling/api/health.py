"""Whether this process lives, and whether it can serve."""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from drivers.port import Health, HealthState
from sanderling.api.call_json import dumps
from sanderling.api.errors import NotReadyError
from sanderling.api.services import HealthCheck, Services
from sanderling.kernel.errors import Failure
from sanderling.kernel.jsontext import JSON

CHECK_TIMEOUT_S = 2.0
FRESH_NS = 500_000_000
"""How long an answer is used again: whoever may ask without a key cannot make work."""

_STOPPING = Health(
    HealthState.DOWN, ("It is stopping; requests that are on their way are served.",)
)


async def _checked(check: HealthCheck) -> Health:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check()
    except TimeoutError:
        reason = f"It did not answer within {CHECK_TIMEOUT_S:g} seconds."
        return Health(HealthState.DOWN, (reason,))
    except Failure as failure:
        return Health(HealthState.DOWN, (failure.detail,))


def parts_json(parts: Mapping[str, Health]) -> dict[str, JSON]:
    """Return each part's state, reasons and numbers."""
    return {
        name: {
            "state": health.state.value,
            "reasons": list(health.reasons),
            "numbers": dict(health.numbers),
        }
        for name, health in parts.items()
    }


class Readiness:
    """Ask every part how it is, all at once, at most twice a second."""

    def __init__(self, services: Services) -> None:
        """Ask the parts that `services` names."""
        self._checks = services.readiness
        self._stopping = services.stopping
        self._clock = services.clock
        self._parts: dict[str, Health] = {}
        self._asked_at_ns: int | None = None
        self._asking = asyncio.Lock()

    async def parts(self) -> Mapping[str, Health]:
        """Return the health of each part; one that does not answer in time is down."""
        async with self._asking:
            now_ns = self._clock.monotonic_ns()
            if self._asked_at_ns is None or now_ns - self._asked_at_ns >= FRESH_NS:
                answers = await asyncio.gather(*map(_checked, self._checks.values()))
                self._parts = dict(zip(self._checks, answers, strict=True))
                self._asked_at_ns = now_ns
            return self._parts

    async def show(self, _: Request) -> Response:
        """Answer `GET /health/ready`: 200 while no part is down."""
        parts = await self.parts()
        if self._stopping.is_set():
            parts = {**parts, "server": _STOPPING}
        down = [name for name, health in parts.items() if health.state is HealthState.DOWN]
        if down:
            raise NotReadyError(down=down, parts=parts_json(parts))
        is_whole = all(health.state is HealthState.OK for health in parts.values())
        state = HealthState.OK if is_whole else HealthState.DEGRADED
        body = dumps({"state": state.value, "parts": parts_json(parts)})
        return Response(body, media_type="application/json")


async def show_liveness(_: Request) -> Response:
    """Answer `GET /health/live`: the process runs and its loop turns."""
    return Response(b'{"state":"ok"}', media_type="application/json")
