"""How much of an account is here, on SQL."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.sync.held import Presence, Reason, Stage
from jobs.sync.items import Kind
from jobs.sync.status import Progress
from sanderling.store.database import Database
from sanderling.store.rows import AnySelect
from sanderling.store.sync_schema import (
    calendar_events,
    message_contents,
    message_wants,
    messages,
    sync_places,
)

_messages, _wants, _places = messages.c, message_wants.c, sync_places.c
_LEFT_OUT = (Presence.HIDDEN.value, Presence.EXCLUDED.value)


async def read_progress(database: Database, account_id: str, kind: Kind) -> Progress:
    """Return how much of an account's mail or calendars is here."""
    async with database.read() as connection:
        stages = await _counts(
            connection,
            select(_places.stage, func.count())
            .where(_places.account_id == account_id, _places.kind == kind.value)
            .group_by(_places.stage),
        )
        is_listed = stages.keys() == {Stage.INCR.value}
        if kind is Kind.CALENDAR:
            return Progress(await _events(connection, account_id), is_listed=is_listed)
        kept = await _count(
            connection,
            select(func.count()).where(message_contents.c.account_id == account_id),
        )
        left_out = await _count(
            connection,
            select(func.count()).where(
                _messages.account_id == account_id, _messages.presence.in_(_LEFT_OUT)
            ),
        )
        wants = await _counts(
            connection,
            select(_wants.reason, func.count())
            .where(_wants.account_id == account_id)
            .group_by(_wants.reason),
        )
    missing = wants.get(Reason.NEW.value, 0)
    return Progress(kept, sum(wants.values()), missing, is_listed, left_out)


async def _events(connection: AsyncConnection, account_id: str) -> int:
    mine = calendar_events.c.account_id == account_id
    return await _count(
        connection, select(func.count()).where(mine, calendar_events.c.is_gone.is_(False))
    )


async def _count(connection: AsyncConnection, query: AnySelect) -> int:
    return int((await connection.execute(query)).scalar_one())


async def _counts(connection: AsyncConnection, query: AnySelect) -> dict[str, int]:
    rows = (await connection.execute(query)).all()
    return {str(row[0]): int(row[1]) for row in rows}
