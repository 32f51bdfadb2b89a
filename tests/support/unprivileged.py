"""Runs programs as a user without root, capabilities or groups, with a copy of the packages."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import RestrictedPython
import structlog
import tzdata  # type: ignore[import-untyped]  # it is data and ships no types

import drivers
import sanderling

NOBODY = 65534


def python_for_everyone() -> str | None:
    """Return an interpreter of this version that an unprivileged user can start."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        with contextlib.suppress(OSError):
            asked = [python, "-c", "pass"]
            if subprocess.run(asked, user=NOBODY, check=False, capture_output=True).returncode == 0:
                return python
    return None


def run_as_nobody(python: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run `program`, which gets the folder to import from as its argument."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        for package in (drivers, sanderling, structlog, RestrictedPython, tzdata):
            source = Path(package.__file__ or "").parent
            shutil.copytree(source, root / source.name)
        return subprocess.run(
            [python, "-I", "-B", "-c", program, folder],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env={},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
