"""Whatever workers, crashes and callers do in whatever order, executions keep their promises.

The same steps are done to the store in memory and to the one on SQL. Both answer alike, and what
is promised of executions holds after every step.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from drivers.port import Outcome, OutcomeKind
from runner.executions.execution import Execution, ExecutionStatus, lost, overdue
from runner.executions.memory import MemoryExecutionStore
from runner.executions.ports import ExecutionFilter, ExecutionStore
from runner.executions.retry import settled
from sanderling.store import SQLExecutionStore, open_database
from support.databases import add_workspaces
from support.executions import LEASE, a_claim, an_execution, an_idempotency_key, submitted
from support.records import HERE, START

Answer = TypeVar("Answer")

EVERYTHING = ExecutionFilter()
kinds = st.sampled_from(sorted(OutcomeKind))
lanes = st.sampled_from([None, "a", "b"])
keys = st.sampled_from([None, "k", "l"])


class Promises(RuleBasedStateMachine):
    """Do the same to both stores, and hold every promise after each step."""

    template: Path
    folder: Path

    def __init__(self) -> None:
        """Start with two empty stores, nobody at work, and the clock at its start."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.memory: ExecutionStore = MemoryExecutionStore()
        self.sql = self.runner.run(self._open())
        self.now: datetime = START
        self.kept: dict[str, Execution] = {}
        self.ended: dict[str, Execution] = {}
        self.fences: dict[str, int] = {}
        self.claims: list[Execution] = []

    async def _open(self) -> ExecutionStore:
        path = shutil.copy(self.template, self.folder / "promises.db")
        database = await self.stack.enter_async_context(open_database(f"sqlite:///{path}"))
        await add_workspaces(database)
        return SQLExecutionStore(database)

    def teardown(self) -> None:
        """Close the database."""
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def both(self, act: Callable[[ExecutionStore], Awaitable[Answer]]) -> Answer:
        """Return what both answered."""

        async def ask(store: ExecutionStore) -> Answer:
            return await act(store)

        answers = [self.runner.run(ask(store)) for store in (self.memory, self.sql)]
        assert answers[0] == answers[1]
        return answers[0]

    def pick(self, data: st.DataObject) -> Execution | None:
        """Return one of the claims that were ever made, by whoever still believes in it."""
        return data.draw(st.sampled_from(self.claims)) if self.claims else None

    @rule(
        lane=lanes,
        key=keys,
        priority=st.integers(0, 2),
        most=st.integers(1, 3),
        delay_s=st.integers(0, 40),
        deadline_s=st.none() | st.integers(41, 90),
    )
    def submit(
        self,
        lane: str | None,
        key: str | None,
        priority: int,
        most: int,
        delay_s: int,
        deadline_s: int | None,
    ) -> None:
        """Queue a call, or be told of the one with the same key."""
        execution = an_execution(
            lane=lane,
            priority=priority,
            max_attempts=most,
            created_at=self.now,
            due_at=self.now + timedelta(seconds=delay_s),
            deadline_at=deadline_s and self.now + timedelta(seconds=deadline_s),
        )
        word = None if key is None else an_idempotency_key(key, at=self.now, lasts_s=1e6)
        (added,) = self.both(lambda store: store.add([submitted(execution, word)]))
        kept = getattr(added, "execution", execution)
        self.kept.setdefault(kept.id, kept)

    @rule()
    def claim(self) -> None:
        """Let a worker take the next one."""
        claim = a_claim(self.now)
        claimed = self.both(lambda store: store.claim(HERE, claim))
        if claimed is not None:
            assert claimed.fence > self.fences.get(claimed.id, 0)
            self.fences[claimed.id] = claimed.fence
            self.claims.append(claimed)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        """Let a worker lengthen its lease, or learn that it has none."""
        held = self.pick(data)
        if held is not None:
            until = self.now + LEASE
            self.both(lambda store: store.renew(held, lease_until=until))

    @rule(data=st.data(), kind=kinds, is_idempotent=st.booleans())
    def finish(self, data: st.DataObject, kind: OutcomeKind, *, is_idempotent: bool) -> None:
        """Let a worker tell an outcome, also long after it was taken for gone."""
        held = self.pick(data)
        if held is None:
            return
        after = settled(
            held,
            Outcome(kind, "memory"),
            b"{}",
            is_idempotent=is_idempotent,
            now=self.now,
            random=lambda: 0.5,
        )
        is_written = self.both(lambda store: store.settle(held, after))
        assert not is_written or held.fence == self.fences[held.id]

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Ask for the end of any execution."""
        if self.kept:
            execution = self.kept[data.draw(st.sampled_from(sorted(self.kept)))]
            self.both(lambda store: store.ask_cancel(HERE, execution.id, now=self.now))

    @rule(seconds=st.integers(1, 45), is_idempotent=st.booleans())
    def reconcile(self, seconds: int, *, is_idempotent: bool) -> None:
        """Let time pass, heal what was left behind, and end what is too late."""
        self.now += timedelta(seconds=seconds)
        for each in self.both(lambda store: _listed(store.expired(self.now, limit=9))):
            healed = lost(each, self.now, is_idempotent=is_idempotent, pause_s=1.0)
            self._heal(each, healed)
        for each in self.both(lambda store: _listed(store.overdue(self.now, limit=9))):
            self._give_up(each)
        self.both(lambda store: _listed(store.due_workspaces(self.now, limit=9)))

    def _heal(self, before: Execution, after: Execution) -> None:
        self.both(lambda store: store.settle(before, after))

    def _give_up(self, before: Execution) -> None:
        self.both(lambda store: store.end_waiting(before, overdue(before, self.now)))

    @invariant()
    def promises_hold(self) -> None:
        """Nothing is lost, nothing ends twice, attempts are bounded and lanes do not overlap."""
        rows = {each: self._row(each) for each in self.kept}
        running = [row.lane for row in rows.values() if row.status is ExecutionStatus.RUNNING]
        taken = [lane for lane in running if lane is not None]
        assert len(taken) == len(set(taken))
        for execution_id, row in rows.items():
            assert row.attempts <= row.max_attempts
            assert row.fence == self.fences.get(execution_id, 0)
            assert (row.lease_until is not None) == (row.status is ExecutionStatus.RUNNING)
            assert row.is_final == (row.finished_at is not None)
            if execution_id in self.ended:
                assert row == self.ended[execution_id]
            elif row.is_final:
                self.ended[execution_id] = row

    def _row(self, execution_id: str) -> Execution:
        execution = self.kept[execution_id]
        row = self.both(lambda store: store.find(HERE, execution.id))
        assert row is not None
        return row

    @invariant()
    def lists_agree(self) -> None:
        """Both list the same."""
        self.both(lambda store: store.list(HERE, matching=EVERYTHING, limit=50, cursor=None))
        self.both(lambda store: store.counts())


async def _listed(asked: Awaitable[Sequence[Answer]]) -> list[Answer]:
    return list(await asked)


@pytest.mark.slow
def test_promises_hold_whatever_happens(sqlite_template: Path, tmp_path: Path) -> None:
    """Both stores keep every promise in any order of steps."""

    class Here(Promises):
        template = sqlite_template
        folder = tmp_path

    run_state_machine_as_test(
        Here, settings=settings(max_examples=15, stateful_step_count=25, deadline=None)
    )
