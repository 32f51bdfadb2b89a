"""What is counted, and that labels stay few."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from sanderling.api.metrics import Metrics
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import (
    CallFinished,
    CallRefused,
    EventBus,
    SliceEnded,
    StreamsDue,
    StreamsHealed,
    StreamsRecovered,
    TickQueued,
    TicksLeftOut,
)
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.metering.ports import LimiterStatistics, Scope
from support.services import build_house, open_http

FINISHED = CallFinished(
    call_id=CallId("call_1"),
    workspace_id=WorkspaceId("ws_1"),
    function_id=FunctionId("fn_1"),
    outcome="ok",
    driver="memory",
    duration_s=0.02,
    finished_at=VirtualClock().now(),
)


def _samples(text: str) -> dict[str, float]:
    """Return the samples by name and labels, as a Prometheus server reads them."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_decisions_of_the_rate_limits_are_counted_by_scope() -> None:
    """Every scope is told from the start, and whether the place to count together is away."""
    metrics = Metrics(version="1")
    seen = LimiterStatistics({Scope.INSTANCE: 7, Scope.SHARE: 2}, is_away=True)
    metrics.watch_limits(lambda: seen)

    samples = _samples(metrics.text().decode())

    decisions = {
        scope: samples[f"sanderling_rate_limit_decisions_total[('scope', '{scope}')]"]
        for scope in Scope
    }
    assert decisions == {Scope.PROCESS: 0, Scope.INSTANCE: 7, Scope.SHARE: 2, Scope.OPEN: 0}
    assert samples["sanderling_rate_limit_away[]"] == 1


def test_calls_are_counted_by_outcome_and_driver() -> None:
    """Each event of the bus is one call."""
    metrics, bus = Metrics(version="1.2.3"), EventBus()
    metrics.subscribe(bus)

    late = replace(FINISHED, outcome="timeout", trigger="record")
    for event in (FINISHED, FINISHED, late):
        bus.publish(event)

    samples = _samples(metrics.text().decode())
    assert samples["sanderling_calls_total[('driver', 'memory'), ('outcome', 'ok')]"] == 2
    assert samples["sanderling_calls_total[('driver', 'memory'), ('outcome', 'timeout')]"] == 1
    assert samples["sanderling_calls_triggered_total[('trigger', 'api')]"] == 2
    assert samples["sanderling_calls_triggered_total[('trigger', 'record')]"] == 1
    assert samples["sanderling_call_duration_seconds_count[('driver', 'memory')]"] == 3
    assert samples["sanderling_build_info[('version', '1.2.3')]"] == 1


def test_refusals_are_counted_by_code_and_unknown_ones_together() -> None:
    """A code that is not in the catalogue makes no label of its own."""
    metrics, bus = Metrics(version="0"), EventBus()
    metrics.subscribe(bus)

    for code in ("rate_limited", "made-up", "made-up-too"):
        bus.publish(CallRefused(code, None))

    samples = _samples(metrics.text().decode())
    assert samples["sanderling_calls_refused_total[('code', 'rate_limited')]"] == 1
    assert samples["sanderling_calls_refused_total[('code', 'other')]"] == 2


async def test_requests_are_counted_by_template_method_and_status() -> None:
    """Any number of names, paths and methods makes few labels."""
    house = build_house()
    async with open_http(house, await house.key()) as http:
        for name in ("one", "two", "three"):
            await http.get(f"/v1/functions/{name}")
            await http.get(f"/unknown/{name}")
            await http.request(f"X{name}".upper(), "/v1/whoami")
        answer = await http.get("/metrics")

    samples = _samples(answer.text)
    counted = {
        name.removeprefix("sanderling_http_requests_total"): value
        for name, value in samples.items()
        if name.startswith("sanderling_http_requests_total")
    }
    assert counted == {
        "[('method', 'GET'), ('route', '/v1/functions/{name}'), ('status', '404')]": 3,
        "[('method', 'GET'), ('route', 'unmatched'), ('status', '404')]": 3,
        "[('method', 'other'), ('route', '/v1/whoami'), ('status', '405')]": 3,
    }
    assert samples["sanderling_http_problems_total[('code', 'method_refused')]"] == 3
    assert answer.headers["content-type"].startswith("text/plain; version=")


def test_two_apps_do_not_share_a_registry() -> None:
    """Nothing is global: a second app in a process starts at zero."""
    first, second = Metrics(version="0"), Metrics(version="0")
    first.count_problem("internal")

    assert "sanderling_http_problems_total{" not in second.text().decode()


def test_ticks_of_cron_triggers_are_counted() -> None:
    """Those that became calls with their lateness, and the others by what they came to."""
    metrics, bus = Metrics(version="1"), EventBus()
    metrics.subscribe(bus)

    for event in (TickQueued(0.2), TickQueued(4.0), TicksLeftOut("missed", 5)):
        bus.publish(event)

    samples = _samples(metrics.text().decode())
    assert samples["sanderling_cron_ticks_total[('outcome', 'queued')]"] == 2
    assert samples["sanderling_cron_ticks_total[('outcome', 'missed')]"] == 5
    assert samples["sanderling_cron_tick_lag_seconds_bucket[('le', '0.25')]"] == 1
    assert samples["sanderling_cron_tick_lag_seconds_sum[]"] == 4.2


def test_slices_of_streams_are_counted() -> None:
    """By channel and phase, with how they ended; so are streams that lost their worker."""
    metrics, bus = Metrics(version="1"), EventBus()
    metrics.subscribe(bus)

    bus.publish(SliceEnded("gmail", "list", "done", 0.5, 2.0))
    bus.publish(StreamsHealed(3, 1))
    bus.publish(StreamsDue({("gmail", "list"): 9, ("gmail", "import"): 2}))
    bus.publish(StreamsDue({("gmail", "list"): 4}))
    bus.publish(StreamsRecovered(2))

    samples = _samples(metrics.text().decode())
    where = "('channel', 'gmail'), {}('phase', 'list')]"
    ended = where.format("('outcome', 'done'), ")
    assert samples[f"sanderling_stream_slices_total[{ended}"] == 1
    assert samples[f"sanderling_stream_lag_seconds_sum[{where.format('')}"] == 2.0
    assert samples[f"sanderling_stream_slice_duration_seconds_sum[{where.format('')}"] == 0.5
    # A lane that is not looked at any more has no number.
    assert [name for name in samples if name.startswith("sanderling_streams_due")] == [
        f"sanderling_streams_due[{where.format('')}"
    ]
    assert samples[f"sanderling_streams_due[{where.format('')}"] == 4
    assert samples["sanderling_streams_recovered_total[]"] == 2
    assert samples["sanderling_stream_leases_lost_total[('fate', 'freed')]"] == 2
    assert samples["sanderling_stream_leases_lost_total[('fate', 'parked')]"] == 1
