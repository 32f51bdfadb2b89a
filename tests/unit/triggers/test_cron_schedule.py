"""Which schedules a trigger takes, and what is said of the others."""

import pytest

from runner.triggers.errors import TriggerRefused
from runner.triggers.sample import sample_event
from runner.triggers.trigger import MAX_PAYLOAD, CronSchedule, TriggerKind
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.jsontext import decode


@pytest.mark.parametrize(
    ("settings", "field", "says"),
    [
        ({"expression": "61 * * * *"}, "expression", "the minute cannot be read"),
        ({"expression": "0 0 30 2 *"}, "expression", "never matches any date"),
        ({"expression": "* * *"}, "expression", "five or six fields"),
        ({"zone": "Mars/Olympus"}, "zone", "IANA"),
        ({"catch_up_most": 0}, "catch_up_most", "1 to 1000"),
        ({"catch_up_most": 1001}, "catch_up_most", "1 to 1000"),
        ({"jitter_s": -1}, "jitter_s", "0 to 3600"),
        ({"jitter_s": 3601}, "jitter_s", "0 to 3600"),
        ({"payload_json": "{"}, "payload", "line 1"),
        ({"payload_json": "NaN"}, "payload", "NaN"),
        ({"payload_json": '"' + "a" * MAX_PAYLOAD + '"'}, "payload", "fetch what is larger"),
    ],
)
def test_what_no_one_could_keep_to_is_refused(
    settings: dict[str, object], field: str, says: str
) -> None:
    """The refusal names the setting and says what to do."""
    members: dict[str, object] = {"expression": "* * * * *"}

    with pytest.raises(TriggerRefused, match=says) as caught:
        CronSchedule(**(members | settings))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - a test asks for what it likes.

    assert caught.value.facts["field"] == field


@pytest.mark.parametrize(
    "edge", [{"catch_up_most": 1000, "jitter_s": 3600}, {"zone": "Asia/Tokyo"}]
)
def test_what_is_just_within_its_bounds_is_kept(edge: dict[str, object]) -> None:
    """Bounds are what they say."""
    schedule = CronSchedule("@daily", **edge)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - a test asks for what it likes.

    assert schedule.kind is TriggerKind.CRON


def test_a_sample_has_the_shape_of_a_tick() -> None:
    """Whoever tries a trigger gives its function what the schedule will."""
    schedule = CronSchedule("* * * * *", payload_json="[1]")

    assert decode(sample_event(schedule, VirtualClock().now())) == {
        "triggerId": "sample",
        "scheduledAt": "2026-01-01T00:00:00Z",
        "payload": [1],
    }
