"""A program that has loaded what commands need, and forks for each command.

`python -P warm_program.py SOCKET PROGRAM` listens on SOCKET until its input ends. What connects
sends words, folder and environment with its own three streams, and hears how the command ended.
"""

import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_LOADED = (
    *("sanderling.cli", "sanderling.client.in_process_transport", "sanderling.wiring.runtime"),
    *("sanderling.wiring.on_demand", "sanderling.wiring.configuration", "drivers.local"),
    *("rich.console", "rich.table", "aiosqlite", "psycopg", "alembic.command"),
)
_MOST_BYTES = 1 << 20


def main() -> None:
    """Load, listen, and fork for each connection."""
    for name in _LOADED:
        import_module(name)
    address, program = sys.argv[1:]
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        os.write(sys.stdout.fileno(), b"listening\n")
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _attend(connection, program)
                return
            connection.close()
            _reap()


def _reap() -> None:
    """Forget those who attended to commands that ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _attend(connection: socket.socket, program: str) -> None:
    """Run the command in a child, and tell how it ended; without a listener it is ended."""
    message, streams, _, _ = socket.recv_fds(connection, _MOST_BYTES, 3)
    command = os.fork()
    if command == 0:
        connection.close()
        _become(json.loads(message), streams, program)
        return
    for stream in (0, 1, 2, *streams):
        os.close(stream)
    ended = os.pidfd_open(command)
    if ended not in select.select([connection.fileno(), ended], [], [])[0]:
        os.kill(command, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    with suppress(OSError):
        connection.send(str(status).encode())
    os._exit(0)


def _become(asked: dict[str, Any], streams: Sequence[int], program: str) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        before = getattr(sys, name)
        fresh = os.fdopen(before.fileno(), mode, encoding=before.encoding, errors=before.errors)
        setattr(sys, name, fresh)
        setattr(sys, f"__{name}__", fresh)
    gc.unfreeze()
    sys.argv = [program, *asked["words"]]
    sys.path.insert(0, str(Path(program).parent))
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
