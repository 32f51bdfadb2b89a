"""The function store on SQL and its twin in memory cannot be told apart, whatever is done."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from runner.errors import FunctionExists, FunctionUnknown
from runner.function import Function
from runner.memory import MemoryFunctionStore
from runner.ports import FunctionStore, Page
from sanderling.kernel.ids import FunctionId, WorkspaceId
from sanderling.store import SQLFunctionStore, open_database
from support.databases import add_workspaces
from support.records import HERE, START, THERE, a_definition, a_function, a_version

Answer = TypeVar("Answer")

names = st.sampled_from(["a", "b", "a-b"])
sources = st.sampled_from(["1", "2", "3"])
workspaces = st.sampled_from([HERE, THERE])
numbers = st.integers(0, 4)


def _one_function(
    workspace_id: WorkspaceId, cursor: str | None, store: FunctionStore
) -> Awaitable[Page[Function]]:
    return store.list_functions(workspace_id, limit=1, cursor=cursor)


class Twins(RuleBasedStateMachine):
    """Do the same to both stores and compare every answer."""

    template: Path
    folder: Path

    def __init__(self) -> None:
        """Start with two empty stores."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.memory = MemoryFunctionStore()
        self.known: list[Function] = [a_function("missing")]
        self.sql = self.runner.run(self._open())

    async def _open(self) -> FunctionStore:
        path = shutil.copy(self.template, self.folder / "twin.db")
        database = await self.stack.enter_async_context(open_database(f"sqlite:///{path}"))
        await add_workspaces(database)
        return SQLFunctionStore(database)

    def teardown(self) -> None:
        """Close the database."""
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def both(self, act: Callable[[FunctionStore], Awaitable[Answer]]) -> Answer | str:
        """Return what both answered, or the name of what both refused with."""
        answers = [self.runner.run(self._answer(act, store)) for store in (self.memory, self.sql)]
        assert answers[0] == answers[1]
        return answers[0]

    async def _answer(
        self, act: Callable[[FunctionStore], Awaitable[Answer]], store: FunctionStore
    ) -> Answer | str:
        try:
            return await act(store)
        except (FunctionExists, FunctionUnknown) as refused:
            return type(refused).__name__

    def pick(self, data: st.DataObject) -> Function:
        """Return one of the functions that were ever made."""
        return data.draw(st.sampled_from(self.known))

    @rule(name=names, workspace_id=workspaces)
    def add(self, name: str, workspace_id: WorkspaceId) -> None:
        """Add a function, or be refused because the name is taken."""
        function = a_function(name, workspace_id)
        self.both(lambda store: store.add_function(function))
        self.known.append(function)

    @rule(data=st.data(), source=sources, workspace_id=workspaces)
    def save(self, data: st.DataObject, source: str, workspace_id: WorkspaceId) -> None:
        """Save a draft."""
        function = self.pick(data)
        draft = a_definition(source)
        self.both(lambda store: store.save_draft(workspace_id, function.id, draft, saved_at=START))

    @rule(data=st.data(), source=sources, workspace_id=workspaces)
    def publish(self, data: st.DataObject, source: str, workspace_id: WorkspaceId) -> None:
        """Publish a version."""
        version = replace(a_version(self.pick(data), source), workspace_id=workspace_id)
        self.both(lambda store: store.add_version(version))

    @rule(data=st.data(), number=numbers, workspace_id=workspaces)
    def roll_back(self, data: st.DataObject, number: int, workspace_id: WorkspaceId) -> None:
        """Make a version live."""
        function = self.pick(data)
        self.both(lambda store: store.set_live_version(workspace_id, function.id, number))

    @rule(data=st.data(), workspace_id=workspaces)
    def delete(self, data: st.DataObject, workspace_id: WorkspaceId) -> None:
        """Remove a function."""
        function = self.pick(data)
        self.both(lambda store: store.delete_function(workspace_id, function.id))

    @rule(data=st.data(), number=numbers, workspace_id=workspaces)
    def look(self, data: st.DataObject, number: int, workspace_id: WorkspaceId) -> None:
        """Look for a version."""
        function = self.pick(data)
        self.both(lambda store: store.find_version(workspace_id, function.id, number))

    @invariant()
    def lists_agree(self) -> None:
        """Both list the same functions and versions, page by page."""
        for workspace_id in (HERE, THERE):
            self._functions_agree(workspace_id)
        for function in self.known:
            self._versions_agree(function.workspace_id, function.id)

    def _functions_agree(self, workspace_id: WorkspaceId) -> None:
        cursor: str | None = None
        for _ in range(3):
            page = self.both(partial(_one_function, workspace_id, cursor))
            assert not isinstance(page, str)
            cursor = page.next_cursor
            if cursor is None:
                return
        pytest.fail("a list of at most three names has more than three pages")

    def _versions_agree(self, workspace_id: WorkspaceId, function_id: FunctionId) -> None:
        self.both(
            lambda store: store.list_versions(workspace_id, function_id, limit=2, cursor=None)
        )


@pytest.mark.slow
def test_twins_cannot_be_told_apart(sqlite_template: Path, tmp_path: Path) -> None:
    """Whatever is done in whatever order, both stores answer alike."""

    class Here(Twins):
        template = sqlite_template
        folder = tmp_path

    run_state_machine_as_test(
        Here, settings=settings(max_examples=10, stateful_step_count=12, deadline=None)
    )
