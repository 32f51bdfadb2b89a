"""The call river with executions beside it, in memory, and the clock in the test's hand."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count

from drivers.memory import Handler, MemoryDriver, log_text
from drivers.port import Driver
from runner.dispatch import Dispatch
from runner.executions.attempts import Attempts
from runner.executions.attendant import Attendant, Means
from runner.executions.execution import Claim, Execution
from runner.executions.executions import Desk, Executions
from runner.executions.memory import MemoryExecutionStore, MemoryIdempotencyKeys
from runner.executions.once import Once
from runner.executions.ports import IdempotencyKey
from runner.executions.progress import MemoryProgress
from runner.executions.reconciler import Finds, Reconciler
from runner.executions.request import ExecutionRequest
from runner.executions.submission import Submission
from runner.function import Definition
from runner.limit_policy import LimitPolicy
from runner.ports import FunctionStore
from runner.record import Record
from sanderling.access.roles import RolePermissions
from sanderling.fairness.cap import Shares
from sanderling.fairness.memory import MemoryTurns
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import ExecutionClaimed, ExecutionFinished, ExecutionsCounted
from sanderling.kernel.ids import CallId, RequestId, WorkspaceId
from sanderling.kernel.jsontext import JSON
from support.river import Caller, River


class Gate:
    """A handler that waits to be let through, and counts who came."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.began = 0

    async def __call__(self, event: JSON, _: Mapping[str, JSON]) -> JSON:
        """Log that somebody came, and wait."""
        self.began += 1
        log_text(f"began {self.began}\n")
        await self.open.wait()
        return event


class MoodyStore(MemoryExecutionStore):
    """A store that is away for the steps that a test names."""

    def __init__(self, keys: MemoryIdempotencyKeys) -> None:
        """Be there for every step."""
        super().__init__(keys)
        self.away: set[str] = set()
        self.claimed, self.answers_claims = asyncio.Event(), asyncio.Event()
        self.answers_claims.set()

    def _require(self, step: str) -> None:
        if step in self.away:
            raise StoreUnavailableError(reason="it is away")

    async def claim(self, workspace_id: WorkspaceId, claim: Claim) -> Execution | None:
        """Claim, if it is there; whoever claims hears of it when `answers_claims` is set."""
        self._require("claim")
        execution = await super().claim(workspace_id, claim)
        self.claimed.set()
        await self.answers_claims.wait()
        return execution

    async def settle(self, before: Execution, after: Execution) -> bool:
        """Settle, if it is there."""
        self._require("settle")
        return await super().settle(before, after)


class MoodyKeys(MemoryIdempotencyKeys):
    """Keys that may be away when a call is done."""

    is_away = False

    async def complete(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId, answer: bytes
    ) -> bool:
        """Keep the answer, if they are there."""
        if self.is_away:
            raise StoreUnavailableError(reason="it is away")
        return await super().complete(workspace_id, key, call_id, answer)


class Queue:
    """A river, executions, and any number of workers on the same rows."""

    def __init__(
        self,
        handlers: Mapping[str, Handler] | None = None,
        *,
        policy: LimitPolicy | None = None,
        functions: FunctionStore | None = None,
    ) -> None:
        """Join everything; nothing runs before a test says so."""
        driver = MemoryDriver(handlers)
        self.river = River(driver=driver, policy=policy, store=lambda usual: functions or usual)
        river = self.river
        self.clock, self.bus = river.clock, river.bus
        self.keys = MoodyKeys()
        self.store = MoodyStore(self.keys)
        self.progress = MemoryProgress(self.clock)
        self.announced: list[Execution] = []
        self.nudged: list[WorkspaceId] = []
        self.claims: list[ExecutionClaimed] = []
        self.ends: list[ExecutionFinished] = []
        self.counts: list[ExecutionsCounted] = []
        self.bus.subscribe(ExecutionClaimed, self.claims.append)
        self.bus.subscribe(ExecutionFinished, self.ends.append)
        self.bus.subscribe(ExecutionsCounted, self.counts.append)
        self.submission = Submission(
            self.store,
            river.gate,
            river.targets,
            announce=self._announce,
            ids=river.ids,
            clock=self.clock,
        )
        self.worker = self.new_worker()
        self.executions = Executions(
            Desk(
                store=self.store,
                submission=self.submission,
                progress=self.progress,
                permissions=RolePermissions(),
                clock=self.clock,
                bus=self.bus,
                end=self.worker.end,
                on_wait=lambda: None,
            )
        )
        self.once = Once(
            self.keys, river.pipeline, river.gate, river.targets, ids=river.ids, clock=self.clock
        )
        self.reconciler = Reconciler(
            Finds(
                store=self.store,
                attempts=self._attempts(river.driver),
                call_log=river.call_log,
                progress=self.progress,
                announce=self._announce,
                nudge=self._nudge,
                clock=self.clock,
                bus=self.bus,
                random=lambda: 0.5,
            )
        )

    def _attempts(self, driver: Driver) -> Attempts:
        river = self.river
        record = Record(river.call_log, self.bus, river.ids, self.clock)
        return Attempts(river.targets, Dispatch(driver, river.store), record, self.clock)

    def new_worker(self, name: str = "worker-1", *, driver: Driver | None = None) -> Attendant:
        """Return another worker, on the same driver unless it is given one of its own."""
        tokens = count()
        return Attendant(
            Means(
                store=self.store,
                turns=MemoryTurns(Shares(), self.clock, token=lambda: str(next(tokens))),
                attempts=self._attempts(driver or self.river.driver),
                progress=self.progress,
                announce=self._announce,
                ids=self.river.ids,
                clock=self.clock,
                bus=self.bus,
                random=lambda: 0.5,
            ),
            worker=name,
        )

    async def _announce(self, executions: Sequence[Execution]) -> None:
        self.announced += executions

    async def _nudge(self, workspaces: Sequence[WorkspaceId]) -> None:
        self.nudged += workspaces

    async def caller(self, name: str = "echo", definition: Definition | None = None) -> Caller:
        """Return someone who may do everything, in a workspace with a published function."""
        caller = await self.river.caller()
        await self.river.publish(caller, name, definition)
        return caller

    async def submit(self, caller: Caller, event: bytes = b"1", **more: object) -> Execution:
        """Return a new execution."""
        added = await self.submission.submit(caller.principal, a_request(event, **more))
        return added.execution

    async def row(self, execution: Execution) -> Execution:
        """Return an execution as it is kept now."""
        found = await self.store.find(execution.workspace_id, execution.id)
        assert found is not None
        return found

    async def work(self, worker: Attendant | None = None) -> None:
        """Let a worker run everything that is due."""
        await (worker or self.worker).handle(f"{self.river.here}/")

    async def start(self, worker: Attendant | None = None) -> asyncio.Task[None]:
        """Return a worker's task once an execution runs in it."""
        worker = worker or self.worker
        task = asyncio.create_task(self.work(worker))
        await settle()
        assert worker.running
        return task


def a_request(event: bytes = b"1", **more: object) -> ExecutionRequest:
    """Return a request to queue a call of `echo`."""
    members: dict[str, object] = {"function": "echo", "request_id": RequestId("req_test")}
    return ExecutionRequest(event_json=event, **(members | more))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - a test asks for what it likes.


async def settle() -> None:
    """Let every task go as far as it goes without time."""
    for _ in range(20):
        await asyncio.sleep(0)
