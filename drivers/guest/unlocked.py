"""A guest without walls of the kernel, for development on systems that have none.

It is started anew for each request, `call FOLDER-OF-ZONES` or `compile FOLDER-OF-THE-COMPILER`:
it proves the language layer, says hello, serves one request between standard input and output, and
ends. It runs wherever Python does, so nothing in here leans on Linux.
"""

import os
import resource
import signal
import sys
import time

# The interpreter was started without any of its usual places to import from but its own library.
sys.path.append(__file__.rpartition("/drivers/guest/")[0])

from drivers.guest.channel import (
    BIND,
    BIND_HEAD,
    CALL,
    COMPILE,
    HELLO,
    LIMIT_HEAD,
    Channel,
    frame,
)
from drivers.guest.flavour import Compiling, Flavour, Library
from drivers.guest.function import Function

_INPUT, _OUTPUT = 0, 1
_LIFETIME_S = 120
NOT_PROVEN = 70
"""The status with which it ends when the language layer let something through."""


class _Pipes(Channel):
    """Read frames from standard input and write them to standard output."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_INPUT)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(_OUTPUT, data) :]


def _limit_cpu(body: bytes) -> None:
    """Bound the CPU time on top of what was used so far."""
    _, cpu_s = LIMIT_HEAD.unpack_from(body)
    whole_s = int(time.process_time() + cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole_s, whole_s + 1))


def _serve(flavour: Flavour, channel: Channel) -> None:
    function: Function | None = None
    while (read := channel.read()) is not None:
        kind, body = read
        if kind == BIND:
            _limit_cpu(body)
            _, _, log_bytes, result_bytes, _ = BIND_HEAD.unpack_from(body)
            function = Function(body[BIND_HEAD.size :], log_bytes, result_bytes)
        elif kind == CALL and function is not None:
            function.call(body, channel)
            return
        elif kind == COMPILE:
            _limit_cpu(body)
            flavour.compile(body, channel)
            return
        else:
            return


def live(kind: str, folder: str) -> int:
    """Serve one request and return the status to end with."""
    # If the host dies without a word, this still ends the process some time.
    signal.setitimer(signal.ITIMER_REAL, _LIFETIME_S)
    flavour = Compiling(folder) if kind == "compile" else Library(folder)
    flavour.warm_up()
    if flavour.language_flaws():
        return NOT_PROVEN
    # Late imports fail at once, as they do behind walls.
    sys.path.clear()
    sys.path_importer_cache.clear()
    sys.argv[:] = [""]
    channel = _Pipes()
    channel.write(frame(HELLO, b""))
    _serve(flavour, channel)
    return 0


if __name__ == "__main__":
    sys.exit(live(*sys.argv[1:]))
