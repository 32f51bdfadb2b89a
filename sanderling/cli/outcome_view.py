"""An outcome, shown to people: what happened, what came back, and where to look."""

import json
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.json import JSON as JSONText  # noqa: N811 - ours is a type, theirs a view.
from rich.text import Text

from drivers.port import GuestError, Isolation, LimitHit, Outcome, OutcomeKind
from sanderling.cli.code_view import SourceFile, error_lines, told
from sanderling.cli.quantity import format_bytes, format_duration
from sanderling.cli.terminal_text import visible
from sanderling.kernel.jsontext import JSON

_FORMS: Mapping[str, Callable[[float], str]] = {
    "s": format_duration,
    "bytes": lambda size: format_bytes(int(size)),
}


def outcome_view(
    outcome: Outcome, *, source: str | None = None, file: str = "main.py"
) -> Callable[[Console], None]:
    """Return a view of `outcome`; `source` and `file` are what its line numbers point into."""

    def show(terminal: Console) -> None:
        terminal.print(_headline(outcome))
        if outcome.kind is OutcomeKind.OK:
            terminal.print(value_text(outcome.result))
        if outcome.error:
            for line in error_lines(outcome.error, SourceFile(file, source)):
                terminal.print(line)
        elif outcome.detail:
            terminal.print(Text(f"  {visible(outcome.detail)}"))
        for line in _log_lines(outcome):
            terminal.print(line)
        terminal.print(Text(_footer(outcome), style="dim"))

    return show


def _headline(outcome: Outcome) -> Text:
    is_ok = outcome.kind is OutcomeKind.OK
    style = "bold green" if is_ok else "bold red"
    line = Text.assemble(("✓ " if is_ok else "✗ ", style), (outcome.kind.value, style))
    if outcome.error:
        line.append(f"  {told(outcome.error)}")
    if outcome.limit:
        line.append(f"  {_limit(outcome.limit)}")
    return line


def _limit(limit: LimitHit) -> str:
    noun, _, unit = limit.name.rpartition("_")
    form = _FORMS.get(unit)
    if form is None:
        noun, form = limit.name.replace("_", " "), "{:g}".format
    observed = "" if limit.observed is None else f", used {form(limit.observed)}"
    return f"{noun} limit {form(limit.allowed)}{observed}"


def value_text(value: JSON) -> Text:
    """Return a JSON value for people, coloured where the terminal has colours."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    shown = visible(text)
    # Colours are computed on the text as shown; a text that had to be escaped stays plain.
    return JSONText(text, indent=2, ensure_ascii=False).text if shown == text else Text(shown)


def error_view(error: GuestError, *, source: str, file: str) -> Callable[[Console], None]:
    """Return a view of where code was refused, and of how to write it instead."""

    def show(terminal: Console) -> None:
        for line in error_lines(error, SourceFile(file, source)):
            terminal.print(line)

    return show


def _log_lines(outcome: Outcome) -> Iterator[Text]:
    if not outcome.logs:
        return
    yield Text("logs", style="bold dim")
    for line in outcome.logs.rstrip("\n").split("\n"):
        yield Text.assemble(("  │ ", "dim"), visible(line))
    if outcome.logs_dropped_bytes:
        dropped = format_bytes(outcome.logs_dropped_bytes)
        yield Text(f"  … {dropped} more were dropped", style="dim")


def _footer(outcome: Outcome) -> str:
    parts = [format_duration(outcome.duration_s)]
    if outcome.cpu_s is not None:
        parts.append(f"cpu {format_duration(outcome.cpu_s)}")
    if outcome.memory_bytes is not None:
        parts.append(f"memory {format_bytes(outcome.memory_bytes)}")
    parts.append(f"driver {outcome.driver}")
    if outcome.isolation is not Isolation.NONE:
        parts.append(f"isolation {outcome.isolation} ({', '.join(outcome.layers)})")
    if outcome.waived:
        parts.append(f"waived {', '.join(outcome.waived)}")
    return " · ".join(parts)
