"""The import contracts catch what they are there to catch."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.house import ROOMS, ROOT

pytestmark = pytest.mark.slow

_NO_CACHES = shutil.ignore_patterns("__pycache__", "py.typed")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the rooms and their contracts that may be spoiled."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=_NO_CACHES)
    return tmp_path


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=folder,
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_rooms_keep_their_contracts(copy: Path) -> None:
    """Unspoiled, every contract is kept."""
    linted = _lint(copy)

    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(
    ("broken", "spoiled", "line"),
    [
        ("Imports go down the house", "sanderling/kernel/spoiled.py", "import config.variables"),
        ("Imports go down the house", "sanderling/access/spoiled.py", "import runner.call"),
        ("Every module under sanderling has a floor", "sanderling/spoiled.py", "import json"),
        ("Only wiring knows concrete drivers", "runner/spoiled.py", "import drivers.local"),
        ("Only wiring knows concrete providers", "jobs/spoiled.py", "import jobs.providers.google"),
        ("Drivers do not know each other", "drivers/memory.py", "import drivers.disabled"),
        ("Drivers take values, never settings", "drivers/spoiled.py", "import config.variables"),
        ("Code inside the sandbox", "drivers/guest/spoiled.py", "import sanderling.kernel.ids"),
        ("The web framework stays at the edge", "runner/spoiled.py", "import starlette.requests"),
        ("SQL stays in the store", "runner/spoiled.py", "import sqlalchemy"),
        ("Redis stays in its room", "runner/spoiled.py", "import redis.asyncio"),
        ("Ciphers stay in the vault", "runner/spoiled.py", "import cryptography.fernet"),
        (
            "The simulator stands on the kernel",
            "sanderling/simulator/spoiled.py",
            "import jobs.job",
        ),
        ("The kernel stands on", "sanderling/kernel/units.py", "import pydantic"),
        ("No cycles between siblings", "runner/function.py", "import runner.limit_policy"),
    ],
)
def test_a_forbidden_import_is_caught(copy: Path, broken: str, spoiled: str, line: str) -> None:
    """Each contract is broken by an import that it forbids, and says so by name."""
    with (copy / spoiled).open("a") as file:
        file.write(f"\n{line}\n")

    linted = _lint(copy)

    assert linted.returncode == 1
    assert any(broken in report and "BROKEN" in report for report in linted.stdout.splitlines()), (
        linted.stdout
    )
