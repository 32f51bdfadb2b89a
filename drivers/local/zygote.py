"""The host's end of a zygote: start it, ask for workers, hear of deaths, see it end.

The host never forks: the zygote is started with posix_spawn, with an environment of one variable
and without the host's descriptors, and everything it knows comes over its control socket.
"""

import _socket
import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

import drivers.guest
from drivers.errors import DriverError
from drivers.guest.flavour import COMPILING
from drivers.guest.messages import (
    BIND_NOW,
    DIED,
    DIED_HEAD,
    ENTRY,
    FAILED,
    FORGET,
    FORK,
    FORKED,
    FORKED_HEAD,
    MOST_ENTRIES,
    MOST_FORKS,
    READY,
    WATCH,
)
from drivers.local.departed import Departed
from drivers.local.meters import read_resident_bytes
from drivers.local.processes import end_process
from drivers.local.proofs import ZygoteReport, report_of
from drivers.local.settings import ExtraWall, LocalSettings
from drivers.local.switchboard import Switchboard
from drivers.local.worker import Parent, Worker
from drivers.replies.exchange import Death

_log = structlog.get_logger()

_PROGRAM = Path(drivers.guest.__file__ or "").with_name("main.py")
# Without the second, every worker would look up anew each symbol that it is first to call. The
# zygote drops it, so that guests see the first alone.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", BIND_NOW: "1"}
FLAGS = ("-I", "-S", "-E", "-B", "-X", "utf8")
_CONTROL_FD = 3
_REPORT_BYTES = 65536
_MESSAGE_BYTES = 1024
_NOBODY = 0
_END_S = 2.0
_WORKER_LIFETIME_S = 900.0
_KIB = 1024


def _ignore(_told: object) -> None:
    """Do nothing."""


def find_compiler_folder() -> str:
    """Return the folder that holds RestrictedPython, without importing it.

    Raises:
        DriverError: it is not installed.

    """
    spec = importlib.util.find_spec("RestrictedPython")
    if spec is None or spec.origin is None:
        raise DriverError(driver="local", reason="RestrictedPython is not installed")
    return str(Path(spec.origin).parents[1])


def find_zones_folder() -> str:
    """Return the folder of the tzdata package, so that zones do not depend on the system's.

    Raises:
        DriverError: it is not installed.

    """
    spec = importlib.util.find_spec("tzdata")
    if spec is None or spec.origin is None:
        raise DriverError(driver="local", reason="tzdata is not installed")
    return str(Path(spec.origin).parent / "zoneinfo")


