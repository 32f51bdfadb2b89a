"""Programs for driver tests: each source, and the handler that stands for it in memory."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.memory import Handler, Scripted
from drivers.port import Deployment, GuestError, LimitHit, OutcomeKind, TraceLine
from sanderling.kernel.jsontext import JSON


@dataclass(frozen=True, slots=True)
class Program:
    """A source for a real driver and what `MemoryDriver` does in its place."""

    source: str
    handler: Handler


def _context_of(_event: JSON, context: Mapping[str, JSON]) -> JSON:
    return {"call_id": context["call_id"], "function": context["function"]}


def _raise_with_trace(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    trace = (TraceLine(5, "handler", "return fail(event)"), TraceLine(2, "fail", "raise ..."))
    error = GuestError("ValueError", "no such lead", trace=trace, line=2)
    raise Scripted(OutcomeKind.USER_ERROR, error=error)


async def _sleep_forever(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    await asyncio.sleep(60)
    return None


def _run_out_of_memory(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    raise Scripted(OutcomeKind.OUT_OF_MEMORY, limit=LimitHit("memory_bytes", 64 << 20))


ECHO = Program("def handler(event, context):\n    return event\n", lambda event, _context: event)
CONTEXT = Program(
    "def handler(event, context):\n"
    "    return {'call_id': context.call_id, 'function': context.function}\n",
    _context_of,
)
RAISES = Program(
    "def fail(event):\n"
    "    raise ValueError('no such lead')\n"
    "\n"
    "def handler(event, context):\n"
    "    return fail(event)\n",
    _raise_with_trace,
)
SPINS = Program("def handler(event, context):\n    while True:\n        pass\n", _sleep_forever)
EATS_MEMORY = Program(
    "def handler(event, context):\n    return len('x' * 10 ** 10)\n", _run_out_of_memory
)
RETURNS_NAN = Program(
    "def handler(event, context):\n    return float('nan')\n", lambda _event, _context: math.nan
)
RETURNS_MUCH = Program(
    "def handler(event, context):\n    return 'x' * 4096\n", lambda _event, _context: "x" * 4096
)
COUNTS = Program(
    "seen = []\ndef handler(event, context):\n    seen.append(event)\n    return len(seen)\n",
    lambda _event, _context: 1,
)

BAD_SYNTAX = "def handler(event, context):\n    return (1\n"
REACHES_OUT = "def handler(event, context):\n    return event.__class__\n"
NO_HANDLER = "x = 1\n"

HANDLERS: Mapping[str, Handler] = {
    program.source: program.handler
    for program in (
        ECHO,
        CONTEXT,
        RAISES,
        SPINS,
        EATS_MEMORY,
        RETURNS_NAN,
        RETURNS_MUCH,
        COUNTS,
    )
}


def _bad_code(kind: str, line: int, column: int) -> Deployment:
    error = GuestError(kind, "scripted", line=line, column=column, hint="Write it otherwise.")
    return Deployment(OutcomeKind.BAD_CODE, error=error)


REJECTIONS: Mapping[str, Deployment] = {
    BAD_SYNTAX: _bad_code("SyntaxError", 2, 12),
    REACHES_OUT: _bad_code("PolicyError", 2, 12),
    NO_HANDLER: _bad_code("PolicyError", 1, 1),
}
