"""A program that has `warm_program.py` run a command with its own streams, and ends as that did.

It runs with `python -I -S`, so that it starts at once: `warm_client.py SOCKET WORD...`.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path


def main() -> None:
    """Hand over what a command inherits, wait for its end, and end alike."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(sys.argv[1])
        asked = {
            "words": sys.argv[2:],
            "folder": str(Path.cwd()),
            "environment": dict(os.environ),
        }
        socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
        status = int(connection.recv(16) or b"70")
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


main()