class ZygoteProcess:
    """One zygote and the workers it forked."""

    def __init__(
        self,
        flavour: str,
        settings: LocalSettings,
        on_end: Callable[[], None],
        *,
        on_spawn: Callable[[int], None] = _ignore,
    ) -> None:
        """Prepare; `on_end` is called once when the process is gone without being asked to.

        `on_spawn` is given its process id before it forks anything.
        """
        self.forks = 0
        self._started_s = 0.0
        self.flavour = flavour
        self.report: ZygoteReport | None = None
        self.is_gone = False
        self._settings = settings
        self._on_end = on_end
        self._on_spawn = on_spawn
        self._loop = asyncio.get_running_loop()
        self._workers: dict[int, Worker] = {}
        self._idle_bytes: int | None = None
        self._departed = Departed(self._tidy)
        self._parent = Parent(self._watch, self._let_go)
        self._drained: asyncio.Future[None] | None = None
        self._pidfd = -1
        self._control: socket.socket | None = None
        self._ended = self._loop.create_future()

    async def start(self) -> ZygoteReport:
        """Start the process and return its report.

        Raises:
            DriverError: it did not get ready; nothing is left of it.

        """
        try:
            self._spawn()
            async with asyncio.timeout(self._settings.start_s):
                message = await self._first_message()
        except (TimeoutError, OSError) as error:
            await self.end()
            reason = f"its zygote did not start: {error!r}"
            raise DriverError(driver="local", reason=reason) from None
        except asyncio.CancelledError:
            await self.end()
            raise
        if message[:1] != READY:
            await self.end()
            told = message[1:].decode(errors="replace") if message[:1] == FAILED else "it ended"
            raise DriverError(driver="local", reason=f"its zygote did not get ready: {told}")
        self.report = report_of(json.loads(message[1:]))
        self._started_s = self._loop.time()
        self._loop.add_reader(self._socket.fileno(), self._read)
        return self.report

    @property
    def _socket(self) -> socket.socket:
        if self._control is None:
            raise RuntimeError("the zygote was not started")
        return self._control

    def _spawn(self) -> None:
        configuration = json.dumps(self._configuration()).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        self._control = ours
        with theirs:
            python = self._settings.python
            pid = os.posix_spawn(
                python,
                [python, *FLAGS, str(_PROGRAM)],
                ENVIRONMENT,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), _CONTROL_FD),
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
                # Its own group: a Ctrl-C at the terminal is for the host, which ends it in order.
                setpgroup=0,
            )
        try:
            self._pidfd = os.pidfd_open(pid)
        except OSError:
            # No descriptor is left. Without one nobody would ever reap it.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        self._loop.add_reader(self._pidfd, self._reap)
        self._on_spawn(pid)
        ours.send(configuration)

    def _configuration(self) -> dict[str, Any]:
        return {
            "flavour": self.flavour,
            "site": find_compiler_folder() if self.flavour == COMPILING else "",
            "zones": find_zones_folder(),
            "uid": self._settings.uid,
            "removed": sorted(self._settings.experiment.removed),
            "lifetime_s": _WORKER_LIFETIME_S,
            "namespaces": self._settings.namespaces is ExtraWall.AUTO,
        }

    async def _first_message(self) -> bytes:
        return await self._loop.sock_recv(self._socket, _REPORT_BYTES)

    def fork(self, switchboard: Switchboard, on_change: Callable[[Worker], None]) -> Worker:
        """Ask for a worker and return it at once; it is ready later.

        Raises:
            OSError: the zygote cannot be reached just now.

        """
        return self.fork_many(1, switchboard, on_change)[0]

    def fork_many(
        self, count: int, switchboard: Switchboard, on_change: Callable[[Worker], None]
    ) -> list[Worker]:
        """Ask for at most `MOST_FORKS` workers in one message, and return them at once.

        Raises:
            OSError: the zygote cannot be reached just now; it was asked for none.

        """
        pairs = [
            _socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            for _ in range(min(count, MOST_FORKS))
        ]
        first = self.forks + 1
        entries = [ENTRY.pack(FORK, serial) for serial in range(first, first + len(pairs))]
        try:
            self._send(entries, [theirs.fileno() for _, theirs in pairs])
        except OSError:
            for ours, _ in pairs:
                ours.close()
            raise
        finally:
            for _, theirs in pairs:
                theirs.close()
        self.forks += len(pairs)
        workers: list[Worker] = []
        for serial, (ours, _) in enumerate(pairs, first):
            ours.settimeout(0)
            worker = Worker(serial, ours, switchboard, on_change, self._parent)
            self._workers[serial] = worker
            workers.append(worker)
        return workers

    def _send(self, entries: list[bytes], fds: list[int]) -> None:
        """Send `entries`, and before them who may be reaped."""
        told = self._departed.next_serials(MOST_ENTRIES - len(entries))
        message = b"".join([*(ENTRY.pack(FORGET, serial) for serial in told), *entries])
        socket.send_fds(self._socket, [message], fds)
        self._departed.note_told(len(told))

    def _tidy(self) -> None:
        with contextlib.suppress(OSError):
            self._send([ENTRY.pack(FORGET, _NOBODY)], [])

    def _watch(self, serial: int) -> None:
        """Have the zygote tell how a worker ended; it must have ended."""
        with contextlib.suppress(OSError):
            self._socket.send(ENTRY.pack(WATCH, serial))

    def _let_go(self, serial: int) -> None:
        """Hear that a worker was killed and that nobody wants to know how it ended."""
        if self._workers.pop(serial, None) is None or self.is_gone:
            return
        self._departed.add(serial)
        if not self._workers:
            self._note_drained()

    @property
    def age_s(self) -> float:
        """How long ago it was ready."""
        return self._loop.time() - self._started_s

    def _read(self) -> None:
        for _ in range(64):
            try:
                message, fds, _, _ = socket.recv_fds(
                    self._socket, _MESSAGE_BYTES, MOST_FORKS, socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except OSError:
                message, fds = b"", []
            if not message:
                self._loop.remove_reader(self._socket.fileno())
                return
            self._hear(message, fds)

    def _hear(self, message: bytes, fds: list[int]) -> None:
        if message[:1] == FORKED:
            for index, (_, serial, pid) in enumerate(FORKED_HEAD.iter_unpack(message)):
                self._adopt(serial, pid, fds[index] if index < len(fds) else -1)
            return
        if message[:1] == FAILED:
            return  # It ends next, and that is what counts.
        kind, serial, status, peak_kib, cpu_s = DIED_HEAD.unpack(message)
        worker = self._workers.pop(serial, None)
        if worker is None:
            # Whoever wanted to know is gone.
            return
        if kind == DIED:
            worker.bury(Death(status, peak_kib * _KIB, cpu_s))
        else:
            _log.warning("worker.not-forked", errno=status)
            worker.bury(None)
        if not self._workers:
            self._note_drained()

    def _adopt(self, serial: int, pid: int, pidfd: int) -> None:
        worker = self._workers.get(serial)
        if worker is None:
            # It was let go before it was there.
            end_process(pidfd)
            return
        if pidfd < 0:
            # This process has no descriptor left. Without one the worker ends by its socket.
            worker.bury(None)
            return
        if self._idle_bytes is None:
            # All workers of a zygote start alike.
            self._idle_bytes = read_resident_bytes(pid)
        worker.adopt(pid, pidfd, idle_bytes=self._idle_bytes)

    def _note_drained(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def retire(self) -> None:
        """End the process once its last worker is gone; nobody may ask it for another."""
        if self._workers and not self.is_gone:
            self._drained = self._loop.create_future()
            await self._drained
        await self.end()

    def _reap(self) -> None:
        """Take the exit of the zygote itself, whoever ended it."""
        self._loop.remove_reader(self._pidfd)
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        os.close(self._pidfd)
        self._pidfd = -1
        was_asked, self.is_gone = self.is_gone, True
        self._departed.close()
        if self._control is not None and self._control.fileno() >= 0:
            if self.report is not None:
                # Before it, whoever starts the process waits for what it says last.
                self._read()
            self._loop.remove_reader(self._control.fileno())
            self._control.close()
        for worker in self._workers.values():
            worker.orphan()
        self._note_drained()
        if not self._ended.done():
            self._ended.set_result(None)
        if not was_asked:
            self._on_end()

    async def end(self) -> None:
        """End the process and its workers, and free everything; doing so again is no fault.

        Whoever is cancelled meanwhile hears of it once the process is gone.
        """
        ending = self._loop.create_task(self._end())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await asyncio.wait([ending])
            raise

    async def _end(self) -> None:
        self.is_gone = True
        self._departed.close()
        if self._control is not None and self._control.fileno() >= 0:
            self._loop.remove_reader(self._control.fileno())
            self._control.close()
        if self._pidfd >= 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await asyncio.shield(self._ended)
        if self._pidfd >= 0:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            await self._ended
        for worker in tuple(self._workers.values()):
            worker.discard()
        self._workers.clear()
