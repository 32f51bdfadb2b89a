"""The benchmarks run, and print what programs read; their times are nobody's promise."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.call import PEERS, Options, run
from bench.engine import NAMES as ENGINE_NAMES
from bench.http import NAMES, goals
from bench.peers.monty import MontyWarm
from bench.peers.subprocess_per_call import SubprocessPerCall
from bench.sync import Options as SyncOptions
from bench.sync import run as run_sync
from bench.sync_kinds import KINDS
from support.redis import RedisServer, run_redis

pytestmark = pytest.mark.slow

_NUMBERS = ("p50_us", "ratio", "calls_per_s_c1", "calls_per_s_c8", "cpu_us", "idle_kib")


def _measure(*words: str, within_s: float = 100) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--json"],
        capture_output=True,
        timeout=within_s,
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


_HTTP_NUMBERS = ("rps_c1", "rps_c8", "rps_c64", "p50_us_c1", "p99_us_c8", "cpu_us")


def test_the_limiter_benchmark_counts_in_redis_too(redis: RedisServer) -> None:
    """With a Redis there are rows for one caller and for many at once."""
    document = _measure("limiter", "--calls", "50", "--redis", redis.url)

    rows = _by_name(document)
    for name in ("redis_one_rule", "redis_three_rules"):
        assert rows[f"{name}_c1"]["p50_us"] > 0
        assert rows[f"{name}_c64"]["calls_per_s_c1"] > 0


def test_the_http_benchmark_measures_served_calls() -> None:
    """`python -m bench http --json` has its seven rows in order, with numbers where measured."""
    document = _measure("http", "--calls", "8", "--seconds", "20")

    rows = _by_name(document)
    assert list(rows) == [
        "floor",
        "asgi_inproc",
        "fastapi_monty_redis",
        "reuse_memory",
        "reuse_redis",
        "oneshot_memory",
        "oneshot_redis",
    ]
    for row in rows.values():
        assert set(row) == {"name", "ratio", *_HTTP_NUMBERS}
    for name in ("floor", "asgi_inproc", "reuse_memory", "oneshot_memory"):
        assert all(rows[name][number] > 0 for number in _HTTP_NUMBERS), document["notes"]
    missing = [name for name, row in rows.items() if row["rps_c8"] is None]
    assert all(any(name in note for note in document["notes"]) for name in missing)
    assert document["meta"]["client_us"] > 0
    assert all(goal["factor"] is None or goal["factor"] > 0 for goal in document["goals"])


@pytest.mark.nightly
def test_the_http_benchmark_uses_a_redis_it_is_given() -> None:
    """With `--redis` the rows behind Redis are measured against that server."""
    with run_redis() as redis:
        document = _measure("http", "--calls", "4", "--redis", redis.url)

    rows = _by_name(document)
    assert rows["reuse_redis"]["rps_c8"] > 0
    assert rows["oneshot_redis"]["rps_c8"] > 0


@pytest.mark.nightly
def test_the_fairness_benchmark_prints_every_row(redis: RedisServer) -> None:
    """`python -m bench fairness` measures both caps against a queue, and says what was wanted."""
    document = _measure("fairness", "--calls", "40", "--redis", redis.url)

    rows = _by_name(document)
    assert list(rows) == [
        *(f"memory_{kind}" for kind in ("fifo", "hard_cap", "soft_cap")),
        *(f"redis_{kind}" for kind in ("fifo", "hard_cap", "soft_cap")),
        *("sandbox_fifo", "sandbox_turnstile"),
    ]
    assert rows["redis_fifo"]["quiet_percent"] == rows["memory_fifo"]["total_ratio"] * 100
    assert all(row["quiet_p50_ms"] > 0 for row in rows.values())
    assert len(document["goals"]) == 6
    assert all(goal["factor"] > 0 for goal in document["goals"])


def test_a_goal_that_was_not_measured_has_no_factor() -> None:
    """A row without numbers reaches nothing and misses nothing."""
    rows = [{"name": name, "rps_c8": None} for name in NAMES]

    assert {goal.factor for goal in goals(rows)} == {None}


def test_a_goal_tells_how_far_it_is() -> None:
    """Half of what is wanted is a factor of two, five times the peer is a factor of one."""
    rates = {"reuse_memory": 4000.0, "reuse_redis": 5000.0, "fastapi_monty_redis": 1000.0}
    rows = [{"name": name, "rps_c8": rates.get(name)} for name in NAMES]

    assert [goal.factor for goal in goals(rows)] == [2.0, 1.0, 1.0, None]


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


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_the_engine_benchmark_prints_every_row() -> None:
    """Both installations run and recover, beside calls that are waited for and docket alone."""
    document = _measure("engine", "--calls", "4", within_s=500)

    rows = _by_name(document)
    assert tuple(rows) == ENGINE_NAMES
    for name in ("enqueue_per_s", "drain_per_s", "one_p50_us", "one_p99_us"):
        assert all(row[name] > 0 for row in rows.values()), document["notes"]
    assert all(rows[name]["recovery_s"] > 0 for name in ("embedded", "distributed"))


@pytest.mark.nightly
def test_the_worker_benchmark_prints_every_row() -> None:
    """`python -m bench worker --json` has a row for each database and way, and its goals."""
    document = _measure("worker", "--calls", "40", "--seconds", "1")

    rows = _by_name(document)
    for name in ("one_by_one_sqlite", "sweep_sqlite", "job_for_each"):
        assert rows[name]["done_s"] is not None
        assert rows[name]["ratio"] > 0
    assert rows["minute_sqlite"]["per_s_max"] >= rows["minute_sqlite"]["per_s_min"]
    assert rows["minute_placed"]["per_s_max"] <= 40
    assert [goal["what"].partition(":")[0] for goal in document["goals"]] == [
        name for name in rows if name.startswith("sweep_")
    ]


def test_the_sync_benchmark_brings_in_all_that_there_is() -> None:
    """Each kind of account is read whole into both stores, and then one look finds nothing."""
    report = run_sync(SyncOptions(items=12, turns=1))

    rows: dict[str, Any] = {str(row["name"]): row for row in report.rows}
    assert list(rows) == [f"{each.name}{way}" for each in KINDS for way in ("", "_memory", "_bare")]
    for kind in KINDS:
        assert rows[kind.name]["items"] == rows[f"{kind.name}_memory"]["items"]
        assert rows[kind.name]["items_per_s"] > 0
    for name in ("gmail", "gmail_threads", "graph_mail"):
        assert rows[name]["items"] == 12
    assert rows["gmail"]["idle_requests"] == 2
    assert rows["google_calendar"]["idle_requests"] == 1
    assert rows["graph_calendar"]["idle_requests"] == 1
    idle = [goal.what for goal in report.goals if goal.what.endswith("requests without news")]
    # Each folder of Graph's is asked for its news, and one request tells which folders there are.
    assert rows["graph_mail"]["streams"] == 4
    assert "graph_mail: 5 requests without news" in idle
    assert len(idle) == len(KINDS)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_the_sync_benchmark_prints_every_row() -> None:
    """`python -m bench sync --json` has figures for each kind of account, and its goals."""
    document = _measure("sync", "--calls", "300", within_s=500)

    rows = _by_name(document)
    for kind in KINDS:
        figures = ("items_per_s", "ratio", "own_cpu_us", "quota_units_per_item", "idle_requests")
        assert all(rows[kind.name][figure] > 0 for figure in figures)
    assert rows["gmail"]["quota_units_per_item"] < 20.1
    assert rows["gmail_threads"]["quota_units_per_item"] < rows["gmail"]["quota_units_per_item"]
    assert len(document["goals"]) == 3 * len(KINDS) + 3
