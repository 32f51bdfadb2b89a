"""What every transport of the Python client keeps, over HTTP and in this process."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Unpack

import pytest

from drivers.port import GuestError, LimitHit, Outcome, OutcomeKind
from runner.errors import CallUnknown, FunctionUnknown, ReplayRefused
from runner.function import RateLimit
from sanderling.api.errors import RequestInvalid
from sanderling.client.asked_calls import CallFilters
from sanderling.kernel.jsontext import JSON
from support.clients import WAYS, Setting, open_setting, publish

NO_CODE_RAN = (
    OutcomeKind.DISABLED,
    OutcomeKind.SATURATED,
    OutcomeKind.THROTTLED,
    OutcomeKind.NOT_DEPLOYED,
    OutcomeKind.MISCONFIGURED,
    OutcomeKind.PLATFORM_ERROR,
)


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house of two workspaces, reached in each way."""
    async with open_setting(request.param) as found:
        yield found


def _timeless(outcome: Outcome) -> Outcome:
    return outcome._replace(duration_s=0.0)


async def test_a_call_returns_the_handlers_result(setting: Setting) -> None:
    """The event goes in and the result comes out, as JSON values."""
    await publish(setting.admin, "echo", "anything")
    event: JSON = {"name": "Ada", "tags": ["a", None, 1.5, "☃"], "deep": {"er": [[]]}}

    outcome = await setting.admin.call("echo", event)

    assert (outcome.kind, outcome.result, outcome.driver) == (OutcomeKind.OK, event, "memory")


async def test_an_event_left_out_is_null(setting: Setting) -> None:
    """A call without an event is a call with null."""
    await publish(setting.admin, "echo", "anything")

    outcome = await setting.admin.call("echo")

    assert outcome.result is None


async def test_a_user_error_is_an_outcome(setting: Setting) -> None:
    """What user code raises comes back as a value, never as an exception."""
    await publish(setting.admin, "fails", "fail")

    outcome = await setting.admin.call("fails", {})

    assert _timeless(outcome) == Outcome(
        OutcomeKind.USER_ERROR, driver="memory", error=GuestError("ValueError", "no such lead")
    )


async def test_limit_and_detail_of_an_outcome_come_through(setting: Setting) -> None:
    """The limit that ended a call is told with its numbers."""
    await publish(setting.admin, "slow", "slow")

    outcome = await setting.admin.call("slow", {}, timeout_s=1.5)

    assert _timeless(outcome) == Outcome(
        OutcomeKind.TIMEOUT,
        driver="memory",
        limit=LimitHit("wall_s", 5.0, 5.01),
        detail="Too slow.",
    )


@pytest.mark.parametrize("kind", NO_CODE_RAN)
async def test_an_outcome_without_a_run_is_a_value_too(setting: Setting, kind: OutcomeKind) -> None:
    """Saturated, disabled and their like are outcomes, not refusals."""
    await publish(setting.admin, "away", f"# outcome: {kind}")

    outcome = await setting.admin.call("away", {})

    assert (outcome.kind, outcome.detail, outcome.driver) == (
        kind,
        "Scripted by the source.",
        "memory",
    )


async def test_an_event_above_the_functions_limit_is_an_outcome(setting: Setting) -> None:
    """`payload_too_large` carries the limit."""
    await setting.admin.functions.create("small", "x", limits={"event_bytes": 10})
    await setting.admin.functions.publish("small")

    outcome = await setting.admin.call("small", "x" * 20)

    assert outcome.kind is OutcomeKind.PAYLOAD_TOO_LARGE
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("event_bytes", 10)


async def test_a_call_tells_what_made_it(setting: Setting) -> None:
    """A workflow engine says who it is, and its calls are kept as such."""
    await publish(setting.admin, "echo", "anything")

    for trigger in ("workflow", "manual"):
        await setting.admin.call("echo", {}, trigger=trigger)
    await setting.admin.call("echo", {})

    page = await setting.admin.calls.list()
    assert sorted(call.trigger for call in page.items) == ["api", "manual", "workflow"]


async def test_draft_and_numbered_versions_can_be_called(setting: Setting) -> None:
    """`version` chooses what runs."""
    await publish(setting.admin, "grows", "fail")
    await setting.admin.functions.save_draft("grows", "echo")

    draft = await setting.admin.call("grows", 1, version="draft")
    live = await setting.admin.call("grows", 1)
    first = await setting.admin.call("grows", 1, version=1)

    assert [draft.kind, live.kind, first.kind] == ["ok", "user_error", "user_error"]


