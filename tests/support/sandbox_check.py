"""Runs `sanderling sandbox check` as its own process and reads what it found."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.command import CommandLine, Ended
from support.corpus import SHARED
from support.unprivileged import NOBODY
from support.warm import PROGRAM

ENOUGH_S = 600.0

Rows = dict[str, list[dict[str, Any]]]


def run_check(
    folder: Path, *words: str, program: Sequence[str | Path] = (PROGRAM,), is_nobody: bool = False
) -> Ended:
    """Run the command on the shared corpus, or on the file that `words` start with.

    `is_nobody` runs it, where that can be had, as a user without privileges and environment.
    """
    command = CommandLine(home=folder / "home", folder=folder)
    file = () if words and not words[0].startswith("-") else (str(SHARED),)
    user = NOBODY if is_nobody and os.getuid() == 0 else None
    done = subprocess.run(
        [*program, "sandbox", "check", *file, *words],
        cwd="/" if is_nobody else folder,
        env={} if is_nobody else command.environment(),
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def rows_of(found: dict[str, Any]) -> Rows:
    """Return the rows of a check by the ids of their entries."""
    rows: Rows = {}
    for row in found["entries"]:
        rows.setdefault(row["id"], []).append(row)
    return rows


def not_as_expected(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that are not as expected."""
    return [row for row in found["entries"] if not row["as_expected"]]
