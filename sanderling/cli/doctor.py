"""`sanderling doctor`: whether everything this instance stands on is as it must be."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from sanderling.cli.exits import Exit
from sanderling.cli.options import AsJSON, Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from config.snapshot import Snapshot
    from sanderling.kernel.findings import Finding
    from sanderling.kernel.jsontext import JSON

# Whoever asks the doctor wants to know about the server.
PROCESS = "sanderling serve"
_MASK = "***"
_PACKAGES = (
    *("sanderling", "RestrictedPython", "SQLAlchemy", "alembic", "fastapi", "starlette"),
    *("uvicorn", "uvloop", "httptools", "httpx2", "pydantic", "structlog", "psycopg", "aiosqlite"),
)


def doctor(*, home: Home = None, as_json: AsJSON = False) -> int:
    """Look at python, settings, home, database, sandbox and driver; nothing is changed."""
    from config.loader import load_snapshot  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen, log_quietly  # noqa: PLC0415 - as above.
    from sanderling.wiring.checkup import check_up  # noqa: PLC0415 - as above.

    log_quietly()
    found = asyncio.run(check_up(load_snapshot(home=home), process=PROCESS))
    settings, packages = settings_json(found.snapshot), _packages()
    value: dict[str, JSON] = {
        "ok": found.is_sound,
        "checks": [asdict(finding) for finding in found.findings],
        "layers": [
            {
                "name": layer.name,
                "state": layer.state.value,
                "required": layer.is_required,
                "how": layer.how,
            }
            for layer in found.layers
        ],
        "settings": settings,
        "packages": dict(packages),
    }
    Screen(as_json=as_json).show(
        value,
        lambda terminal: _show(terminal, found.findings, settings, is_sound=found.is_sound),
    )
    return Exit.OK if found.is_sound else Exit.NOT_PROVEN


def settings_json(snapshot: "Snapshot") -> "list[JSON]":
    """Return every setting by its documented name, secrets masked, with its source."""
    from config.catalogue import CATALOGUE  # noqa: PLC0415 - keeps --help quick.

    shown: list[JSON] = []
    for variable in CATALOGUE:
        value: object = getattr(snapshot.settings, variable.field)
        text = variable.text_of(value)
        if variable.is_sensitive and text:
            text = _MASK
        source = snapshot.sources[variable.name].value
        shown.append({"name": variable.name, "value": text, "source": source})
    return shown


def _packages() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - as above.

    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _show(
    terminal: "Console", findings: "Sequence[Finding]", settings: "list[JSON]", *, is_sound: bool
) -> None:
    from rich.text import Text  # noqa: PLC0415 - as above.

    from sanderling.cli.screen import table_view  # noqa: PLC0415 - as above.
    from sanderling.cli.terminal_text import visible  # noqa: PLC0415 - as above.

    marks = {
        "ok": ("✓", "green"),
        "info": ("·", "dim"),
        "warning": ("!", "yellow"),
        "failed": ("✗", "bold red"),
    }
    topic = ""
    width = max(len(finding.name) for finding in findings) + 1
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            terminal.print(topic, style="bold")
        line = Text.assemble("  ", marks[finding.standing], f" {finding.name:<{width}}")
        detail = finding.detail.rstrip(".")
        told = f"{detail}. {finding.advice}" if finding.advice else detail
        terminal.print(line.append(visible(told)))
    rows = [
        [str(setting[part]) for part in ("name", "value", "source")]
        for setting in settings
        if isinstance(setting, dict) and setting["source"] != "default"
    ]
    table_view("settings", ("name", "value", "from"), rows, empty="All settings are defaults.")(
        terminal
    )
    verdict = "All that is required is proven." if is_sound else "Something required is not proven."
    terminal.print(verdict, style="bold green" if is_sound else "bold red")
