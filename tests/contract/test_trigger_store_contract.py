"""What every store of triggers promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from runner.errors import CursorRefused, FunctionUnknown
from runner.function import Function
from runner.memory import MemoryFunctionStore
from runner.ports import FunctionStore
from runner.triggers.errors import TriggersFull
from runner.triggers.memory import MemoryTriggerStore
from runner.triggers.ports import TriggerFilter, TriggerStore
from runner.triggers.trigger import MAX_TRIGGERS, HTTPMethod, HTTPRoute, Trigger, TriggerKind
from sanderling.kernel.ids import TriggerId
from sanderling.store import SQLFunctionStore, SQLTriggerStore, open_database
from support.databases import add_workspaces
from support.records import HERE, ODD_CURSORS, ODD_WORDS, START, THERE, a_function
from support.triggers import QUEUED, ROUTE, SCHEDULE, WATCH, a_trigger

ANY = TriggerFilter()


@dataclass(frozen=True)
class Stores:
    """A store of triggers beside the functions they go with, of which it knows two."""

    triggers: TriggerStore
    functions: FunctionStore
    first: Function
    second: Function


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[Stores]:
    """Yield an empty store of each kind in turn."""
    first, second = a_function("first"), a_function("second")
    if request.param == "memory":
        functions = MemoryFunctionStore()
        found = Stores(MemoryTriggerStore(functions), functions, first, second)
        await _fill(found)
        yield found
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        found = Stores(SQLTriggerStore(database), SQLFunctionStore(database), first, second)
        await _fill(found)
        yield found


async def _fill(stores: Stores) -> None:
    await stores.functions.add_function(stores.first)
    await stores.functions.add_function(stores.second)


async def _add(stores: Stores, count: int) -> list[Trigger]:
    return [await stores.triggers.add_trigger(a_trigger(stores.first)) for _ in range(count)]


async def _order(stores: Stores) -> list[TriggerId]:
    page = await stores.triggers.list_triggers(HERE, matching=ANY, limit=100, cursor=None)
    return [trigger.id for trigger in page.rows]


@pytest.mark.parametrize("settings", [ROUTE, QUEUED, WATCH, SCHEDULE])
async def test_a_trigger_comes_back_as_it_was_kept(stores: Stores, settings: HTTPRoute) -> None:
    """Every setting survives, and every moment to the microsecond."""
    trigger = a_trigger(stores.first, settings, is_enabled=False)

    added = await stores.triggers.add_trigger(trigger)

    assert replace(trigger, position=1) == added
    assert added == await stores.triggers.find_trigger(HERE, trigger.id)


async def test_triggers_of_no_function_are_refused(stores: Stores) -> None:
    """A trigger needs a function of its own workspace that is there."""
    for stranger in (a_function("ghost"), replace(stores.first, workspace_id=THERE)):
        with pytest.raises(FunctionUnknown):
            await stores.triggers.add_trigger(a_trigger(stranger))


async def test_triggers_are_in_the_order_in_which_they_came(stores: Stores) -> None:
    """A new trigger is behind all others, so it takes nothing away from them."""
    added = await _add(stores, 3)

    assert await _order(stores) == [trigger.id for trigger in added]
    assert [trigger.position for trigger in added] == [1, 2, 3]


async def test_many_at_once_get_places_of_their_own(stores: Stores) -> None:
    """No two triggers that are made at the same time share a position."""
    added = await asyncio.gather(
        *(stores.triggers.add_trigger(a_trigger(stores.first)) for _ in range(6))
    )

    assert sorted(trigger.position for trigger in added) == [1, 2, 3, 4, 5, 6]


async def test_a_trigger_moves_before_another_and_behind_all(stores: Stores) -> None:
    """The others keep their order among themselves."""
    one, two, three = (trigger.id for trigger in await _add(stores, 3))

    assert await stores.triggers.move_trigger(HERE, three, before=one)
    moved_up = await _order(stores)
    assert await stores.triggers.move_trigger(HERE, three, before=None)
    moved_down = await _order(stores)

    assert moved_up == [three, one, two]
    assert moved_down == [one, two, three]


async def test_moving_before_itself_moves_nothing(stores: Stores) -> None:
    """A trigger can be told to stay where it is."""
    added = [trigger.id for trigger in await _add(stores, 3)]

    assert await stores.triggers.move_trigger(HERE, added[1], before=added[1])

    assert added == await _order(stores)


async def test_nothing_moves_when_one_of_the_two_is_missing(stores: Stores) -> None:
    """A move needs both."""
    (trigger,) = await _add(stores, 1)
    missing = TriggerId("trg_missing")

    assert not await stores.triggers.move_trigger(HERE, missing, before=None)
    assert not await stores.triggers.move_trigger(HERE, trigger.id, before=missing)


async def test_movers_at_once_leave_each_trigger_in_one_place(stores: Stores) -> None:
    """However many move, none is lost and no position is there twice."""
    added = [trigger.id for trigger in await _add(stores, 4)]

    await asyncio.gather(
        *(stores.triggers.move_trigger(HERE, one, before=added[0]) for one in added[1:])
    )

    page = await stores.triggers.list_triggers(HERE, matching=ANY, limit=9, cursor=None)
    assert sorted(added) == sorted(trigger.id for trigger in page.rows)
    assert [trigger.position for trigger in page.rows] == [1, 2, 3, 4]


async def test_pages_go_on_where_the_last_one_ended(stores: Stores) -> None:
    """A list is read in parts, and filters hold on each."""
    for settings in (ROUTE, WATCH, ROUTE, WATCH):
        await stores.triggers.add_trigger(a_trigger(stores.first, settings))
    await stores.triggers.add_trigger(a_trigger(stores.second, WATCH))
    watching = TriggerFilter(kind=TriggerKind.RECORD)

    first = await stores.triggers.list_triggers(HERE, matching=watching, limit=2, cursor=None)
    second = await stores.triggers.list_triggers(
        HERE, matching=watching, limit=2, cursor=first.next_cursor
    )
    theirs = await stores.triggers.list_triggers(
        HERE, matching=TriggerFilter(function="second"), limit=9, cursor=None
    )

    assert [trigger.position for trigger in (*first.rows, *second.rows)] == [2, 4, 5]
    assert second.next_cursor is None
    assert [trigger.position for trigger in theirs.rows] == [5]


@pytest.mark.parametrize("cursor", ODD_CURSORS.values(), ids=ODD_CURSORS)
async def test_a_cursor_from_elsewhere_is_refused(stores: Stores, cursor: str) -> None:
    """Only what a list gave is taken back by that list."""
    with pytest.raises(CursorRefused):
        await stores.triggers.list_triggers(HERE, matching=ANY, limit=1, cursor=cursor)


@pytest.mark.parametrize("word", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_id_is_not_found(stores: Stores, word: str) -> None:
    """No id, however odd, is an error."""
    assert await stores.triggers.find_trigger(HERE, TriggerId(word)) is None


async def test_settings_are_replaced_as_a_whole(stores: Stores) -> None:
    """A change leaves the place, the function and the switch alone."""
    kept = await stores.triggers.add_trigger(a_trigger(stores.first, is_enabled=False))
    other = HTTPRoute("/other", HTTPMethod.GET)
    later = START + timedelta(days=1)

    saved = await stores.triggers.save_settings(HERE, kept.id, other, saved_at=later)

    assert replace(kept, settings=other, updated_at=later) == saved
    assert saved == await stores.triggers.find_trigger(HERE, kept.id)


async def test_only_enabled_triggers_of_a_kind_are_at_work(stores: Stores) -> None:
    """What is switched off is left out, in the order of the rest."""
    first = await stores.triggers.add_trigger(a_trigger(stores.first, ROUTE))
    second = await stores.triggers.add_trigger(a_trigger(stores.second, ROUTE))
    await stores.triggers.add_trigger(a_trigger(stores.first, WATCH))

    off = await stores.triggers.set_enabled(HERE, first.id, is_enabled=False, saved_at=START)
    at_work = await stores.triggers.enabled_triggers(HERE, TriggerKind.HTTP)
    on = await stores.triggers.set_enabled(HERE, first.id, is_enabled=True, saved_at=START)

    assert replace(first, is_enabled=False, updated_at=START) == off
    assert at_work == (second,)
    assert on is not None
    assert await stores.triggers.enabled_triggers(HERE, TriggerKind.HTTP) == (on, second)


async def test_a_deleted_trigger_is_gone(stores: Stores) -> None:
    """It is deleted once, and the others stay."""
    first, second = await _add(stores, 2)

    assert await stores.triggers.delete_trigger(HERE, first.id)
    assert not await stores.triggers.delete_trigger(HERE, first.id)

    assert await _order(stores) == [second.id]


async def test_a_function_takes_its_triggers_with_it(stores: Stores) -> None:
    """Nothing calls a function that is gone, also not one of the same name that comes later."""
    gone = await stores.triggers.add_trigger(a_trigger(stores.first))
    stays = await stores.triggers.add_trigger(a_trigger(stores.second))

    await stores.functions.delete_function(HERE, stores.first.id)
    await stores.functions.add_function(a_function("first"))

    assert await stores.triggers.find_trigger(HERE, gone.id) is None
    assert await stores.triggers.enabled_triggers(HERE, TriggerKind.HTTP) == (stays,)
    saved = await stores.triggers.save_settings(HERE, gone.id, WATCH, saved_at=START)
    assert saved is None


async def test_a_workspace_neither_sees_nor_changes_triggers_of_another(stores: Stores) -> None:
    """Every method stays inside the workspace that it is given."""
    (kept,) = await _add(stores, 1)

    seen: list[object] = [
        await stores.triggers.find_trigger(THERE, kept.id),
        (await stores.triggers.list_triggers(THERE, matching=ANY, limit=9, cursor=None)).rows,
        await stores.triggers.enabled_triggers(THERE, TriggerKind.HTTP),
    ]
    changed: list[object] = [
        await stores.triggers.save_settings(THERE, kept.id, WATCH, saved_at=START),
        await stores.triggers.set_enabled(THERE, kept.id, is_enabled=False, saved_at=START),
        await stores.triggers.move_trigger(THERE, kept.id, before=None),
        await stores.triggers.delete_trigger(THERE, kept.id),
    ]

    assert seen == [None, (), ()]
    assert changed == [None, None, False, False]
    assert kept == await stores.triggers.find_trigger(HERE, kept.id)


@pytest.mark.slow
async def test_a_workspace_has_no_more_triggers_than_it_may(stores: Stores) -> None:
    """Each request may be compared with all of them, so there is an end."""
    await _add(stores, MAX_TRIGGERS)

    with pytest.raises(TriggersFull):
        await stores.triggers.add_trigger(a_trigger(stores.first))

    page = await stores.triggers.list_triggers(
        HERE, matching=ANY, limit=MAX_TRIGGERS + 1, cursor=None
    )
    assert len(page.rows) == MAX_TRIGGERS
