"""What every function store promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from drivers.port import Digest
from runner.cursor import encode_cursor
from runner.errors import CursorRefused, FunctionExists, FunctionUnknown
from runner.function import Function
from runner.memory import MemoryFunctionStore
from runner.ports import FunctionStore
from sanderling.kernel.ids import FunctionId
from sanderling.store import SQLFunctionStore, open_database
from support.databases import add_workspaces
from support.records import (
    HERE,
    ODD_CURSORS,
    ODD_WORDS,
    START,
    THERE,
    a_definition,
    a_function,
    a_version,
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[FunctionStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryFunctionStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        yield SQLFunctionStore(database)


@pytest.fixture
async def function(store: FunctionStore) -> Function:
    """Return a function that the store keeps."""
    kept = a_function()
    await store.add_function(kept)
    return kept


async def _names(store: FunctionStore, *, limit: int = 2) -> list[list[str]]:
    """Return the names on each page."""
    pages: list[list[str]] = []
    cursor: str | None = None
    while not pages or cursor is not None:
        page = await store.list_functions(HERE, limit=limit, cursor=cursor)
        pages.append([function.name for function in page.rows])
        cursor = page.next_cursor
    return pages


async def test_a_function_comes_back_as_it_was_kept(
    store: FunctionStore, function: Function
) -> None:
    """Every field of a function survives, to the microsecond."""
    assert function == await store.find_function(HERE, function.name)


async def test_a_definition_may_hold_any_text(store: FunctionStore, function: Function) -> None:
    """NUL and lone surrogates in a source come back as they were."""
    draft = a_definition("'\0 \ud800 \N{SNOWMAN}'")

    await store.save_draft(HERE, function.id, draft, saved_at=START)

    found = await store.find_function(HERE, function.name)
    assert found is not None
    assert draft == found.draft


@pytest.mark.parametrize("name", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_name_is_not_found(
    store: FunctionStore, function: Function, name: str
) -> None:
    """No name, however odd, is an error."""
    assert await store.find_function(HERE, name) is None


async def test_a_name_is_taken_once_in_a_workspace(
    store: FunctionStore, function: Function
) -> None:
    """A second function of the name is refused and leaves the first as it was."""
    with pytest.raises(FunctionExists):
        await store.add_function(replace(a_function(), draft=a_definition("other")))

    assert function == await store.find_function(HERE, function.name)


async def test_one_of_many_at_once_gets_the_name(store: FunctionStore) -> None:
    """Of several that add the same name at once, exactly one does."""
    added = await asyncio.gather(
        *(store.add_function(a_function("race")) for _ in range(5)), return_exceptions=True
    )

    assert added.count(None) == 1
    assert sum(isinstance(one, FunctionExists) for one in added) == 4


async def test_functions_are_listed_by_name_byte_by_byte(store: FunctionStore) -> None:
    """Every store sorts alike, whatever the language of its database."""
    for name in ("b", "a_b", "a-b", "ab", "a", "a1"):
        await store.add_function(a_function(name))

    assert await _names(store) == [["a", "a-b"], ["a1", "a_b"], ["ab", "b"]]


async def test_a_page_goes_on_where_the_last_one_ended(store: FunctionStore) -> None:
    """A function that is added or removed between two pages shifts none of the others."""
    functions = {name: a_function(name) for name in ("b", "d", "f")}
    for function in functions.values():
        await store.add_function(function)
    first = await store.list_functions(HERE, limit=2, cursor=None)

    await store.add_function(a_function("a"))
    await store.add_function(a_function("e"))
    await store.delete_function(HERE, functions["d"].id)
    second = await store.list_functions(HERE, limit=5, cursor=first.next_cursor)

    assert [function.name for function in second.rows] == ["e", "f"]
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ODD_CURSORS.values(), ids=ODD_CURSORS)
async def test_a_cursor_from_elsewhere_is_refused(
    store: FunctionStore, function: Function, cursor: str
) -> None:
    """Only what a list gave is taken back by that list."""
    with pytest.raises(CursorRefused):
        await store.list_functions(HERE, limit=1, cursor=cursor)
    with pytest.raises(CursorRefused):
        await store.list_versions(HERE, function.id, limit=1, cursor=cursor)


@pytest.mark.parametrize("part", ["\0", "\ud800", 3, 2**31, -1])
async def test_a_forged_cursor_is_refused(
    store: FunctionStore, function: Function, part: str | int
) -> None:
    """A cursor that no database could compare with never reaches one."""
    with pytest.raises(CursorRefused):
        await store.list_functions(HERE, limit=1, cursor=encode_cursor("functions", part))
    word = encode_cursor("versions", part)
    if part != 3:
        with pytest.raises(CursorRefused):
            await store.list_versions(HERE, function.id, limit=1, cursor=word)


async def test_saving_replaces_the_draft_alone(store: FunctionStore, function: Function) -> None:
    """A draft that is saved changes neither name nor versions."""
    draft, saved_at = a_definition("new"), START + timedelta(days=1)

    saved = await store.save_draft(HERE, function.id, draft, saved_at=saved_at)

    assert replace(function, draft=draft, updated_at=saved_at) == saved
    assert saved == await store.find_function(HERE, function.name)


async def test_saving_for_no_function_saves_nothing(store: FunctionStore) -> None:
    """There is no draft without a function."""
    missing = FunctionId("fn_missing")

    assert await store.save_draft(HERE, missing, a_definition(), saved_at=START) is None


async def test_a_published_version_is_live(store: FunctionStore, function: Function) -> None:
    """Publishing counts from 1 and makes the version what callers get."""
    version = await store.add_version(a_version(function))

    assert replace(a_version(function), number=1) == version
    assert version == await store.find_version(HERE, function.id, 1)
    found = await store.find_function(HERE, function.name)
    assert replace(function, live_version=1, latest_version=1) == found


async def test_publishing_the_same_again_makes_it_live_again(
    store: FunctionStore, function: Function
) -> None:
    """Equal definitions are one version, however often they are published."""
    first = await store.add_version(a_version(function, "1"))
    await store.add_version(a_version(function, "2"))

    again = replace(a_version(function, "1"), published_at=START + timedelta(days=9))
    published = await store.add_version(again)

    assert first == published
    found = await store.find_function(HERE, function.name)
    assert replace(function, live_version=1, latest_version=2) == found


async def test_publishers_at_once_get_numbers_one_by_one(
    store: FunctionStore, function: Function
) -> None:
    """Nobody gets a number twice and none is left out."""
    published = await asyncio.gather(
        *(store.add_version(a_version(function, str(n))) for n in range(6))
    )

    assert sorted(version.number for version in published) == [1, 2, 3, 4, 5, 6]


async def test_publishing_to_no_function_is_refused(
    store: FunctionStore, function: Function
) -> None:
    """A function that is gone gets no version."""
    await store.delete_function(HERE, function.id)

    with pytest.raises(FunctionUnknown):
        await store.add_version(a_version(function))


async def test_versions_are_listed_newest_first(store: FunctionStore, function: Function) -> None:
    """Pages go from the last number to the first, without what comes after they began."""
    for source in ("1", "2", "3"):
        await store.add_version(a_version(function, source))

    first = await store.list_versions(HERE, function.id, limit=2, cursor=None)
    await store.add_version(a_version(function, "4"))
    second = await store.list_versions(HERE, function.id, limit=2, cursor=first.next_cursor)

    assert [version.number for version in first.rows] == [3, 2]
    assert [version.number for version in second.rows] == [1]
    assert second.next_cursor is None


async def test_rolling_back_makes_an_older_version_live(
    store: FunctionStore, function: Function
) -> None:
    """Only what callers get changes."""
    await store.add_version(a_version(function, "1"))
    await store.add_version(a_version(function, "2"))

    assert await store.set_live_version(HERE, function.id, 1)

    found = await store.find_function(HERE, function.name)
    assert replace(function, live_version=1, latest_version=2) == found


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**63, 10**30])
async def test_an_unknown_number_is_not_found(
    store: FunctionStore, function: Function, number: int
) -> None:
    """No number, however large, is an error, and none of them becomes live."""
    await store.add_version(a_version(function))

    assert await store.find_version(HERE, function.id, number) is None
    assert not await store.set_live_version(HERE, function.id, number)
    found = await store.find_function(HERE, function.name)
    assert found is not None
    assert found.live_version == 1


async def test_deleting_gives_back_the_versions(store: FunctionStore, function: Function) -> None:
    """What drivers should forget is told once, oldest first; nothing of it is left."""
    kept = [await store.add_version(a_version(function, source)) for source in ("1", "2")]

    assert tuple(kept) == await store.delete_function(HERE, function.id)

    assert await store.find_function(HERE, function.name) is None
    assert await store.find_version(HERE, function.id, 1) is None
    assert await store.delete_function(HERE, function.id) is None


async def test_a_deleted_name_starts_anew(store: FunctionStore, function: Function) -> None:
    """A function of the same name is another function and counts from 1."""
    await store.add_version(a_version(function))
    await store.delete_function(HERE, function.id)

    successor = a_function(function.name)
    await store.add_function(successor)
    version = await store.add_version(a_version(successor))

    assert version.number == 1


async def test_a_workspace_neither_sees_nor_changes_functions_of_another(
    store: FunctionStore, function: Function
) -> None:
    """Every method stays inside the workspace that it is given."""
    version = await store.add_version(a_version(function))
    before = await store.find_function(HERE, function.name)

    seen: list[object] = [
        await store.find_function(THERE, function.name),
        (await store.list_functions(THERE, limit=9, cursor=None)).rows,
        await store.find_version(THERE, function.id, 1),
        (await store.list_versions(THERE, function.id, limit=9, cursor=None)).rows,
    ]
    changed: list[object] = [
        await store.save_draft(THERE, function.id, a_definition("x"), saved_at=START),
        await store.set_live_version(THERE, function.id, 1),
        await store.delete_function(THERE, function.id),
    ]
    with pytest.raises(FunctionUnknown):
        await store.add_version(replace(a_version(function, "x"), workspace_id=THERE))

    assert seen == [None, (), None, ()]
    assert changed == [None, False, None]
    assert before == await store.find_function(HERE, function.name)
    assert (version,) == (await store.list_versions(HERE, function.id, limit=9, cursor=None)).rows


async def test_two_workspaces_may_use_one_name(store: FunctionStore, function: Function) -> None:
    """A name belongs to its workspace."""
    theirs = a_function(function.name, THERE)

    await store.add_function(theirs)

    assert theirs == await store.find_function(THERE, function.name)
    assert function == await store.find_function(HERE, function.name)


async def test_every_version_is_known_to_drivers_by_its_key(
    store: FunctionStore, function: Function
) -> None:
    """The keys of all versions come back, and go with their function."""
    version = a_version(function)
    before = await store.artifact_keys()

    await store.add_version(version)

    assert before == frozenset()
    assert await store.artifact_keys() == {version.artifact_key}
    assert await store.is_version(version.artifact_key)
    for other in (
        replace(version.artifact_key, digest=Digest("0" * 64)),
        replace(version.artifact_key, workspace_id=THERE),
        replace(version.artifact_key, function_id=FunctionId("fn_other")),
    ):
        assert not await store.is_version(other)
    await store.delete_function(function.workspace_id, function.id)
    assert await store.artifact_keys() == frozenset()
    assert not await store.is_version(version.artifact_key)
