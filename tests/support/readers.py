"""Clients that others wrote, in an environment of their own."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

_PROGRAM = Path(__file__).with_name("readers_program.py")
_ENOUGH_S = 90.0


async def read_with_others(**given: object) -> Any:
    """Return what `readers_program.py` reads; without it fail in CI, and skip elsewhere."""
    python = Path(sys.prefix) / "readers" / "bin" / "python"
    if not os.access(python, os.X_OK):
        missing = "Clients of others were not found; `make test` installs them"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    process = await asyncio.create_subprocess_exec(
        *(python, "-P", _PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"]},
    )
    try:
        async with asyncio.timeout(_ENOUGH_S):
            out, err = await process.communicate(json.dumps(given).encode())
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    return json.loads(out)
