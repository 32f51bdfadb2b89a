"""`sanderling config check`: whether a process could start with this environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanderling.cli.exits import Exit
from sanderling.cli.options import AsJSON, Home
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from config.errors import Problem
    from sanderling.kernel.jsontext import JSON


def check(*, home: Home = None, as_json: AsJSON = False) -> int:
    """Look at the environment and the .env file and name every problem; nothing is started."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    problems = _problems(home)
    value: JSON = {"problems": [{"name": each.name, "reason": each.reason} for each in problems]}
    Screen(as_json=as_json).show(value, lambda terminal: _show(terminal, problems))
    return Exit.NOT_PROVEN if problems else Exit.OK


def _problems(home: Path | None) -> tuple[Problem, ...]:
    from config.errors import ConfigRejected  # noqa: PLC0415 - keeps --help quick.
    from config.loader import load_snapshot  # noqa: PLC0415 - as above.
    from sanderling.wiring.precheck import precheck  # noqa: PLC0415 - as above.

    try:
        settings = load_snapshot(home=home).settings
    except ConfigRejected as rejected:
        return rejected.problems
    return precheck(settings)


def _show(terminal: Console, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        terminal.print(visible(f"{problem.name}: {problem.reason}"), style="red")
    if not problems:
        terminal.print("The environment and the .env file are in order.", style="green")
