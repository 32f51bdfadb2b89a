"""Readers who follow README or a tutorial see what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.house import ROOT, shown
from support.page import Command, SavedFile, steps

pytestmark = pytest.mark.slow

_PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]
_FOLLOWED = [page for page in _PAGES if steps(page)]


def _run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    programs = Path(sys.executable).parent
    return subprocess.run(
        ["/bin/sh", "-c", line.replace(".venv/bin/", "")],
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "100",
            "LANG": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_readme_is_followed() -> None:
    """There is something to do in the README."""
    assert _FOLLOWED[0] == ROOT / "README.md"


@pytest.mark.parametrize("page", _FOLLOWED, ids=shown)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """Run from the top in an empty home, every command prints what the page shows."""
    for step in steps(page):
        match step:
            case SavedFile(name, text):
                (tmp_path / name).write_text(text)
            case Command():
                run = _run(step.line, tmp_path)
                assert step.missing_from(run.stdout) is None, f"{step.line}\n{run.stdout}"
                # A page that shows a failure shows its exit code, or names what it prints.
                assert run.returncode == 0 or step.output, f"{step.line}\n{run.stdout}"
