"""What the demo shows: every example, and the three ways in which limits and walls say no."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sanderling.cli.demo.caller import Caller, Reply
from sanderling.cli.demo.example import Example
from sanderling.cli.demo.failure import DemoFailed

CALLS_EACH = 5
_ECHO = "def handler(event, context):\n    return event\n"
_HOSTILE = (
    "def handler(event, context):\n"
    "    # Climb from any value to every class that Python knows.\n"
    "    return str(().__class__.__base__.__subclasses__())\n"
)
_ENDLESS = "def handler(event, context):\n    while True:\n        pass\n"
_RATE = {"limit": 3, "ttl_ms": 60_000}


@dataclass(frozen=True, slots=True)
class Row:
    """How one example did; `p50_ms` is over HTTP, from request to answer."""

    function: str
    outcome: str
    p50_ms: float
    isolation: str
    layers: tuple[str, ...]


def run_example(caller: Caller, example: Example, *, advance: Callable[[], None]) -> Row:
    """Deploy an example, call it several times and check each result.

    Raises:
        DemoFailed: a call did not end ok, or gave another result.

    """
    caller.create(example.name, example.source)
    caller.publish(example.name)
    advance()
    replies: list[Reply] = []
    for _ in range(CALLS_EACH):
        reply = caller.call(example.name, example.event_json)
        _expect(example.name, reply, outcome="ok")
        if reply.body["result"] != example.expected:
            raise DemoFailed(f"{example.name} gave another result: {reply.body['result']}")
        replies.append(reply)
        advance()
    body = replies[-1].body
    return Row(
        function=example.name,
        outcome=body["outcome"],
        p50_ms=round(statistics.median(reply.took_s for reply in replies) * 1000, 2),
        isolation=body["isolation"],
        layers=tuple(body["layers"]),
    )


def show_rate_limit(caller: Caller) -> dict[str, Any]:
    """Return the problem that the first call beyond a function's own rate limit gets."""
    caller.create("three-a-minute", _ECHO, rate_limit=_RATE)
    caller.publish("three-a-minute")
    for _ in range(_RATE["limit"]):
        _expect("three-a-minute", caller.call("three-a-minute", b"1"), outcome="ok")
    reply = caller.call("three-a-minute", b"1")
    _expect_status(reply, 429)
    return {"detail": reply.body["detail"], "retry_after_s": int(reply.retry_after or 0)}


def show_rejection(caller: Caller) -> dict[str, Any]:
    """Return the problem that publishing hostile code gets: line, reason and hint."""
    caller.create("hostile", _HOSTILE)
    reply = caller.try_publish("hostile")
    _expect_status(reply, 422)
    error = reply.body["error"]
    line: int = error["line"]
    return {
        "outcome": "bad_code",
        "line": line,
        "code": _HOSTILE.splitlines()[line - 1].strip(),
        "message": error["message"],
        "hint": error["hint"],
    }


def show_timeout(caller: Caller) -> dict[str, Any]:
    """Return the outcome of a function that never ends."""
    caller.create("endless", _ENDLESS, limits={"wall_s": 0.5, "cpu_s": 5.0})
    caller.publish("endless")
    reply = caller.call("endless", b"null")
    _expect("endless", reply, outcome="timeout")
    return {
        "outcome": "timeout",
        "limit": reply.body["limit"],
        "took_ms": round(reply.took_s * 1000),
    }


def _expect(name: str, reply: Reply, *, outcome: str) -> None:
    if reply.status != 200 or reply.body.get("outcome") != outcome:  # noqa: PLR2004 - HTTP's OK.
        raise DemoFailed(f"{name} was to end {outcome}; HTTP {reply.status}: {reply.body}")


def _expect_status(reply: Reply, status: int) -> None:
    if reply.status != status:
        raise DemoFailed(f"expected HTTP {status}, got {reply.status}: {reply.body}")
