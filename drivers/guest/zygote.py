"""The parent of all workers: locked once, it forks on request and never runs user code.

What it is told and tells is in `messages`. When the host is gone, every worker is killed before
the zygote ends.
"""

from __future__ import annotations

import _socket
import gc
import os
import select
import struct
import sys

from drivers.guest.channel import NO_MEMORY_STATUS
from drivers.guest.flavour import COMPILING, PLAIN, RAW, Compiling, Library, Plain, Raw
from drivers.guest.lock import Lock
from drivers.guest.messages import (
    DIED,
    DIED_HEAD,
    FAILED,
    FD_BYTES,
    FORK_HEAD,
    FORKED,
    FORKED_HEAD,
    NOT_FORKED,
    READY,
)
from drivers.guest.notation import decode, encode
from drivers.guest.syscalls import CHANNEL_FD
from drivers.guest.worker import Worker

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from drivers.guest.flavour import Flavour

_signal: Any = __import__("_signal")  # The C part alone; `signal` brings enum.

_MESSAGE_BYTES = 65536


def flavour_of(config: dict[str, object]) -> Flavour:
    """Return the flavour that the configuration names."""
    if config["flavour"] == COMPILING:
        return Compiling(str(config["site"]))
    if config["flavour"] == RAW:
        return Raw()
    return Plain() if config["flavour"] == PLAIN else Library(str(config["zones"]))


class Zygote:
    """Fork workers for one host."""

    def __init__(self, control: _socket.socket) -> None:
        """Use the control socket."""
        self._control = control
        self._poll = select.poll()
        self._workers: dict[int, tuple[int, int]] = {}

    def live(self) -> None:
        """Get ready, then serve until the host is gone."""
        config = decode(self._control.recv(_MESSAGE_BYTES).decode())
        self._lifetime_s: float = config["lifetime_s"]
        flavour = flavour_of(config)
        flavour.warm_up()
        flaws = flavour.language_flaws()
        lock = Lock(uid=config["uid"], removed=frozenset(config["removed"]))
        self._worker = Worker(flavour, lock)
        self._worker.warm_up()
        way_out = _load_way_out() if config["namespaces"] else None
        _forget_where_modules_come_from()
        lock.lock_zygote(way_out)
        del way_out
        lock.note_language(flaws)
        gc.collect()
        gc.freeze()
        report = {"layers": lock.report, "python": sys.version.split()[0]}
        _tell(READY + encode(report).encode())
        self._serve()

    def _serve(self) -> None:
        self._poll.register(CHANNEL_FD, select.POLLIN)
        try:
            while self._serve_once():
                pass
        except (BrokenPipeError, ConnectionResetError):
            # The host is gone, in the middle of a message or with one of ours unread.
            return
        finally:
            self._end_workers()

    def _serve_once(self) -> bool:
        for fd, _ in self._poll.poll():
            if fd != CHANNEL_FD:
                self._bury(fd)
            elif not self._receive():
                return False
        return True

    def _receive(self) -> bool:
        message, ancillary, _, _ = self._control.recvmsg(64, _socket.CMSG_SPACE(FD_BYTES))
        if not message:
            return False
        _, serial = FORK_HEAD.unpack(message)
        (fd,) = struct.unpack("i", ancillary[0][2][:FD_BYTES])
        self._fork(serial, fd)
        os.close(fd)
        return True

    def _fork(self, serial: int, fd: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            _tell(DIED_HEAD.pack(NOT_FORKED, serial, error.errno or 0, 0, 0.0))
            return
        if pid == 0:
            status = 0
            try:
                self._worker.live(fd, lifetime_s=self._lifetime_s)
            except MemoryError:
                status = NO_MEMORY_STATUS
            finally:
                # Whatever happened, a worker never returns into the zygote's loop.
                os._exit(status)
        pidfd = os.pidfd_open(pid)
        self._workers[pidfd] = (serial, pid)
        self._poll.register(pidfd, select.POLLIN)
        self._control.sendmsg(
            [FORKED_HEAD.pack(FORKED, serial, pid)],
            [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", pidfd))],
        )

    def _bury(self, pidfd: int) -> None:
        serial, pid = self._workers.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        cpu_s = usage.ru_utime + usage.ru_stime
        try:
            _tell(DIED_HEAD.pack(DIED, serial, status, usage.ru_maxrss, cpu_s))
        except OSError:
            return  # The host is gone; the end of the socket is read next.

    def _end_workers(self) -> None:
        for _, pid in self._workers.values():
            os.kill(pid, _signal.SIGKILL)
        for _, pid in self._workers.values():
            os.wait4(pid, 0)


def _tell(message: bytes) -> None:
    # A plain write: the filter leaves out sendto, which socket.send() would use.
    os.write(CHANNEL_FD, message)


def _load_way_out() -> Callable[[], tuple[str, ...]]:
    """Return what enters namespaces, in a module that is gone with it: workers stay small."""
    name = "drivers.guest.namespaces"
    __import__(name)
    enter: Callable[[], tuple[str, ...]] = sys.modules[name].enter_namespaces
    delattr(sys.modules["drivers.guest"], "namespaces")
    del sys.modules[name]
    return enter


def _forget_where_modules_come_from() -> None:
    """Make late imports fail at once, and leave no path of this machine to read."""
    sys.path.clear()
    sys.path_importer_cache.clear()
    sys.argv[:] = [""]


def live() -> None:
    """Serve the host at the other end of descriptor 3."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    control = _socket.socket(fileno=CHANNEL_FD)
    try:
        Zygote(control).live()
    except BrokenPipeError:
        return
    except Exception as error:
        _tell(FAILED + f"{type(error).__name__}: {error}".encode()[:2000])
        raise
