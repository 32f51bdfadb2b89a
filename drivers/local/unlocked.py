"""The host's end of a guest without walls: one process, one request, one deadline.

It uses nothing but pipes, signals and timers, so that it works on every POSIX system.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Self

import drivers.guest
from drivers.errors import DriverError
from drivers.local.settings import LocalSettings
from drivers.local.zygote import ENVIRONMENT, FLAGS, find_compiler_folder, find_zones_folder
from drivers.replies.exchange import Death, Ending, Reply, Terms
from drivers.replies.frames import FrameReader, ProtocolViolated

NAME = "development"

_PROGRAM = Path(drivers.guest.__file__ or "").with_name("unlocked.py")
_READ_BYTES = 64 * 1024
_END_S = 5.0


class UnlockedProcess:
    """A process that serves one request behind the language layer alone; enter it to start it."""

    def __init__(self, kind: str, settings: LocalSettings) -> None:
        """Prepare to `call` or to `compile`; the reader has to be told what may come back."""
        self.reader = FrameReader()
        self._kind = kind
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Start the process and wait until it has proven its language layer.

        Raises:
            DriverError: it did not get ready; nothing is left of it.

        """
        folder = find_compiler_folder() if self._kind == "compile" else find_zones_folder()
        try:
            async with asyncio.timeout(self._settings.start_s):
                self._process = await asyncio.create_subprocess_exec(
                    *(self._settings.python, *FLAGS, str(_PROGRAM), self._kind, folder),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    env=ENVIRONMENT,
                    cwd="/",
                    # Its own group: a Ctrl-C at the terminal is for the host.
                    process_group=0,
                )
                await self._greet()
        except (TimeoutError, OSError, ProtocolViolated) as error:
            await self._end()
            reason = f"its process did not start: {type(error).__name__}"
            raise DriverError(driver=NAME, reason=reason) from None
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process."""
        await self._end()

    async def _greet(self) -> None:
        while data := await self._output.read(_READ_BYTES):
            if self.reader.feed(data):
                return
        status = await self._running.wait()
        reason = f"its process ended with status {status} before it was ready"
        raise DriverError(driver=NAME, reason=reason)

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("the process was not started")
        return self._process

    @property
    def _output(self) -> asyncio.StreamReader:
        output = self._running.stdout
        if output is None:
            raise RuntimeError("the process has no output")
        return output

    async def exchange(self, request: bytes, terms: Terms) -> Reply:
        """Send `request` and return what came back, at the latest at the wall deadline."""
        reply = Reply(tell_log=terms.tell_log)
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(terms.wall_s):
                await self._send(request)
                await self._receive(reply, terms)
        except TimeoutError:
            reply.ending = Ending.WALL
            await self._drain(reply, terms)
        except ProtocolViolated as violated:
            reply.ending = Ending.VIOLATED
            reply.violation = str(violated.facts["reason"])
        reply.wall_s = time.monotonic() - began_s
        if reply.ending is None:
            reply.ending = Ending.GONE
            reply.death = await self._death()
        return reply

    async def _send(self, request: bytes) -> None:
        entrance = self._running.stdin
        if entrance is not None:
            entrance.write(request)
            with contextlib.suppress(ConnectionError):
                # Whoever ends without reading is told by the end of its output.
                await entrance.drain()

    async def _receive(self, reply: Reply, terms: Terms) -> None:
        while reply.ending is None and (data := await self._output.read(_READ_BYTES)):
            for kind, body in self.reader.feed(data):
                reply.take(kind, body, log_bytes=terms.log_bytes)
            if reply.ending is None:
                self.reader.check_rest()

    async def _drain(self, reply: Reply, terms: Terms) -> None:
        """Take the log that is still in the pipe, so that a call that is cut off keeps it."""
        with contextlib.suppress(ProcessLookupError):
            self._running.kill()
        late = Reply()
        with contextlib.suppress(TimeoutError, ProtocolViolated):
            async with asyncio.timeout(_END_S):
                await self._receive(late, terms)
        reply.log_parts += late.log_parts
        reply.dropped_bytes = late.dropped_bytes or reply.dropped_bytes

    async def _death(self) -> Death | None:
        status = await self._running.wait()
        return Death(-status if status < 0 else status << 8, peak_bytes=0, cpu_s=0.0)

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        # Also where the caller was cancelled: nobody else would reap it.
        await asyncio.shield(process.wait())
        if process.stdin is not None:
            process.stdin.close()
