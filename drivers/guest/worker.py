"""The life of one worker after its fork: prepare, lock, say hello, serve, end.

Everything that can be done before the request comes is done before it: forked pages are touched
by rehearsing a call, the filter is loaded, limits that all functions share are set.
"""

import gc
import json
import os
import signal

from drivers.guest.channel import BIND, CALL, COMPILE, HELLO, Channel, SilentChannel, frame
from drivers.guest.flavour import Flavour
from drivers.guest.function import Function, FunctionLimits, split_head
from drivers.guest.language.globals import reseed
from drivers.guest.lock import HIGHEST_FD, Lock
from drivers.guest.raw import RawFunction
from drivers.guest.syscalls import CHANNEL_FD

_REHEARSALS = 2


class Worker:
    """Serve the frames of one host over one socket."""

    def __init__(self, flavour: Flavour, lock: Lock) -> None:
        """Take what the zygote prepared."""
        self._flavour = flavour
        self._lock = lock
        self._function: Function | RawFunction | None = None

    def live(self, fd: int, *, lifetime_s: float) -> None:
        """Serve over `fd` until the host closes it; call it right after the fork."""
        os.dup2(fd, CHANNEL_FD)
        os.closerange(CHANNEL_FD + 1, HIGHEST_FD)
        self._rehearse()
        # If the host and the zygote die without a word, this still ends the process some time.
        signal.setitimer(signal.ITIMER_REAL, lifetime_s)
        self._lock.lock_worker()
        channel = Channel(CHANNEL_FD)
        channel.write(frame(HELLO, b""))
        self._serve(channel)

    def _rehearse(self) -> None:
        """Serve made-up requests in the very same way, so that the pages they touch are there."""
        reseed()
        frames = self._flavour.rehearsal
        for _ in range(_REHEARSALS):
            self._serve(SilentChannel(frames))
        self._function = None
        gc.freeze()

    def _serve(self, channel: Channel) -> None:
        while (read := channel.read()) is not None:
            kind, body = read
            if kind == CALL and self._function is not None:
                self._function.call(body, channel)
            elif kind == BIND:
                self._bind(body)
            elif kind == COMPILE:
                self._limit(json.loads(split_head(body)[0]))
                self._flavour.compile(body, channel)
            else:
                return

    def _limit(self, head: dict[str, float]) -> None:
        self._lock.lock_function(int(head["memory_bytes"]), head["cpu_s"])

    def _bind(self, body: bytes) -> None:
        head_json, code = split_head(body)
        head = json.loads(head_json)
        self._limit(head)
        if self._flavour.is_raw:
            self._function = RawFunction(code)
            return
        limits = FunctionLimits(log_bytes=head["log_bytes"], result_bytes=head["result_bytes"])
        self._function = Function(code, limits, is_reused=head["is_reused"])
