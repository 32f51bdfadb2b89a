"""What can be done with queued calls through the client, over HTTP and in this process alike."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from runner.errors import FunctionUnknown
from runner.executions.errors import (
    ExecutionNotEnded,
    ExecutionRefused,
    ExecutionUnknown,
    IdempotencyConflict,
)
from runner.executions.execution import ExecutionStatus
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.api.errors import RequestInvalid
from sanderling.kernel.jsontext import InvalidJSON
from support.clients import WAYS, Setting, open_setting, publish


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house with a function, reached in each way in turn."""
    async with open_setting(request.param) as opened:
        await publish(opened.admin, "echo", "x")
        yield opened


async def _work(setting: Setting) -> None:
    await setting.house.joined.attendant.handle(f"{setting.house.workspace_id}/")


async def test_a_call_is_queued_and_awaited(setting: Setting) -> None:
    """What was asked for is kept, and its answer is there once it has run."""
    queued = await setting.admin.executions.submit(
        "echo", {"a": 1}, priority=1, lane="mail", max_attempts=2, timeout_s=1.5, version=1
    )
    waiting = asyncio.create_task(setting.admin.executions.wait(queued.id))
    await asyncio.sleep(0)

    await _work(setting)

    ended = await waiting
    assert (queued.status, queued.priority, queued.lane) == (ExecutionStatus.WAITING, 1, "mail")
    assert (ended.id, ended.status, ended.event) == (
        queued.id,
        ExecutionStatus.SUCCEEDED,
        {"a": 1},
    )
    assert ended.answer is not None
    assert ended.answer.result == {"a": 1}
    assert ended == await setting.admin.executions.get(queued.id)


async def test_a_moment_to_begin_is_kept(setting: Setting) -> None:
    """It waits for its time, whatever zone it was told in."""
    due = datetime(2026, 12, 1, 12, tzinfo=UTC)

    queued = await setting.admin.executions.submit("echo", not_before=due)

    assert queued.due_at == due


async def test_waiting_ends_by_its_time(setting: Setting) -> None:
    """Who waits in vain gets the execution as it is."""
    queued = await setting.admin.executions.submit("echo", delay_s=60)

    assert await setting.admin.executions.wait(queued.id, timeout_s=0) == queued


async def test_a_key_queues_once(setting: Setting) -> None:
    """The same key gets the same execution, another body is refused."""
    first = await setting.admin.executions.submit("echo", 1, idempotency_key="k")

    assert first == await setting.admin.executions.submit("echo", 1, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        await setting.admin.executions.submit("echo", 2, idempotency_key="k")


async def test_a_key_calls_once(setting: Setting) -> None:
    """The same key gets the same outcome, another body is refused."""
    first = await setting.admin.call("echo", 1, idempotency_key="k")

    assert first == await setting.admin.call("echo", 1, idempotency_key="k")
    assert len((await setting.admin.calls.list()).items) == 1
    with pytest.raises(IdempotencyConflict):
        await setting.admin.call("echo", 2, idempotency_key="k")
    with pytest.raises(ExecutionRefused):
        await setting.admin.call("echo", 2, idempotency_key="")


async def test_what_cannot_be_queued_is_refused(setting: Setting) -> None:
    """The refusal is the class that the use-case raised."""
    executions = setting.admin.executions

    with pytest.raises(FunctionUnknown):
        await executions.submit("missing")
    with pytest.raises(ExecutionRefused, match="priority"):
        await executions.submit("echo", priority=10)
    with pytest.raises(InvalidJSON):
        await executions.submit("echo", float("nan"))
    with pytest.raises(RequestInvalid):
        await executions.submit_many([{"function": "echo", "evnt": 1}])
    with pytest.raises(ExecutionRefused):
        await executions.submit_many([])


async def test_a_batch_tells_of_each(setting: Setting) -> None:
    """What is kept and what is refused stand side by side."""
    answer = await setting.admin.executions.submit_many(
        [{"function": "echo", "event": 1}, {"function": "missing"}]
    )

    kept, refused = answer.items
    assert kept.execution is not None
    assert refused.problem is not None
    assert refused.problem["type"] == "urn:sanderling:problem:function-unknown"


async def test_executions_are_listed(setting: Setting) -> None:
    """Every filter has its effect, and a filter that cannot be is refused."""
    executions = setting.admin.executions
    first = await executions.submit("echo", lane="a")
    second = await executions.submit("echo")
    await executions.cancel(second.id)

    page = await executions.list(limit=1)
    rest = await executions.list(limit=1, cursor=page.next_cursor)
    by_status = await executions.list(status="cancelled", function="echo")
    by_lane = await executions.list(lane="a", since=datetime(2025, 1, 1, tzinfo=UTC))

    assert [each.id for each in (*page.items, *rest.items)] == [second.id, first.id]
    assert [each.id for each in by_status.items] == [second.id]
    assert [each.id for each in by_lane.items] == [first.id]
    with pytest.raises(RequestInvalid):
        await executions.list(status="lost")
    with pytest.raises(RequestInvalid):
        await executions.list(since=datetime(2025, 1, 1))  # noqa: DTZ001 - that is the point.
    with pytest.raises(RequestInvalid):
        await executions.list(function="No such")


async def test_executions_are_cancelled_and_replayed(setting: Setting) -> None:
    """An ended one is queued again with its event, or with another one."""
    executions = setting.admin.executions
    queued = await executions.submit("echo", {"a": 1})
    with pytest.raises(ExecutionNotEnded):
        await executions.replay(queued.id)

    cancelled = await executions.cancel(queued.id)
    again = await executions.replay(queued.id)
    other = await executions.replay_with(queued.id, None)

    assert cancelled.status is ExecutionStatus.CANCELLED
    assert (again.event, again.replay_of) == ({"a": 1}, queued.id)
    assert other.event is None


async def test_what_others_queued_is_out_of_reach(setting: Setting) -> None:
    """A member steers its own, and another workspace sees nothing."""
    queued = await setting.admin.executions.submit("echo")
    member = await setting.client(role=Role.MEMBER)
    stranger = await setting.client(elsewhere=True)

    with pytest.raises(Forbidden):
        await member.executions.cancel(queued.id)
    for client, execution_id in ((stranger, queued.id), (member, "exec_1"), (member, "../calls")):
        with pytest.raises(ExecutionUnknown):
            await client.executions.get(execution_id)


async def test_a_function_declares_that_it_is_idempotent(setting: Setting) -> None:
    """What was declared is shown with the draft and with each version."""
    created = await setting.admin.functions.create("again", "x", is_idempotent=True)
    version = await setting.admin.functions.publish("again")
    saved = await setting.admin.functions.save_draft("again", "x")

    assert created.draft.is_idempotent
    assert version.is_idempotent
    assert not saved.draft.is_idempotent
