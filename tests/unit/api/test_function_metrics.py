"""Metrics of functions: few series, for the busiest, and nothing that tells tenants apart."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest

from sanderling.api.function_metrics import OTHER, FunctionMetrics
from sanderling.kernel.events import CallFinished, EventBus
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId


def finished(
    function: str, *, outcome: str = "ok", took_s: float = 0.1, waited_s: float = 0.0
) -> CallFinished:
    """Return the end of a call of this function."""
    return CallFinished(
        call_id=CallId("call_1"),
        workspace_id=WorkspaceId("ws_1"),
        function_id=FunctionId(function),
        outcome=outcome,
        driver="local",
        duration_s=took_s,
        finished_at=datetime(2026, 1, 1, tzinfo=UTC),
        queued_s=waited_s,
    )


class Scrape:
    """Metrics on a registry of their own."""

    def __init__(self, limit: int, *, window: int = 1000) -> None:
        """Count for so many functions."""
        self.registry = CollectorRegistry()
        self.bus = EventBus()
        FunctionMetrics(limit, registry=self.registry, window=window).subscribe(self.bus)

    def call(self, function: str, count: int = 1, **parts: float) -> None:
        """End so many calls of a function."""
        for _ in range(count):
            self.bus.publish(
                finished(
                    function,
                    took_s=parts.get("took_s", 0.1),
                    waited_s=parts.get("waited_s", 0.0),
                )
            )

    def value(self, name: str, function: str, **labels: str) -> float | None:
        """Return one number."""
        workspace = OTHER if function == OTHER else "ws_1"
        named = {"workspace_id": workspace, "function_id": function, **labels}
        return self.registry.get_sample_value(name, named)

    def calls(self, function: str) -> float | None:
        """Return how many calls of a function are told."""
        return self.value("sanderling_function_calls_total", function, outcome="ok")


def test_calls_are_counted_by_function_and_outcome() -> None:
    """Each outcome has a number of its own."""
    scrape = Scrape(10)
    scrape.call("fn_a", 3)
    scrape.bus.publish(finished("fn_a", outcome="timeout"))

    assert scrape.calls("fn_a") == 3
    assert scrape.value("sanderling_function_calls_total", "fn_a", outcome="timeout") == 1


def test_durations_and_waits_are_histograms() -> None:
    """Buckets are cumulative, their bounds count in, and the sum is exact."""
    scrape = Scrape(10)
    scrape.call("fn_a", took_s=0.25, waited_s=3.0)
    scrape.call("fn_a", took_s=90.0, waited_s=0.0)

    def bucket(name: str, bound: str) -> float | None:
        return scrape.value(f"sanderling_function_call_{name}_seconds_bucket", "fn_a", le=bound)

    assert [bucket("duration", bound) for bound in ("0.1", "0.25", "60.0", "+Inf")] == [0, 1, 1, 2]
    assert [bucket("queue", bound) for bound in ("0.001", "2.5", "5.0", "+Inf")] == [1, 1, 2, 2]
    assert scrape.value("sanderling_function_call_duration_seconds_sum", "fn_a") == 90.25
    assert scrape.value("sanderling_function_call_queue_seconds_count", "fn_a") == 2


def test_no_more_series_than_allowed() -> None:
    """Whoever makes functions without end makes one more series, not as many."""
    scrape = Scrape(2)
    for number in range(100):
        scrape.call(f"fn_{number}")

    assert (scrape.calls("fn_0"), scrape.calls("fn_1"), scrape.calls("fn_2")) == (1, 1, None)
    assert scrape.calls(OTHER) == 98
    assert generate_latest(scrape.registry).count(b"_calls_total{") == 3


def test_a_busy_function_takes_the_place_of_an_idle_one() -> None:
    """Series go to those that are called most, and two alike do not change places."""
    scrape = Scrape(2, window=20)
    scrape.call("fn_busy", 8)
    scrape.call("fn_idle", 1)
    scrape.call("fn_new", 11)

    scrape.call("fn_new", 1)
    scrape.call("fn_idle", 1)

    assert scrape.calls("fn_busy") == 8
    assert scrape.calls("fn_new") == 1
    assert scrape.calls("fn_idle") is None
    assert scrape.calls(OTHER) == 12


def test_nothing_is_counted_when_it_is_turned_off() -> None:
    """A limit of 0 costs no call anything."""
    scrape = Scrape(0)
    scrape.call("fn_a")

    assert generate_latest(scrape.registry) == b""
