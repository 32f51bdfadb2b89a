"""Joins the parts that keep, run and show executions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from runner.dispatch import Dispatch
from runner.executions.attempts import Attempts
from runner.executions.attendant import Attendant, Leases, Means
from runner.executions.execution import Execution
from runner.executions.executions import Desk, Executions
from runner.executions.once import Once
from runner.executions.ports import ExecutionStore, IdempotencyKeys
from runner.executions.progress import Progress
from runner.executions.reconciler import Finds, Reconciler, Rounds
from runner.executions.retry import Random
from runner.executions.submission import Submission
from runner.gate import Gate
from runner.pipeline import Pipeline
from runner.ports import CallLog
from runner.record import Record
from runner.target import Targets
from sanderling.access.permission import Permissions
from sanderling.fairness.ports import Turns
from sanderling.kernel.clock import Clock
from sanderling.kernel.engine import Engine, Ticket
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import Ids, WorkspaceId

TASK = "executions"

HORIZON = timedelta(minutes=5)
"""Engines carry tickets of what is due within this time; what is due later is found by its row."""

MOST_AT_ONCE = 100
"""Tickets for what is due now, of those that are told of together: whoever handles one goes on
while there is work, so more than there are places help nobody."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that executions stand on; `worker` names this process in the rows."""

    store: ExecutionStore
    keys: IdempotencyKeys
    progress: Progress
    turns: Turns
    engine: Engine
    gate: Gate
    targets: Targets
    dispatch: Dispatch
    record: Record
    pipeline: Pipeline
    call_log: CallLog
    permissions: Permissions
    ids: Ids
    clock: Clock
    bus: EventBus
    random: Random
    worker: str
    leases: Leases | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """The parts, joined; nothing runs before the engine consumes."""

    submission: Submission
    executions: Executions
    once: Once
    attendant: Attendant
    reconciler: Reconciler


_PATIENCE = 3
"""How many rounds in a row may find tickets waiting and something due all the same."""


class Tickets:
    """Sends word of executions: to whoever hands out turns, and over an engine.

    Turns decide whose work is next, so a ticket only wakes somebody.
    """

    def __init__(self, engine: Engine, turns: Turns, clock: Clock, *, worker: str) -> None:
        """Tell `engine` and `turns`; no other process has the name `worker`."""
        self._engine = engine
        self._turns = turns
        self._clock = clock
        self._worker = worker
        self._rounds = count(1)
        self._passed = 0

    async def announce(self, executions: Sequence[Execution]) -> None:
        """Tell of executions that are due soon; the others are found by their rows."""
        now = self._clock.now()
        due = [each for each in executions if each.due_at <= now]
        soon = [each for each in executions if now < each.due_at <= now + HORIZON]
        for workspace_id in dict.fromkeys(each.workspace_id for each in due):
            await self._turns.ready(workspace_id)
        await self._engine.enqueue(
            *(Ticket(TASK, _key(each)) for each in due[:MOST_AT_ONCE]),
            *(Ticket(TASK, _key(each), each.due_at) for each in soon),
        )

    async def nudge(self, workspaces: Sequence[WorkspaceId]) -> None:
        """Tell of workspaces that have work which perhaps no ticket leads to."""
        for workspace_id in workspaces:
            await self._turns.ready(workspace_id)
        if self._engine.health().waiting:
            # Somebody is about to be woken, or nobody has a place. But what waits may be for
            # later, or be counted by mistake: now and then the same word is sent all the same,
            # which cannot pile up.
            self._passed += 1
            if self._passed < _PATIENCE:
                return
            mark = f"{self._worker}/again"
        else:
            # A word of its own each time: one that is handled would keep its like from being added.
            mark = f"{self._worker}/{next(self._rounds)}"
        self._passed = 0
        await self._engine.enqueue(*(Ticket(TASK, f"{each}/{mark}") for each in workspaces))


def _key(execution: Execution) -> str:
    return f"{execution.workspace_id}/{execution.id}/{execution.fence}"


def join(ground: Ground, *, rounds: Rounds | None = None, on_wait: Callable[[], None]) -> Joined:
    """Return the parts, joined over `ground`; `on_wait` is called when somebody begins to wait."""
    tickets = Tickets(ground.engine, ground.turns, ground.clock, worker=ground.worker)
    attempts = Attempts(ground.targets, ground.dispatch, ground.record, ground.clock)
    submission = Submission(
        ground.store,
        ground.gate,
        ground.targets,
        announce=tickets.announce,
        ids=ground.ids,
        clock=ground.clock,
    )
    attendant = _attendant(ground, attempts, tickets)
    ground.engine.handle(TASK, attendant.handle)
    desk = Desk(
        store=ground.store,
        submission=submission,
        progress=ground.progress,
        permissions=ground.permissions,
        clock=ground.clock,
        bus=ground.bus,
        end=attendant.end,
        on_wait=on_wait,
    )
    finds = Finds(
        store=ground.store,
        attempts=attempts,
        call_log=ground.call_log,
        progress=ground.progress,
        announce=tickets.announce,
        nudge=tickets.nudge,
        clock=ground.clock,
        bus=ground.bus,
        random=ground.random,
    )
    once = Once(
        ground.keys,
        ground.pipeline,
        ground.gate,
        ground.targets,
        ids=ground.ids,
        clock=ground.clock,
    )
    return Joined(submission, Executions(desk), once, attendant, Reconciler(finds, rounds))


def _attendant(ground: Ground, attempts: Attempts, tickets: Tickets) -> Attendant:
    means = Means(
        store=ground.store,
        turns=ground.turns,
        attempts=attempts,
        progress=ground.progress,
        announce=tickets.announce,
        ids=ground.ids,
        clock=ground.clock,
        bus=ground.bus,
        random=ground.random,
    )
    return Attendant(means, worker=ground.worker, leases=ground.leases)
