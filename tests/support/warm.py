"""Runs the installed command without loading Python, libraries and ourselves each time.

A short command spends nine tenths of its time on that. So one process for each run of the tests
loads all once and forks for each command; see `warm_program.py`. Servers and workers are started
as users start them, and `make coverage` starts every command so.
"""

import atexit
import os
import select
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "sanderling"
_HERE = Path(__file__).parent
_MEASURED = {"COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"}
_START_WITHIN_S = 60.0


def command_words() -> list[str | Path]:
    """Return what to put before the words of a command."""
    if _MEASURED & set(os.environ):
        return [PROGRAM]
    return [sys.executable, "-I", "-S", _HERE / "warm_client.py", _address()]


@cache
def _address() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sanderling-warm-"))
    address, log = folder / "socket", folder / "log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", _HERE / "warm_program.py", address, PROGRAM],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )

    def end() -> None:
        with process:
            pass  # Its input ends, and so does it.
        shutil.rmtree(folder)

    atexit.register(end)
    out = process.stdout
    assert out is not None
    line = out.readline() if select.select([out], [], [], _START_WITHIN_S)[0] else b""
    assert line, log.read_text()
    return address