async def test_a_function_is_shown_as_it_was_written(setting: Setting) -> None:
    """Every part of a definition comes back."""
    made = await setting.admin.functions.create(
        "whole",
        "def handler(event, context): ...",
        limits={"wall_s": 2.5, "memory_bytes": 1000},
        isolation="function",
        rate_limit=RateLimit(10, 1000),
        concurrency=4,
    )

    found = await setting.admin.functions.get("whole")

    assert made == found
    assert (found.live_version, found.latest_version) == (None, 0)
    assert (found.draft.limits.wall_s, found.draft.limits.memory_bytes) == (2.5, 1000)
    assert (found.draft.isolation, found.draft.source[:3]) == ("function", "def")
    assert found.draft.rate_limit is not None
    assert found.draft.rate_limit.ttl_ms == 1000
    assert found.draft.concurrency == 4


async def test_publishing_twice_is_one_version_and_rolling_back_makes_it_live(
    setting: Setting,
) -> None:
    """Versions are counted by what they hold, and none is lost."""
    functions = setting.admin.functions
    await publish(setting.admin, "grows", "one")
    again = await functions.publish("grows")
    await functions.save_draft("grows", "two")
    second = await functions.publish("grows")

    back = await functions.rollback("grows", 1)

    assert (again.number, second.number, back.number) == (1, 2, 1)
    assert (await functions.get("grows")).live_version == 1
    assert [row.number for row in (await functions.versions("grows")).items] == [2, 1]
    assert (await functions.version("grows", 2)).source == "two"


async def test_lists_are_paged(setting: Setting) -> None:
    """`next_cursor` continues after a page and is None at the end."""
    for name in ("a", "b", "c"):
        await setting.admin.functions.create(name, "x")

    first = await setting.admin.functions.list(limit=2)
    second = await setting.admin.functions.list(limit=2, cursor=first.next_cursor)

    assert [row.name for row in (*first.items, *second.items)] == ["a", "b", "c"]
    assert second.next_cursor is None


async def test_calls_are_listed_and_shown(setting: Setting) -> None:
    """A call can be looked up with what went in and what came out."""
    await publish(setting.admin, "echo", "x")
    await publish(setting.admin, "fails", "fail")
    await setting.admin.call("echo", {"n": 1})
    await setting.admin.call("fails", 2)

    listed = await setting.admin.calls.list()
    failed = await setting.admin.calls.list(function="fails", outcome="user_error")
    shown = await setting.admin.calls.get(listed.items[-1].id)

    assert [row.function for row in listed.items] == ["fails", "echo"]
    assert [row.function for row in failed.items] == ["fails"]
    assert (shown.event, shown.result, shown.outcome) == ({"n": 1}, {"n": 1}, OutcomeKind.OK)


async def test_calls_are_listed_by_time(setting: Setting) -> None:
    """`since` is inclusive and `until` exclusive."""
    await publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)
    now = setting.house.clock.now()
    later = now + timedelta(seconds=1)

    here = await setting.admin.calls.list(since=now, until=later)
    earlier = await setting.admin.calls.list(until=now)

    assert (len(here.items), len(earlier.items)) == (1, 0)


async def test_calls_are_found_by_every_filter(setting: Setting) -> None:
    """What narrows on one way narrows alike on the other."""
    await publish(setting.admin, "echo", "x")
    await publish(setting.admin, "fails", "fail")
    await setting.admin.call("echo", 1)
    await setting.admin.call("echo", 2, version="draft")
    await setting.admin.call("fails", 3)
    calls = setting.admin.calls
    key_id = (await calls.list()).items[0].key_id
    nobody = "0" * 26

    async def count(**filters: Unpack[CallFilters]) -> int:
        return len((await calls.list(**filters)).items)

    assert await count(outcome="failed") == 1
    assert await count(outcome=("ok", "user_error")) == 3
    assert await count(error="value* *error") == 1
    assert await count(error="key*") == 0
    assert await count(version="draft") == 1
    assert await count(version=1, trigger="api", caller=key_id) == 2
    assert await count(caller="operator") == 0
    assert await count(min_duration_s=0, max_duration_s=3600) == 3
    assert await count(min_duration_s=3600) == 0
    assert await count(execution_id=f"exec_{nobody}") == 0
    assert await count(replay_of=f"call_{nobody}") == 0


BAD_FILTERS: dict[str, CallFilters] = {
    "function": {"function": "No Name"},
    "outcome": {"outcome": "great"},
    "since": {"since": datetime(2026, 1, 1)},  # noqa: DTZ001 - that it has no zone is the point.
    "version": {"version": 0},
    "trigger": {"trigger": "magic"},
    "caller": {"caller": "me"},
    "execution_id": {"execution_id": "call_1"},
    "replay_of": {"replay_of": "exec_1"},
    "min_duration_ms": {"min_duration_s": -1},
    "max_duration_ms": {"max_duration_s": float("nan")},
    "error": {"error": ""},
}


