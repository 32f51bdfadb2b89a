"""Says what was measured, where and when: as JSON for programs, as a table for people."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Self, TypeAlias

from rich.console import Console
from rich.table import Table

Cell: TypeAlias = str | float | int | None
Row: TypeAlias = Mapping[str, Cell]

_PACKAGES = ("restrictedpython", "uvloop", "starlette", "uvicorn", "fastapi", "pydantic-monty")
_EXACT_BELOW = 100
_PAGE_HEADINGS = {
    "name": "row",
    "ratio": "time",
    "calls_per_s_c1": "rate, 1 caller",
    "calls_per_s_c8": "8 callers",
    "calls_per_s_c64": "64 callers",
    "rps_c1": "rate, 1 connection",
    "rps_c8": "8 connections",
    "rps_c64": "64 connections",
    "p99_us_c8": "slowest in 100, 8 connections",
    "enqueue_per_s": "taken in, rate",
    "drain_per_s": "done, rate",
    "one_p50_us": "median, one by one",
    "one_p99_us": "slowest in 100",
    "done_s": "all done, s",
    "per_s_min": "least in a second",
    "per_s_median": "median",
    "per_s_max": "most",
    "recovery_s": "back after kill -9, s",
    "lease_s": "lease, s",
    "cpu_us": "CPU",
    "own_cpu_us": "own CPU",
    "quota_units_per_item": "quota units, each",
    "idle_requests": "requests without news",
    "idle_kib": "idle KiB",
    "quiet_percent": "quiet median, % of its fifo",
    "total_ratio": "all, x its fifo",
}
_AS_THEY_ARE = frozenset(
    {
        "ratio",
        "idle_kib",
        "quiet_percent",
        "total_ratio",
        "recovery_s",
        "lease_s",
        "done_s",
        "per_s_min",
        "per_s_median",
        "per_s_max",
        "quota_units_per_item",
        "idle_requests",
    }
)
_RATES = ("calls_per_s", "rps")
_LEAST_WIDTH = 110
_HEADINGS = {
    "name": "",
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "ratio": "ratio",
    "calls_per_s_c1": "calls/s c=1",
    "calls_per_s_c8": "c=8",
    "calls_per_s_c64": "c=64",
    "rps_c1": "rps c=1",
    "rps_c8": "c=8",
    "rps_c64": "c=64",
    "p50_us_c1": "p50 µs c=1",
    "p99_us_c8": "p99 µs c=8",
    "enqueue_per_s": "enqueued/s",
    "drain_per_s": "done/s",
    "one_p50_us": "p50 µs",
    "one_p99_us": "p99 µs",
    "done_s": "all done s",
    "per_s_min": "/s min",
    "per_s_median": "/s median",
    "per_s_max": "/s max",
    "lag_p99_ms": "lag p99 ms",
    "recovery_s": "recovery s",
    "lease_s": "lease s",
    "cpu_us": "CPU µs/call",
    "items": "items",
    "items_per_s": "items/s",
    "own_cpu_us": "own CPU µs",
    "quota_units_per_item": "units/item",
    "streams": "streams",
    "idle_requests": "idle requests",
    "idle_units": "idle units",
    "idle_kib": "idle KiB",
    "quiet_p50_ms": "quiet p50 ms",
    "quiet_p99_ms": "quiet p99 ms",
    "noisy_max_ms": "noisy max ms",
    "total_ms": "total ms",
    "quiet_percent": "quiet % of fifo",
    "total_ratio": "total x fifo",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted of a row; a `factor` of 1 or less reaches it, None was not measured."""

    what: str
    factor: float | None

    @classmethod
    def at_least(cls, what: str, wanted: float | None, reached: Cell) -> Self:
        """Return the goal that `reached` be no less than `wanted`."""
        if wanted is None or not isinstance(reached, (int, float)) or not reached:
            return cls(what, None)
        return cls(what, rounded(wanted / reached, 2))


@dataclass(frozen=True, slots=True)
class Report:
    """Rows of one benchmark; `notes` say what could not be measured and why."""

    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    extra: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    goals: Sequence[Goal] = ()


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, object]:
    """Return what figures depend on; nothing that names the machine."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "kernel": platform.release(),
        "arch": platform.machine(),
        "cpus": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
        "packages": {package: _installed(package) for package in _PACKAGES},
    }


def to_json(report: Report) -> str:
    """Return the report as one JSON object: rows, meta, notes, and goals where there are any."""
    meta = {"benchmark": report.title, **machine(), **report.extra}
    document = {"rows": list(report.rows), "meta": meta, "notes": list(report.notes)}
    if report.goals:
        document["goals"] = [asdict(goal) for goal in report.goals]
    return json.dumps(document, indent=2, allow_nan=False)


def to_markdown(report: Report) -> str:
    """Return the table for a page: everything that takes time as a multiple of the first row."""
    base = report.rows[0]
    members = [name for name in base if name in _PAGE_HEADINGS]
    heads = [_PAGE_HEADINGS[name] for name in members]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    for row in report.rows:
        cells = [_relative(name, row[name], base) for name in members]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _relative(name: str, cell: Cell, base: Row) -> str:
    if cell is None or isinstance(cell, str):
        return "·" if cell is None else f"`{cell}`"
    if name in _AS_THEY_ARE:
        return f"{cell:,.0f}" if cell >= _EXACT_BELOW else f"{cell:.1f}"
    rate = next((rate for rate in _RATES if name.startswith(rate)), None)
    against = base[name if rate is None else f"{rate}_c1"]
    if not isinstance(against, (int, float)) or not against:
        return "·"
    return f"{cell / against:,.2g}" if cell < against else f"{cell / against:,.1f}"


def _show(cell: Cell) -> str:
    if cell is None:
        return "·"
    if isinstance(cell, str):
        return cell
    return f"{cell:,.1f}" if abs(cell) < _EXACT_BELOW else f"{cell:,.0f}"


def print_table(report: Report) -> None:
    """Print the rows for people, with what is needed to judge them."""
    console = Console()
    # Cut columns are worse than lines that a narrow terminal wraps.
    console.width = max(console.width, _LEAST_WIDTH)
    table = Table(title=report.title)
    for position, name in enumerate(report.rows[0]):
        table.add_column(
            _HEADINGS[name], justify="left" if position == 0 else "right", no_wrap=True
        )
    for row in report.rows:
        table.add_row(*map(_show, row.values()))
    console.print(table)
    where = machine()
    console.print(
        f"Python {where['python']}, {where['cpus']} CPUs, {where['arch']}, {where['date']}, "
        f"load {where['load_1min']}; medians. Compare ratios of one run, never absolute times."
    )
    for goal in report.goals:
        told = "not measured" if goal.factor is None else f"{goal.factor:g} x what is needed"
        console.print(f"goal: {goal.what}: {told}")
    for note in report.notes:
        console.print(f"note: {note}")


def rounded(value: float | None, digits: int = 1) -> float | None:
    """Return `value` with as many digits as it deserves; None stays None."""
    # Adding zero turns a rounded -0.0 into 0.0.
    return None if value is None else round(value, digits) + 0.0
