"""What the guest's language loads into the process that every worker is forked from."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
sys.path.append(sys.argv[1])
import drivers.guest.language.globals, drivers.guest.language.result, drivers.guest.language.trace
from drivers.guest.language.catalogue import preload
preload()
print(*sys.modules)
"""
HEAVY = {"ast", "dataclasses", "hashlib", "inspect", "RestrictedPython", "socket", "typing"}


@pytest.mark.slow
def test_call_path_loads_no_heavy_module() -> None:
    """Every module loaded here is copied into each fork, so the heavy ones stay out."""
    command = [sys.executable, "-I", "-S", "-E", "-c", PROGRAM, str(ROOT)]

    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)

    loaded = set(done.stdout.split())
    assert loaded & HEAVY == set()
    assert "zoneinfo" in loaded
