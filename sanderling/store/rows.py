"""What queries are and give, and pages of it."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, Select

from runner.ports import Page
from sanderling.store.database import Database

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

Item = TypeVar("Item")


async def read_one(
    database: Database, query: AnySelect, build: Callable[[AnyRow], Item]
) -> Item | None:
    """Return what `build` makes of the one row that `query` finds, if it finds one."""
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else build(row)


async def read_all(
    database: Database, query: AnySelect, build: Callable[[AnyRow], Item]
) -> tuple[Item, ...]:
    """Return what `build` makes of each row."""
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return tuple(map(build, rows))


def page_of(items: tuple[Item, ...], limit: int, word: Callable[[Item], str]) -> Page[Item]:
    """Return the first `limit` items; one more than that means that there is a next page."""
    page = items[:limit]
    return Page(page, word(page[-1]) if len(items) > limit else None)


def portions(items: Sequence[Item], size: int = 500) -> Generator[Sequence[Item]]:
    """Yield all items, at most `size` at once, so that no statement has too many parameters."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
