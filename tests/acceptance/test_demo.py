"""`make demo` shows the product at work and cleans up after itself."""

import os
import subprocess
from pathlib import Path

import pytest

from support.command import ENOUGH_S, PROGRAM, CommandLine
from support.examples import EXAMPLES

pytestmark = pytest.mark.slow


def test_demo_shows_everything_and_leaves_nothing(command: CommandLine, tmp_path: Path) -> None:
    """Every example is called, each wall says no once, and neither process nor file is left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # Whatever the demo starts inherits this mark, also what it would forget.
    mark = f"SANDERLING_DEMO_MARK={os.getpid()}"
    demo = subprocess.run(
        [PROGRAM, "demo"],
        cwd=command.folder,
        env={
            **command.environment(),
            **dict([mark.split("=")]),
            "TMPDIR": str(scratch),
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * ENOUGH_S,
        check=False,
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stdout.splitlines()[-1] == "demo: ok"
    assert {example.name for example in EXAMPLES} <= set(demo.stdout.split())
    for shown in ("Retry-After: ", "bad_code at line", "hint: ", "timeout: "):
        assert shown in demo.stdout
    assert not list(scratch.iterdir())
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if _is_marked(pid, mark)]


def test_demo_that_cannot_start_says_so(command: CommandLine) -> None:
    """A demo without a server fails with the reason, in words and in JSON."""
    people = command.run("demo", SANDBOX_SPARES="none")
    programs = command.run("demo", "--json", SANDBOX_SPARES="none")

    assert people.status == programs.status == 1
    assert people.out.splitlines()[1].startswith("demo: failed: ")
    assert "SANDBOX_SPARES" in people.out
    assert programs.json["ok"] is False


def _is_marked(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
