"""Many rows at once are kept as SQLAlchemy keeps one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from sanderling.store import Database
from sanderling.store.errors import StoreError
from sanderling.store.row_insert import RowInsert
from sanderling.store.sync_schema import calendar_events

_AT = datetime(2026, 3, 1, 12, 30, 0, 5, timezone(timedelta(hours=2)))
_ODD = ("half \ud83d", "nul\0", "back\\slash", "\N{SNOWMAN}", "")


def _row(remote_id: str, *, account_id: str = "acc_1", revision: int = 1) -> dict[str, object]:
    return {
        "account_id": account_id,
        "calendar_id": "primary",
        "remote_id": remote_id,
        "workspace_id": "ws_1",
        "id": "evt_1",
        "recurring_id": None,
        "is_gone": True,
        "generation": 2**40,
        "revision": revision,
        "starts_at": _AT,
        "content": b"\0\xff",
    }


async def _rows(database: Database, account_id: str) -> list[dict[str, object]]:
    query = select(calendar_events).where(calendar_events.c.account_id == account_id)
    async with database.read() as connection:
        found = (await connection.execute(query.order_by("remote_id"))).mappings().all()
    return [{**row, "account_id": ""} for row in found]


async def test_rows_are_kept_as_one_row_is(database: Database) -> None:
    """Every type of column comes back the same from rows put in at once and one by one."""
    insert = RowInsert(database.insert(calendar_events))

    async with database.write() as connection:
        await insert.run(connection, [_row(each) for each in _ODD])
        for each in _ODD:
            row = _row(each, account_id="acc_2")
            await connection.execute(database.insert(calendar_events), row)

    kept = await _rows(database, "acc_1")
    assert kept == await _rows(database, "acc_2")
    assert {row["remote_id"] for row in kept} == set(_ODD)
    assert {row["starts_at"] for row in kept} == {_AT.astimezone(UTC)}


async def test_rows_take_the_place_of_those_with_their_key(database: Database) -> None:
    """An INSERT that replaces does so for each of many rows, in any order of their columns."""
    insert = RowInsert(database.replacing(calendar_events))
    later = [dict(reversed(_row(each, revision=2).items())) for each in _ODD]

    async with database.write() as connection:
        await insert.run(connection, [_row(each) for each in _ODD])
        await insert.run(connection, later)

    assert {row["revision"] for row in await _rows(database, "acc_1")} == {2}


async def test_a_row_without_a_column_is_refused(database: Database) -> None:
    """Nothing is put in of rows that are not whole."""
    insert = RowInsert(database.insert(calendar_events))
    part = _row("part")
    del part["content"]

    with pytest.raises((KeyError, StoreError)):
        async with database.write() as connection:
            await insert.run(connection, [_row("whole"), part])

    assert await _rows(database, "acc_1") == []
