"""The benchmarks run, and print what programs read; their times are nobody's promise."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.call import PEERS, Options, run
from bench.peers.monty import MontyWarm
from bench.peers.subprocess_per_call import SubprocessPerCall

pytestmark = pytest.mark.slow

_NUMBERS = ("p50_us", "ratio", "calls_per_s_c1", "calls_per_s_c8", "cpu_us", "idle_kib")


def _measure(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--json"],
        capture_output=True,
        timeout=100,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    assert done.returncode == 0, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in document["rows"]}


def test_the_call_benchmark_prints_every_row() -> None:
    """`python -m bench call --json` has the eight rows in order, with numbers where measured."""
    document = _measure("call", "--calls", "4", "--seconds", "10")

    rows = _by_name(document)
    assert list(rows) == [
        "exec_json",
        "restricted_inproc",
        "local_reuse",
        "local_oneshot",
        "local_cold",
        "subprocess",
        "monty_warm",
        "monty_fresh",
    ]
    for row in rows.values():
        assert set(row) == {"name", *_NUMBERS}
        assert all(row[name] is None or isinstance(row[name], float) for name in _NUMBERS)
    assert rows["exec_json"]["ratio"] == 1.0
    for name in ("local_reuse", "local_oneshot", "local_cold"):
        assert rows[name]["p50_us"] > 0, document["notes"]
    assert {"date", "python", "cpus", "kernel"} <= set(document["meta"])


def test_the_call_benchmark_measures_only_what_is_asked() -> None:
    """A peer that was not asked for has nulls; the base is always measured."""
    document = _measure("call", "--calls", "2", "--only", "restricted_inproc")

    measured = {name for name, row in _by_name(document).items() if row["p50_us"] is not None}
    assert measured == {"exec_json", "restricted_inproc"}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("limiter", {"dictionary", "one_rule", "three_rules"}),
        ("record", {"memory", "sqlite"}),
    ],
)
def test_the_small_benchmarks_print_the_same_form(what: str, names: set[str]) -> None:
    """Benchmarks of parts print rows with the members that `bench call` has."""
    document = _measure(what, "--calls", "50")

    rows = _by_name(document)
    assert names <= set(rows)
    assert all(set(_NUMBERS) <= set(row) for row in rows.values())


def test_the_http_benchmark_measures_served_calls() -> None:
    """`python -m bench http --json` puts both isolations beside a bare server."""
    document = _measure("http", "--calls", "8", "--seconds", "20")

    rows = _by_name(document)
    assert list(rows) == ["bare_starlette", "serve_reuse", "serve_oneshot"]
    assert rows["bare_starlette"]["ratio"] == 1.0
    for row in rows.values():
        assert {*_NUMBERS, "p99_us", "calls_per_s_c64"} <= set(row)
        assert row["calls_per_s_c8"] > 0


def test_a_missing_peer_is_noted_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pydantic-monty its rows are null and a note says why."""
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)

    report = run(Options(seconds=1.0, calls=1, only=frozenset({"monty_warm"})))

    rows = {row["name"]: row for row in report.rows}
    assert rows["monty_warm"]["p50_us"] is None
    assert list(report.notes) == ["monty_warm was not measured: pydantic-monty is not installed"]


def test_peers_do_the_same_work() -> None:
    """Every peer is named once, so that no row stands for two."""
    names = [peer.name for peer in PEERS]

    assert len(names) == len(set(names))
    assert {MontyWarm.name, SubprocessPerCall.name} <= set(names)
