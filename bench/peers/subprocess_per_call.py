"""A Python process per call: what one writes first."""

import asyncio
import sys
from types import TracebackType
from typing import Self

from bench.workload import SOURCE

_PROGRAM = f"""\
import json, sys
{SOURCE}
json.dump(handler(json.load(sys.stdin), {{}}), sys.stdout)
"""


class SubprocessPerCall:
    """`python -I -S -c` spawned for each call; fresh, but with no wall around it."""

    name = "subprocess"
    max_lanes = 8
    parks = 0
    is_paced = False

    async def __aenter__(self) -> Self:
        """Do nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing; each call waits for its process."""

    async def prepare(self) -> None:
        """Do nothing."""

    async def call(self, event_json: bytes, lane: int) -> bytes:  # noqa: ARG002 - one for all.
        """Spawn, send, read, wait."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-c", _PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(event_json)
        return output

    async def park(self, first: int, count: int) -> None:
        """Do nothing: there is nothing between calls."""
