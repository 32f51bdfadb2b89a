"""Leads two sockets out of a network namespace, then becomes what it was asked to start.

`relay.py PORT FOLDER PROGRAM`: what connects to PORT inside reaches FOLDER/out, and what connects
to FOLDER/in reaches the runtime's own port inside.
"""

import os
import socket
import sys
import threading
from pathlib import Path

INVOKE_PORT = 9563
_CHUNK_BYTES = 65536

Target = Path | tuple[str, int]


def listen_tcp(port: int) -> socket.socket:
    """Return a listener on loopback."""
    return socket.create_server(("127.0.0.1", port), backlog=64)


def listen_unix(path: Path) -> socket.socket:
    """Return a listener on a path."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def serve(listener: socket.socket, target: Target) -> None:
    """Carry every connection to `target` in the background, as long as the process lives."""
    threading.Thread(target=_accept, args=(listener, target), daemon=True).start()


def _accept(listener: socket.socket, target: Target) -> None:
    while True:
        near, _ = listener.accept()
        try:
            far = _connect(target)
        except OSError:
            near.close()
            continue
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _connect(target: Target) -> socket.socket:
    if isinstance(target, tuple):
        return socket.create_connection(target)
    far = socket.socket(socket.AF_UNIX)
    far.connect(str(target))
    return far


def _carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while chunk := one.recv(_CHUNK_BYTES):
            other.sendall(chunk)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        one.close()
        other.close()


def main(port: str, folder: str, program: str) -> int:
    """Relay while the program runs, and end as it does."""
    serve(listen_tcp(int(port)), Path(folder) / "out")
    serve(listen_unix(Path(folder) / "in"), ("127.0.0.1", INVOKE_PORT))
    pid = os.posix_spawn(program, [program], os.environ)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
