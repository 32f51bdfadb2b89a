"""Google's own client and its published descriptions, in an environment of their own."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support.discovery import Description

_READER = Path(__file__).with_name("google_reader.py")
_SIGNER = _READER.with_name("google_signer.py")
_ENOUGH_S = 90.0


def _environment() -> Path:
    """Return the folder; without it the test fails in CI and is skipped elsewhere."""
    folder = Path(sys.prefix) / "google-client"
    if not os.access(folder / "bin" / "python", os.X_OK):
        missing = "Google's client was not found; `make test` installs it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return folder


def document(name: str) -> dict[str, Any]:
    """Return a description as Google publishes it, such as `gmail.v1`."""
    pattern = f"lib/python3*/site-packages/googleapiclient/discovery_cache/documents/{name}.json"
    (path,) = _environment().glob(pattern)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def description(name: str) -> Description:
    """Return a description that answers are held against."""
    return Description(document(name))


async def read_with_googles_client(**given: object) -> Any:
    """Return what `google_reader.py` reads with Google's client, for what it is given."""
    return await _run(_READER, given)


async def sign_with_googles_library(**given: object) -> Any:
    """Return what `google_signer.py` signs and checks, for what it is given."""
    return await _run(_SIGNER, given)


async def _run(program: Path, given: Mapping[str, object]) -> Any:
    process = await asyncio.create_subprocess_exec(
        _environment() / "bin" / "python",
        "-P",  # beside the program lies a module named as a package of Google's.
        program,
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
