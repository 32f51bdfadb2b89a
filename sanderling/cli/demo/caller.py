"""What a client of the HTTP API does, in as few words as the demo needs."""

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from sanderling.cli.demo.failure import DemoFailed
from sanderling.cli.demo.instance import Instance
from sanderling.kernel.clock import SystemClock

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status, its JSON, the seconds to wait where it says so, how long it took."""

    status: int
    body: dict[str, Any]
    retry_after: str | None
    took_s: float


class Caller:
    """Speak HTTP to an instance with its key."""

    def __init__(self, instance: Instance) -> None:
        """Prepare; the first request connects."""
        self._clock = SystemClock()
        self._client = httpx2.Client(
            base_url=instance.url,
            headers={"authorization": f"Bearer {instance.key}"},
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Return this caller, ready to speak."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()

    def create(self, name: str, source: str, **more: object) -> None:
        """Create a function with this source as its draft."""
        self.must(201, self.post("/v1/functions", {"name": name, "source": source, **more}))

    def publish(self, name: str) -> None:
        """Publish the draft."""
        self.must(201, self.try_publish(name))

    def try_publish(self, name: str) -> Reply:
        """Publish the draft, or learn why not."""
        return self.post(f"/v1/functions/{name}/versions", None)

    def call(self, name: str, event_json: bytes) -> Reply:
        """Call the live version."""
        return self._send(
            f"/v1/functions/{name}/executions",
            content=event_json,
            headers={"content-type": "application/json"},
        )

    def post(self, path: str, body: object) -> Reply:
        """Send `body` as JSON, or nothing."""
        return self._send(path) if body is None else self._send(path, json=body)

    def get(self, path: str) -> dict[str, Any]:
        """Return what is at `path`."""
        reply = self._send(path, "GET")
        self.must(200, reply)
        return reply.body

    def lines(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return what is at `path` line by line."""
        try:
            response = self._client.get(path, params=query).raise_for_status()
            return [json.loads(line) for line in response.text.splitlines()]
        except (httpx2.HTTPError, ValueError) as error:
            raise DemoFailed(f"GET {path}: {type(error).__name__}") from error

    def _send(self, path: str, method: str = "POST", **request: Any) -> Reply:
        started = self._clock.monotonic_ns()
        try:
            response = self._client.request(method, path, **request)
            body = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise DemoFailed(f"{method} {path}: {type(error).__name__}") from error
        took_s = (self._clock.monotonic_ns() - started) / 1e9
        return Reply(response.status_code, body, response.headers.get("retry-after"), took_s)

    def must(self, status: int, reply: Reply) -> Reply:
        """Return a reply that has this status."""
        if reply.status != status:
            raise DemoFailed(f"expected {status}, got {reply.status}: {reply.body}")
        return reply
