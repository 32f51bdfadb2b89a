"""The parent of all workers: locked once, it forks on request and never runs user code.

What it is told and tells is in `messages`. When the host is gone, every worker is killed before
the zygote ends.
"""

from __future__ import annotations

import _socket
import errno
import gc
import os
import struct
import sys

from drivers.guest.channel import NO_MEMORY_STATUS
from drivers.guest.flavour import COMPILING, PLAIN, RAW, Compiling, Library, Plain, Raw
from drivers.guest.ground import fill_gaps
from drivers.guest.lock import Lock
from drivers.guest.messages import (
    DIED,
    DIED_HEAD,
    ENTRY,
    FAILED,
    FD_BYTES,
    FORGET,
    FORK,
    FORKED,
    FORKED_HEAD,
    MOST_ENTRIES,
    MOST_FORKS,
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

_CONFIGURATION_BYTES = 65536
# By names of this module: between two forks the zygote copies each page that it writes to, and
# what it looks up it writes to.
_MESSAGE_BYTES = MOST_ENTRIES * ENTRY.size
_SOCKETS_BYTES = _socket.CMSG_SPACE(MOST_FORKS * FD_BYTES)
_LEVEL, _RIGHTS = _socket.SOL_SOCKET, _socket.SCM_RIGHTS
_entries = ENTRY.iter_unpack
_pack_forked = FORKED_HEAD.pack
_numbers = tuple(struct.Struct(f"{count}i") for count in range(MOST_FORKS + 1)).__getitem__
_fork = os.fork
_close = os.close
_pidfd_open = os.pidfd_open
_waitpid = os.waitpid
_WITHOUT_WAITING = os.WNOHANG


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
        self._receive_message = control.recvmsg
        self._send_message = control.sendmsg
        self._pids: dict[int, int] = {}
        self._leaving: list[int] = []

    def live(self) -> None:
        """Get ready, then serve until the host is gone."""
        config = decode(self._control.recv(_CONFIGURATION_BYTES).decode())
        flavour = flavour_of(config)
        flavour.warm_up()
        flaws = flavour.language_flaws()
        lock = Lock(uid=config["uid"], removed=frozenset(config["removed"]))
        worker = Worker(flavour, lock)
        gc.collect()
        fill_gaps()
        worker.warm_up()
        self._live = worker.life(config["lifetime_s"])
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
        try:
            while self._serve_once():
                pass
        except (BrokenPipeError, ConnectionResetError):
            # The host is gone, in the middle of a message or with one of ours unread.
            return
        finally:
            self._end_workers()

    def _serve_once(self) -> bool:
        message, ancillary, _, _ = self._receive_message(_MESSAGE_BYTES, _SOCKETS_BYTES)
        if not message:
            return False
        serials: list[int] = []
        for kind, serial in _entries(message):
            if kind == FORK:
                serials.append(serial)
            elif kind == FORGET:
                pid = self._pids.pop(serial, 0)
                if pid:
                    self._leaving.append(pid)
            else:
                self._watch(serial)
        if serials:
            fds = _numbers(len(serials)).unpack(ancillary[0][2])
            self._tell_forked(serials, self._fork(fds))
            for fd in fds:
                _close(fd)
        leaving, self._leaving = self._leaving, []
        for pid in leaving:
            if not _waitpid(pid, _WITHOUT_WAITING)[0]:
                # It still lives, for a moment.
                self._leaving.append(pid)
        return True

    def _fork(self, fds: tuple[int, ...]) -> list[int]:
        """Fork a worker for each socket; return their pids, or errno below 0 for one that is not.

        What this writes to is copied for each fork, so the loop does nothing else. That a worker
        holds the sockets of later ones for a moment hurts nobody: it closes them first.
        """
        pids: list[int] = []
        live = self._live
        for fd in fds:
            try:
                pid = _fork()
            except OSError as error:
                pids.append(-(error.errno or errno.EAGAIN))
                continue
            if not pid:
                status = 0
                try:
                    live(fd)
                except MemoryError:
                    status = NO_MEMORY_STATUS
                finally:
                    # Whatever happened, a worker never returns into the zygote's loop.
                    os._exit(status)
            pids.append(pid)
        return pids

    def _tell_forked(self, serials: list[int], pids: list[int]) -> None:
        forked: list[bytes] = []
        pidfds: list[int] = []
        for index, pid in enumerate(pids):
            serial = serials[index]
            if pid > 0:
                self._pids[serial] = pid
                forked.append(_pack_forked(FORKED, serial, pid))
                pidfds.append(_pidfd_open(pid))
            else:
                _tell(DIED_HEAD.pack(NOT_FORKED, serial, -pid, 0, 0.0))
        if forked:
            rights = _numbers(len(pidfds)).pack(*pidfds)
            self._send_message(forked, [(_LEVEL, _RIGHTS, rights)])
        for pidfd in pidfds:
            _close(pidfd)

    def _watch(self, serial: int) -> None:
        """Wait for the end of a worker that is at its end, and tell of it."""
        pid = self._pids.pop(serial, 0)
        if not pid:
            return
        _, status, usage = os.wait4(pid, 0)
        cpu_s = usage.ru_utime + usage.ru_stime
        _tell(DIED_HEAD.pack(DIED, serial, status, usage.ru_maxrss, cpu_s))

    def _end_workers(self) -> None:
        left = (*self._pids.values(), *self._leaving)
        for pid in left:
            os.kill(pid, _signal.SIGKILL)
        for pid in left:
            os.waitpid(pid, 0)


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
