"""Calls are queued once, counted once, and turned away before anything is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drivers.limits import Limits
from runner.call import Trigger
from runner.errors import FunctionUnknown, RateLimited, VersionUnknown, VersionUnpublished
from runner.executions.errors import ExecutionRefused, IdempotencyConflict
from runner.executions.execution import Execution, ExecutionStatus
from runner.executions.ports import Added
from runner.executions.request import Submitter
from runner.executions.submission import Submission
from runner.function import Definition, RateLimit
from runner.gate import Gate
from runner.limit_policy import LimitPolicy
from sanderling.access.errors import Forbidden
from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal
from sanderling.access.roles import RolePermissions
from sanderling.kernel.jsontext import InvalidJSON
from support.queue import Queue, a_request
from support.river import ECHO, GENEROUS

YEAR_S = 365 * 86_400


async def test_a_submission_is_kept_as_it_was_asked_for() -> None:
    """Everything that may be asked for is in the row, and whoever runs it is told."""
    queue = Queue()
    caller = await queue.caller()
    now = queue.clock.now()

    execution = await queue.submit(
        caller,
        b'{"a":1}',
        delay_s=5.0,
        deadline_s=60.0,
        priority=1,
        lane="mail",
        max_attempts=2,
        timeout_s=1.5,
        version=1,
    )

    assert execution == await queue.row(execution)
    assert (execution.due_at, execution.deadline_at) == (
        now + timedelta(seconds=5),
        now + timedelta(seconds=60),
    )
    kept = (execution.priority, execution.lane, execution.max_attempts, execution.timeout_s)
    assert kept == (1, "mail", 2, 1.5)
    assert (execution.version, execution.key_id) == (1, caller.principal.key_id)
    assert execution.status is ExecutionStatus.WAITING
    assert [execution] == queue.announced


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"delay_s": -1.0}, "delay_s"),
        ({"delay_s": float("nan")}, "delay_s"),
        ({"delay_s": YEAR_S + 1.0}, "delay_s"),
        ({"deadline_s": 0.0}, "deadline_s"),
        ({"deadline_s": 5.0, "delay_s": 5.0}, "deadline"),
        ({"priority": 10}, "priority"),
        ({"priority": -1}, "priority"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"max_attempts": 21}, "max_attempts"),
        ({"lane": ""}, "lane"),
        ({"lane": "a\0"}, "lane"),
        ({"lane": "l" * 129}, "lane"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": 1e9}, "timeout_s"),
        ({"idempotency_key": ""}, "idempotency key"),
        ({"idempotency_key": "k" * 256}, "idempotency key"),
        ({"idempotency_key": "\N{SNOWMAN}"}, "idempotency key"),
    ],
)
async def test_what_cannot_be_kept_is_refused(asked: dict[str, Any], word: str) -> None:
    """A number out of its range is named, and nothing is kept or counted."""
    queue = Queue()
    caller = await queue.caller()

    with pytest.raises(ExecutionRefused, match=word):
        await queue.submit(caller, **asked)

    assert queue.announced == []


async def test_two_times_to_be_due_are_refused() -> None:
    """Whoever says both when and how late meant something else."""
    queue = Queue()
    caller = await queue.caller()

    with pytest.raises(ExecutionRefused, match="not_before"):
        await queue.submit(caller, delay_s=1.0, not_before=queue.clock.now())
    with pytest.raises(ExecutionRefused, match="not_before"):
        await queue.submit(caller, not_before=queue.clock.now() + timedelta(days=366))


async def test_a_moment_that_is_past_means_now() -> None:
    """It is due at once, and waits behind nobody who was there before."""
    queue = Queue()
    caller = await queue.caller()

    execution = await queue.submit(caller, not_before=queue.clock.now() - timedelta(days=9))

    assert execution.due_at == queue.clock.now()


async def test_what_could_never_run_is_refused() -> None:
    """Unknown functions and versions, broken and oversized events are told at once."""
    queue = Queue()
    caller = await queue.caller(definition=Definition(ECHO, limits=Limits(event_bytes=10)))
    await queue.river.functions.create(caller.principal, "draft", Definition(ECHO))

    with pytest.raises(FunctionUnknown):
        await queue.submit(caller, function="missing")
    with pytest.raises(VersionUnpublished):
        await queue.submit(caller, function="draft")
    with pytest.raises(VersionUnknown):
        await queue.submit(caller, version=2)
    with pytest.raises(InvalidJSON):
        await queue.submit(caller, b"nan")
    with pytest.raises(ExecutionRefused, match="11 bytes"):
        await queue.submit(caller, b'"' + b"a" * 9 + b'"')


async def test_a_key_gives_the_same_execution_again() -> None:
    """Asked twice, it is kept once; another body is a conflict, another caller another thing."""
    queue = Queue()
    caller = await queue.caller()
    other = await queue.river.caller()
    first = await queue.submit(caller, b"1", idempotency_key="k")

    again = await queue.submission.submit(caller.principal, a_request(b"1", idempotency_key="k"))
    with pytest.raises(IdempotencyConflict):
        await queue.submit(caller, b"2", idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        await queue.submit(caller, b"1", idempotency_key="k", priority=0)
    elsewhere = await queue.submit(other, b"2", idempotency_key="k")

    assert Added(first, is_replayed=True) == again
    assert elsewhere.id != first.id
    assert [each.id for each in queue.announced] == [first.id, elsewhere.id]


async def test_a_key_is_free_after_a_day() -> None:
    """What was asked for yesterday may be asked for anew."""
    queue = Queue()
    caller = await queue.caller()
    first = await queue.submit(caller, idempotency_key="k")

    queue.clock.advance(86_400)
    second = await queue.submit(caller, idempotency_key="k")

    assert first.id != second.id


class _Reader(RolePermissions):
    """Lets nobody call functions."""

    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        """Decide as roles do, but for that."""
        if permission is Permission.FUNCTIONS_CALL:
            return Verdict(is_allowed=False, reason="nobody calls here")
        return super().decide(principal, permission)


async def test_who_may_not_call_may_not_queue() -> None:
    """The permission is that of a call, and it is looked at first."""
    queue = Queue()
    caller = await queue.caller()
    river = queue.river
    gate = Gate(river.principals, _Reader(), river.limiter, river.policy, river.clock)
    submission = Submission(
        queue.store, gate, river.targets, announce=_nobody, ids=river.ids, clock=queue.clock
    )

    with pytest.raises(Forbidden):
        await submission.submit(caller.principal, a_request(function="missing"))
    with pytest.raises(Forbidden):
        await submission.submit_batch(caller.principal, [a_request()])


async def _nobody(_: Sequence[Execution]) -> None:
    """Tell nobody."""


async def test_parts_of_the_house_queue_without_a_principal() -> None:
    """A trigger submits in its workspace, under keys of its own, and is counted like anybody."""
    queue = Queue()
    caller = await queue.caller()
    submitter = Submitter(caller.principal.workspace_id, "trigger:1")
    request = a_request(idempotency_key="tick-1")

    added = await queue.submission.submit_for(submitter, request)
    again = await queue.submission.submit_for(submitter, request)

    assert added.execution.key_id is None
    assert again == replace(added, is_replayed=True)


def _limited(executions: int) -> LimitPolicy:
    return LimitPolicy(GENEROUS, GENEROUS, RateLimit(executions, 60_000))


async def test_executions_are_counted_when_they_are_queued() -> None:
    """The limit of executions holds for submissions, and running them counts nothing more."""
    queue = Queue(policy=_limited(2))
    caller = await queue.caller()
    for _ in range(2):
        await queue.submit(caller)

    with pytest.raises(RateLimited):
        await queue.submit(caller)
    await queue.work()

    assert len(queue.ends) == 2


async def test_a_batch_answers_for_each() -> None:
    """What can be kept is, and each of the others is told why not."""
    queue = Queue()
    caller = await queue.caller()

    answers = await queue.submission.submit_batch(
        caller.principal,
        [
            a_request(b"1"),
            a_request(b"{"),
            a_request(b"2", function="missing"),
            a_request(b"3", idempotency_key="k"),
            a_request(b"3", idempotency_key="k"),
            a_request(b"4", idempotency_key="k"),
        ],
    )

    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == [
        *("Added", "InvalidJSON", "FunctionUnknown"),
        *("Added", "Added", "IdempotencyConflict"),
    ]
    first, second = answers[3], answers[4]
    assert isinstance(first, Added)
    assert isinstance(second, Added)
    assert (first.execution.id, second.is_replayed) == (second.execution.id, True)
    assert [each.event_json for each in queue.announced] == [b"1", b"3"]


async def test_a_batch_takes_what_the_limit_has_left() -> None:
    """The first ones that there is room for are kept; the rest come back later."""
    queue = Queue(policy=_limited(5))
    caller = await queue.caller()
    for _ in range(2):
        await queue.submit(caller)

    answers = await queue.submission.submit_batch(
        caller.principal, [a_request(str(number).encode()) for number in range(6)]
    )

    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == [*["Added"] * 3, *["RateLimited"] * 3]


async def test_a_batch_has_its_size() -> None:
    """Nothing at all, and more than a thousand, are refused as a whole."""
    queue = Queue()
    caller = await queue.caller()

    for size in (0, 1001):
        with pytest.raises(ExecutionRefused, match="1 to 1000"):
            await queue.submission.submit_batch(caller.principal, [a_request()] * size)


async def test_runs_of_workflows_are_due_when_the_line_has_come_to_them() -> None:
    """Beyond the soft limit each queued run is due one refill later, and other calls at once."""
    policy = LimitPolicy(GENEROUS, GENEROUS, GENEROUS, workflow_soft=RateLimit(2, 20_000))
    queue = Queue(policy=policy)
    caller = await queue.caller()
    now = queue.clock.now()

    runs = [await queue.submit(caller, trigger=Trigger.WORKFLOW) for _ in range(4)]
    late = await queue.submit(caller, trigger=Trigger.WORKFLOW, delay_s=3600.0)
    other = await queue.submit(caller)

    assert [(run.due_at - now).total_seconds() for run in runs] == [0, 0, 10, 20]
    assert (late.due_at - now).total_seconds() == 3600
    assert other.due_at == now


async def test_runs_of_workflows_beyond_the_hard_limit_are_not_queued() -> None:
    """A queued run is refused like any other, and takes no place in the line."""
    policy = LimitPolicy(GENEROUS, GENEROUS, GENEROUS, workflow_hard=RateLimit(1, 60_000))
    queue = Queue(policy=policy)
    caller = await queue.caller()
    await queue.submit(caller, trigger=Trigger.WORKFLOW)

    with pytest.raises(RateLimited) as refused:
        await queue.submit(caller, trigger=Trigger.WORKFLOW)

    assert refused.value.facts["rule"] == "workflow-executions-hard"
    assert refused.value.resets_in_s == 60
