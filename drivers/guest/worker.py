"""The life of one worker after its fork: prepare, lock, say hello, serve, end.

Everything that can be done before the request comes is done before it: forked pages are touched
by rehearsing a call, the filter is loaded, limits that all functions share are set. What can be
done before the fork is done there, because each page written after it has to be copied.
"""

from __future__ import annotations

import _socket
import gc
import os

from drivers.guest.channel import (
    BIND,
    BIND_HEAD,
    CALL,
    CALL_SPINNING,
    CHUNK,
    COMPILE,
    HELLO,
    LIMIT_HEAD,
    Channel,
    SilentChannel,
    frame,
)
from drivers.guest.lock import HIGHEST_FD
from drivers.guest.syscalls import CHANNEL_FD

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from drivers.guest.flavour import Flavour
    from drivers.guest.function import Function
    from drivers.guest.raw import RawFunction

    class Lock(Protocol):
        """What puts up the walls of one worker, and bounds its function."""

        def lock_worker(self) -> None:
            """Put up what a worker has."""

        def without_effect(self) -> Lock:
            """Return a lock that puts nothing up."""
            ...

        def lock_function(self, memory_bytes: int, cpu_s: int) -> None:
            """Bound one function."""


_signal: Any = __import__("_signal")  # The C part alone; `signal` brings enum.
_partial: Any = getattr(__import__("_functools"), "partial")  # noqa: B009 - as above, for `functools`.
# By names of this module, so that a fresh worker looks up nothing that no other did before: what
# it looks up first is noted in a cache, which costs it a page.
_setitimer = _signal.setitimer
_REAL_TIME = _signal.ITIMER_REAL
_dup2 = os.dup2
_closerange = os.closerange
_CALLS = frozenset((CALL, CALL_SPINNING))
_FIRST_OF_OTHERS = CHANNEL_FD + 1
_HELLO = frame(HELLO, b"")
_BIND_HEAD_BYTES = BIND_HEAD.size
# The interpreter specialises code that ran some ten times.
_WARM_UP_ROUNDS = 12


def _looking(fd: int) -> Callable[[], bytes]:
    """Return what reads from the socket that `fd` is by then, if there is something to read."""
    receive = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, fd).recv
    looking: Callable[[], bytes] = _partial(receive, CHUNK, _socket.MSG_DONTWAIT)
    return looking


class Worker:
    """Serve the frames of one host over one socket."""

    def __init__(self, flavour: Flavour, lock: Lock) -> None:
        """Take what the zygote prepared."""
        self._flavour = flavour
        self._lock = lock
        self._lock_down = lock.lock_worker
        self._channel = Channel(CHANNEL_FD, _looking(CHANNEL_FD))
        self._silence = SilentChannel()
        self._function: Function | RawFunction | None = None

    def life(self, lifetime_s: float) -> Callable[[int], None]:
        """Return what a fork does first and last: serve over a socket until the host closes it.

        All of it is found by now. What a fork looks up that nobody did before it, it notes in the
        caches of types and code, and copies a page for each.
        """
        rehearse, lock_down = self._rehearse, self._lock_down
        channel, serve = self._channel, self._serve
        write = channel.write

        def live(fd: int) -> None:
            _dup2(fd, CHANNEL_FD)
            _closerange(_FIRST_OF_OTHERS, HIGHEST_FD)
            rehearse()
            # If host and zygote die without a word, this still ends the process some time.
            _setitimer(_REAL_TIME, lifetime_s)
            lock_down()
            write(_HELLO)
            serve(channel)

        return live

    def warm_up(self) -> None:
        """Serve made-up requests in the zygote, so that workers find nothing left to prepare.

        The interpreter fills its caches and specialises its code for just the way that workers go;
        whatever it would still write in a worker costs each of them a copied page.
        """
        lock, self._lock = self._lock, self._lock.without_effect()
        for _ in range(_WARM_UP_ROUNDS):
            host, guest = _socket.socketpair()
            host.send(self._flavour.rehearsal)
            host.shutdown(_socket.SHUT_WR)
            self._serve(Channel(guest.fileno()))
            self._rehearse()
            host.close()
            guest.close()
        self._lock = lock

    def _rehearse(self) -> None:
        """Serve a made-up request in the very same way, so that the pages it touches are there."""
        self._silence.unread = self._flavour.rehearsal
        self._serve(self._silence)
        self._function = None

    def _serve(self, channel: Channel) -> None:
        is_spinning = False
        while (read := channel.read(is_spinning=is_spinning)) is not None:
            kind, body = read
            if kind in _CALLS and self._function is not None:
                self._function.call(body, channel)
                if self._function.is_spent:
                    # Something of this call would run in the next one.
                    return
                is_spinning = kind == CALL_SPINNING
            elif kind == BIND:
                self._bind(body)
            elif kind == COMPILE:
                self._lock.lock_function(*LIMIT_HEAD.unpack_from(body))
                self._flavour.compile(body, channel)
            else:
                return

    def _bind(self, body: bytes) -> None:
        memory_bytes, cpu_s, log_bytes, result_bytes, is_reused = BIND_HEAD.unpack_from(body)
        self._lock.lock_function(memory_bytes, cpu_s)
        if is_reused:
            # What is there now stays: collecting garbage after each call need not look at it.
            gc.freeze()
        function = self._flavour.bind(body[_BIND_HEAD_BYTES:], log_bytes, result_bytes)
        if is_reused:
            function.expect_reuse()
        self._function = function
