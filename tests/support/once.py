"""Makes something once for all processes that run tests together."""

import fcntl
import json
import os
from collections.abc import Callable
from typing import Any

import pytest


def made_once(folders: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """Return the JSON that `make` returns, which is called in the process that comes first."""
    folder = folders.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made = folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_text(json.dumps(make()))
    return json.loads(made.read_text())
