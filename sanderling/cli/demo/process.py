"""Processes of the product that the demo starts, hears once, and ends by their own ids."""

import json
import select
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from sanderling.cli.demo.failure import DemoFailed

START_S = 60.0
_STOP_S = 20.0


def command(*words: str) -> list[str]:
    """Return what runs the product's command with these words."""
    # -P: a file called like one of our packages in the current folder must not stand in for it.
    return [sys.executable, "-P", "-m", "sanderling.cli", *words]


def announcement(name: str, process: "subprocess.Popen[bytes]", errors: Path) -> dict[str, Any]:
    """Return the JSON object that the process of this name prints once it can be used.

    Raises:
        DemoFailed: it printed nothing, for which `errors` may have the reason.

    """
    # The line comes whole: it is shorter than what a pipe takes at once.
    out = process.stdout
    line = out.readline() if out and select.select([out], [], [], START_S)[0] else b""
    if not line:
        raise DemoFailed(f"{name} did not start\n{tail(errors)}")
    announced: dict[str, Any] = json.loads(line)
    return announced


def stop(process: "subprocess.Popen[bytes]") -> int:
    """Ask a process to end, end it where it does not, and return its status."""
    process.terminate()
    try:
        return process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(_STOP_S)


def tail(errors: Path) -> str:
    """Return the last lines of what a process complained of."""
    return "\n".join(errors.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
