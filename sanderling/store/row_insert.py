"""Inserts many rows at once, for little more than what the database itself takes."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Dialect, Integer, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert: TypeAlias = sqlite.Insert | postgresql.Insert
Row: TypeAlias = Mapping[str, object]

_ANYTHING: Final[ColumnElement[int]] = literal_column("1", Integer())
_SQLITE: Final[Dialect] = sqlite.dialect(paramstyle="qmark")


class RowInsert:
    """An INSERT that is written once and run with many whole rows, of which no two have one key.

    SQLAlchemy looks up each value of each row by its name and by its type, which takes longer
    than SQLite does to keep it. Here a column is translated at once, and the driver given tuples.
    PostgreSQL plans each statement anew, so that one for each row costs more than the row: there
    many rows go into one statement.
    """

    def __init__(self, insert: Insert) -> None:
        """Prepare `insert`, whose parameters are all columns of its table."""
        self._many = insert.returning(_ANYTHING)
        self._text = ""
        if isinstance(insert, sqlite.Insert):
            columns = {column.name: column for column in insert.table.columns}
            compiled = insert.compile(dialect=_SQLITE, column_keys=list(columns))
            self._text = str(compiled)
            self._values = itemgetter(*columns)
            self._binds = [_bind(column.type) for column in columns.values()]

    async def run(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Insert `rows`, in a transaction of somebody else; nothing where there are none."""
        if not rows:
            return
        if self._text:
            await connection.exec_driver_sql(self._text, self._tuples(rows))
        else:
            # Whoever asks for something back is given statements with many rows.
            await connection.execute(self._many, rows)

    def _tuples(self, rows: Sequence[Row]) -> list[tuple[object, ...]]:
        columns = zip(*map(self._values, rows), strict=True)
        bound = (
            values if bind is None else map(bind, values)
            for bind, values in zip(self._binds, columns, strict=True)
        )
        return list(zip(*bound, strict=True))


def _bind(type_: Any) -> Callable[[object], object] | None:
    """Return what makes a value of this type what the driver takes; None where it is that."""
    bind: Callable[[object], object] | None = type_.dialect_impl(_SQLITE).bind_processor(_SQLITE)
    return bind
