"""A command loads what it needs, and no library that it does without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"alembic", "boto3", "fastapi", "mako", "redis", "uvicorn"}
PROGRAM = """
import sys
from sanderling.cli.app import run

status = run(["functions", "list", "--json"])
print(*sys.modules)
sys.exit(status)
"""


def loaded(home: Path) -> set[str]:
    """Return the modules that a command of this home has loaded."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "SANDERLING_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(ended.stdout.splitlines()[-1].split())


@pytest.mark.slow
@pytest.mark.usefixtures("sqlite_url")
def test_a_command_loads_no_server_and_no_migrations(tmp_path: Path) -> None:
    """Where the database is up to date, neither migrations nor servers nor Redis are loaded."""
    found = loaded(tmp_path)

    assert "sqlalchemy" in found
    assert HEAVY & found == set()


@pytest.mark.slow
def test_an_empty_home_is_migrated(tmp_path: Path) -> None:
    """What brings tables is loaded when there are none."""
    assert "alembic" in loaded(tmp_path / "new")