@pytest.mark.parametrize("field", BAD_FILTERS)
async def test_a_filter_that_cannot_be_is_refused(setting: Setting, field: str) -> None:
    """The refusal names the parameter."""
    with pytest.raises(RequestInvalid) as refused:
        await setting.admin.calls.list(**BAD_FILTERS[field])

    assert [misfit.field for misfit in refused.value.misfits] == [field]


async def _newest(setting: Setting) -> str:
    return (await setting.admin.calls.list(limit=1)).items[0].id


async def test_a_call_is_replayed_with_its_event_or_another(setting: Setting) -> None:
    """A replay is a new call that knows what it repeats; null is an event like any other."""
    await publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", {"n": 1})
    call_id = await _newest(setting)

    again = await setting.admin.calls.replay(call_id)
    other = await setting.admin.calls.replay(call_id, event=None, timeout_s=1.5)

    assert (again.result, other.result) == ({"n": 1}, None)
    rows = (await setting.admin.calls.list(replay_of=call_id)).items
    assert [(row.replay_of, row.trigger) for row in rows] == [(call_id, "manual")] * 2


async def test_a_replay_runs_the_code_that_is_asked_for(setting: Setting) -> None:
    """Live is the default; same is what ran then, draft and numbers are themselves."""
    await publish(setting.admin, "grows", "fail")
    await setting.admin.call("grows", 1)
    call_id = await _newest(setting)
    await setting.admin.functions.save_draft("grows", "echo")
    await setting.admin.functions.publish("grows")

    kinds = [
        (await setting.admin.calls.replay(call_id, version=version)).kind
        for version in ("live", "same", "draft", 1)
    ]

    assert kinds == ["ok", "user_error", "ok", "user_error"]


async def test_a_replay_of_code_that_is_gone_is_refused(setting: Setting) -> None:
    """A draft that has changed since cannot be run as it was."""
    await publish(setting.admin, "grows", "one")
    await setting.admin.call("grows", 1, version="draft")
    call_id = await _newest(setting)
    await setting.admin.functions.save_draft("grows", "two")

    with pytest.raises(ReplayRefused) as refused:
        await setting.admin.calls.replay(call_id, version="same")

    assert "no longer there" in refused.value.detail


async def test_a_replay_without_the_whole_event_is_refused(setting: Setting) -> None:
    """What was redacted cannot be sent again; giving an event helps."""
    await publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", {"password": "correct-horse"})
    call_id = await _newest(setting)

    with pytest.raises(ReplayRefused) as refused:
        await setting.admin.calls.replay(call_id)

    assert "redacted" in refused.value.detail
    assert "Give an event" in refused.value.advice
    assert (await setting.admin.calls.replay(call_id, event=1)).result == 1


async def test_nobody_replays_what_is_not_theirs(setting: Setting) -> None:
    """A call of another workspace is unknown there."""
    await publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)
    call_id = await _newest(setting)
    stranger = await setting.client(elsewhere=True)

    with pytest.raises(CallUnknown):
        await stranger.calls.replay(call_id)


@pytest.mark.parametrize("version", ["first", 0, True])
async def test_a_replay_of_no_version_is_refused(setting: Setting, version: str | int) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(RequestInvalid):
        await setting.admin.calls.replay("call_" + "0" * 26, version=version)


async def test_the_history_is_exported(setting: Setting) -> None:
    """Every call that matches comes once, newest first, as `get` has it."""
    await publish(setting.admin, "echo", "x")
    await publish(setting.admin, "fails", "fail")
    for number in range(60):
        await setting.admin.call("echo", {"n": number, "line": "\u2028"})
    await setting.admin.call("fails", 1)

    calls = [call async for call in setting.admin.calls.export(function="echo")]

    assert [call.event["n"] for call in calls if isinstance(call.event, dict)] == [
        *range(59, -1, -1)
    ]
    assert calls[0] == await setting.admin.calls.get(calls[0].id)
    assert [call async for call in setting.admin.calls.export(function="nobody")] == []


async def test_an_export_is_refused_like_a_list(setting: Setting) -> None:
    """A filter that cannot be is told before the first line."""
    with pytest.raises(RequestInvalid):
        await anext(setting.admin.calls.export(outcome="great"))


async def test_deleting_keeps_the_calls(setting: Setting) -> None:
    """A deleted function is gone, what it did is not."""
    await publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)

    await setting.admin.functions.delete("echo")

    with pytest.raises(FunctionUnknown):
        await setting.admin.functions.get("echo")
    assert len((await setting.admin.calls.list()).items) == 1
