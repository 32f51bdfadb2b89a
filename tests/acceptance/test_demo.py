"""`make demo` shows the product at work and cleans up after itself."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.command import ENOUGH_S, CommandLine
from support.examples import EXAMPLES
from support.warm import PROGRAM

pytestmark = pytest.mark.slow

SYNCED = {"gmail": 30, "google-calendar": 10, "microsoft-mail": 20, "microsoft-calendar": 10}
"""What is brought in at least: drafts are no messages to Microsoft's sync."""


def test_demo_shows_everything_and_leaves_nothing(command: CommandLine, tmp_path: Path) -> None:
    """Every example is called, each wall says no once, and neither process nor file is left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # Whatever the demo starts inherits this mark, also what it would forget.
    mark = f"SANDERLING_DEMO_MARK={os.getpid()}"
    demo = subprocess.run(
        [PROGRAM, "demo", "--messages", "30", "--events", "10"],
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
    for channel, least in SYNCED.items():
        assert _number_after(channel, demo.stdout) >= least
    # The letter alone makes one; what is left out as bulk makes none.
    assert _number_after("of them found invoices", demo.stdout) >= 1
    assert 1 < _number_after("calls of a function", demo.stdout) <= 61
    assert "Invoice 4711 for the demo" in demo.stdout
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


def _number_after(label: str, shown: str) -> int:
    found = re.search(rf"^ *{re.escape(label)} +(\d+) *$", shown, re.MULTILINE)
    assert found, label
    return int(found[1])


def _is_marked(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
