"""Workspaces: one default, and others beside it."""

import asyncio

from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds, is_id
from sanderling.store import Database, SQLWorkspaces, Workspace


async def test_there_is_one_default_workspace(database: Database) -> None:
    """Asking again, and asking from many places at once, gives the same one."""
    spaces = SQLWorkspaces(database)

    at_once = await asyncio.gather(*(spaces.ensure_default() for _ in range(5)))
    again = await SQLWorkspaces(database).ensure_default()

    assert {again} == set(at_once)
    assert is_id(again, "ws")
    assert [again] == [workspace.id for workspace in await spaces.list()]


async def test_workspaces_are_listed_oldest_first(database: Database) -> None:
    """Names may repeat; ids tell workspaces apart."""
    clock = VirtualClock()
    spaces = SQLWorkspaces(database, ids=SortableIds(clock), clock=clock)

    first = await spaces.ensure_default()
    moment = clock.now()
    clock.advance(1)
    second = await spaces.add("Acme \N{SNOWMAN}")
    third = await spaces.add("Acme \N{SNOWMAN}")

    assert Workspace(first, "Default", moment) == (await spaces.list())[0]
    assert [first, second, third] == [workspace.id for workspace in await spaces.list()]
