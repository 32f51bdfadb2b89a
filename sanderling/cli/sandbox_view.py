"""What a check of the sandbox found, as JSON, and for people with what is wrong on top."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from sanderling.cli.quantity import format_duration
from sanderling.cli.screen import table_view
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from sanderling.kernel.jsontext import JSON
    from sanderling.wiring.sandbox_check import Judged, SandboxCheck

_COLUMNS = ("", "id", "layer", "isolation", "expected", "observed", "detail")


def check_json(found: SandboxCheck, *, file: str, ignored_fields: Sequence[str]) -> dict[str, JSON]:
    """Return everything, one row for each run, in the order of the file."""
    return {
        "ok": found.is_as_expected,
        "file": file.encode(errors="replace").decode(),
        "python": found.python,
        "layers": {walls.value: list(layers) for walls, layers in found.layers.items()},
        "waived": list(found.waived),
        "ignored_fields": list(ignored_fields),
        "summary": _summary(found),
        "entries": [_row(judged) for judged in found.judged],
    }


def _summary(found: SandboxCheck) -> dict[str, JSON]:
    judged = found.judged
    met = sum(one.is_as_expected for one in judged)
    observed = Counter(one.observed.value for one in judged)
    return {
        "entries": len({one.trial.attack.id for one in judged}),
        "runs": len(judged),
        "as_expected": met,
        "earlier_than_expected": sum(one.is_earlier for one in judged),
        "not_as_expected": len(judged) - met,
        "observed": dict(sorted(observed.items())),
    }


def _row(judged: Judged) -> dict[str, JSON]:
    attack = judged.trial.attack
    return {
        "id": attack.id,
        "category": attack.category,
        "layer": attack.layer.value,
        "isolation": judged.trial.isolation.value,
        "expect": attack.expect.value,
        "observed": judged.observed.value,
        "detail": judged.detail,
        "as_expected": judged.is_as_expected,
        "earlier": judged.is_earlier,
        "duration_s": round(judged.duration_s, 6),
    }


def check_view(found: SandboxCheck, *, ignored_fields: Sequence[str]) -> Callable[[Console], None]:
    """Return a view of every run, problems first, with the summary at the end."""

    def show(terminal: Console) -> None:
        ordered = sorted(found.judged, key=lambda one: one.is_as_expected)
        table_view("Hostile functions", _COLUMNS, map(_cells, ordered), empty="None was run.")(
            terminal
        )
        for line in _closing_lines(found, ignored_fields):
            terminal.print(line)

    return show


def _cells(judged: Judged) -> tuple[str, ...]:
    attack = judged.trial.attack
    mark = "✗" if not judged.is_as_expected else "<" if judged.is_earlier else "✓"
    detail = f"{judged.detail} ({format_duration(judged.duration_s)})"
    return (
        mark,
        attack.id,
        attack.layer.value,
        judged.trial.isolation.value,
        attack.expect.value,
        judged.observed.value,
        detail,
    )


def _closing_lines(found: SandboxCheck, ignored_fields: Sequence[str]) -> list[Text]:
    lines = [Text(f"Python {found.python}", style="dim")]
    for walls, layers in found.layers.items():
        lines.append(Text(f"layer {walls}: proven {', '.join(layers)}", style="dim"))
    if found.waived:
        lines.append(Text(f"waived: {', '.join(found.waived)}", style="yellow"))
    if ignored_fields:
        told = visible(", ".join(ignored_fields))
        lines.append(Text(f"fields that mean nothing here: {told}", style="yellow"))
    summary = _summary(found)
    if summary["earlier_than_expected"]:
        lines.append(Text(f"< ended earlier than expected: {summary['earlier_than_expected']}"))
    runs, flawed = summary["runs"], summary["not_as_expected"]
    of_what = f"{runs} runs of {summary['entries']} entries"
    verdict = f"{flawed} of {of_what} are not as expected." if flawed else ""
    style = "bold red" if flawed else "bold green"
    lines.append(Text(verdict or f"All {of_what} are as expected.", style=style))
    return lines
