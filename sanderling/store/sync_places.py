"""How far folders and calendars are, on SQL."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.sync.held import Place, Stage
from jobs.sync.items import Kind
from sanderling.store.database import Database
from sanderling.store.row_insert import RowInsert
from sanderling.store.rows import AnyRow, portions, read_all
from sanderling.store.sync_schema import sync_places

_rows = sync_places.c


class SQLPlaces:
    """Keep the places of one kind, mail or calendars, of all accounts."""

    def __init__(self, database: Database, kind: Kind) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._kind = kind
        self._insert = RowInsert(database.replacing(sync_places))

    async def read(self, account_id: str) -> Mapping[str, Place]:
        """Return an account's places by their remote ids."""
        query = select(sync_places).where(
            _rows.account_id == account_id, _rows.kind == self._kind.value
        )
        found = await read_all(self._database, query, _place)
        return {each.remote_id: each for each in found}

    async def write(
        self,
        connection: AsyncConnection,
        account_id: str,
        places: Sequence[Place],
        closed: Collection[str],
    ) -> None:
        """Keep `places`, and then forget those of `closed`, in a transaction of somebody else."""
        owner = {"account_id": account_id, "kind": self._kind.value}
        await self._insert.run(connection, [{**owner, **_row(each)} for each in places])
        for some in portions(sorted(closed)):
            await connection.execute(
                delete(sync_places).where(
                    _rows.account_id == account_id,
                    _rows.kind == self._kind.value,
                    _rows.remote_id.in_(some),
                )
            )


def _row(place: Place) -> dict[str, object]:
    return {
        "remote_id": place.remote_id,
        "stage": place.stage.value,
        "cursor": place.cursor,
        "page": place.page,
        "base": place.base,
        "generation": place.generation,
        "is_confirming": place.is_confirming,
        "round": place.round,
    }


def _place(row: AnyRow) -> Place:
    return Place(
        remote_id=row.remote_id,
        stage=Stage(row.stage),
        cursor=row.cursor,
        page=row.page,
        base=row.base,
        generation=row.generation,
        is_confirming=row.is_confirming,
        round=row.round,
    )
