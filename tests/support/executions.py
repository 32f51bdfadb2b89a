"""Executions to keep, and what claims them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from runner.call import Trigger
from runner.executions.execution import Claim, Execution, ExecutionStatus, finished
from runner.executions.memory import MemoryExecutionStore
from runner.executions.ports import ExecutionStore, IdempotencyKey, Submitted
from sanderling.kernel.ids import (
    CallId,
    ExecutionId,
    FunctionId,
    KeyId,
    RequestId,
    WorkspaceId,
)
from sanderling.store import SQLExecutionStore, open_database
from support.databases import add_workspaces
from support.records import HERE, START

LEASE = timedelta(seconds=30)

_numbers = count(1)


def an_execution(
    workspace_id: WorkspaceId = HERE, *, due_in_s: float = 0.0, **more: Any
) -> Execution:
    """Return a new execution that is due `due_in_s` seconds after the start."""
    number = next(_numbers)
    members: dict[str, Any] = {
        "id": ExecutionId(f"exec_{number:026}"),
        "function_id": FunctionId("fn_1"),
        "function_name": "greet",
        "version": None,
        "trigger": Trigger.API,
        "key_id": KeyId("key_1"),
        "request_id": RequestId(f"req_{number}"),
        "event_json": b'{"name":"\\u0000 \xc3\xa9"}',
        "created_at": START,
        "due_at": START + timedelta(seconds=due_in_s),
    }
    return Execution(workspace_id=workspace_id, **(members | more))


def a_whole_execution() -> Execution:
    """Return a new execution in which everything that a caller may ask for is set."""
    return an_execution(
        version=3,
        trigger=Trigger.WORKFLOW,
        deadline_at=START + timedelta(days=1),
        timeout_s=0.1 + 0.2,
        priority=9,
        lane="mail\N{SNOWMAN}",
        max_attempts=20,
        replay_of=ExecutionId("exec_before"),
    )


def a_claim(now: datetime = START, *, worker: str = "worker-1") -> Claim:
    """Return what a worker puts on an execution that it claims at `now`."""
    return Claim(worker, CallId(f"call_{next(_numbers):026}"), now, now + LEASE)


def an_idempotency_key(
    key: str = "order-1",
    *,
    caller: str = "key_1",
    digest: str = "d" * 64,
    at: datetime = START,
    lasts_s: float = 60.0,
) -> IdempotencyKey:
    """Return a key that its caller used at `at`."""
    return IdempotencyKey(caller, key, digest, at, at + timedelta(seconds=lasts_s))


def submitted(execution: Execution | None = None, key: IdempotencyKey | None = None) -> Submitted:
    """Return a submission."""
    return Submitted(execution or an_execution(), key)


@asynccontextmanager
async def execution_store(request: pytest.FixtureRequest) -> AsyncGenerator[ExecutionStore]:
    """Yield an empty store of the kind that the fixture is parametrised with."""
    if request.param == "memory":
        yield MemoryExecutionStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        yield SQLExecutionStore(database)


async def keep(store: ExecutionStore, *executions: Execution) -> None:
    """Keep executions."""
    await store.add([submitted(each) for each in executions])


async def run(store: ExecutionStore, execution: Execution | None = None) -> Execution:
    """Return an execution that the store keeps and somebody claimed."""
    await keep(store, execution or an_execution())
    found = await store.claim(HERE, a_claim())
    assert found is not None
    return found


def succeeded(execution: Execution) -> Execution:
    """Return an execution that did well."""
    return finished(
        execution,
        ExecutionStatus.SUCCEEDED,
        START + LEASE,
        outcome="ok",
        answer_json=b'{"\\u0000":1}',
    )
