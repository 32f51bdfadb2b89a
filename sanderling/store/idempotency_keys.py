"""Idempotency keys on SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.executions.ports import (
    ABANDONED_FOR,
    Abandoned,
    Answered,
    Beginning,
    Begun,
    IdempotencyKey,
    InFlight,
    KeyTaken,
    Submitted,
)
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.ids import CallId, WorkspaceId
from sanderling.store.database import Database
from sanderling.store.faults import LOCKED
from sanderling.store.rows import AnyRow
from sanderling.store.schema import executions
from sanderling.store.schema import idempotency_keys as keys

StandsFor = Mapping[str, tuple[str, str]]
"""By key: the execution it stands for, empty for a call, and the digest of its body."""

_MOST_RACES = 4
"""How often a key is looked at again because it was released while we looked."""

_is_open = and_(keys.c.execution_id.is_(None), keys.c.answer.is_(None))


class SQLIdempotencyKeys:
    """Keep idempotency keys in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def begin(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId
    ) -> Beginning:
        """Take a key, or say what it stands for."""
        taking = self._database.insert_missing(keys).values(
            **_place(workspace_id, key), **_facts(key), call_id=call_id
        )
        found = select(keys).where(*_is_at(workspace_id, key))
        async with self._database.write() as connection:
            await _free_old(connection, workspace_id, [key])
            for _ in range(_MOST_RACES):
                taken = await connection.execute(taking.returning(keys.c.call_id))
                if taken.one_or_none() is not None:
                    return Begun()
                # None when the row that was in the way was released in between.
                row = (await connection.execute(found)).one_or_none()
                if row is not None:
                    return _beginning(row, key)
        raise StoreUnavailableError(reason=LOCKED)

    async def complete(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId, answer: bytes
    ) -> bool:
        """Keep the answer of the call that has the key."""
        change = (
            update(keys)
            .where(*_is_at(workspace_id, key), keys.c.call_id == call_id)
            .values(answer=answer, expires_at=key.expires_at)
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def release(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId
    ) -> None:
        """Free the key of a call."""
        free = delete(keys).where(*_is_at(workspace_id, key), keys.c.call_id == call_id)
        async with self._database.write() as connection:
            await connection.execute(free)


def _beginning(row: AnyRow, key: IdempotencyKey) -> Beginning:
    if row.call_id is None or row.body_digest != key.body_digest:
        return KeyTaken()
    if row.answer is not None:
        return Answered(row.answer)
    if row.expires_at <= key.created_at:
        return Abandoned(CallId(row.call_id))
    return InFlight(CallId(row.call_id), row.expires_at)


async def take_keys(
    database: Database,
    connection: AsyncConnection,
    workspace_id: WorkspaceId,
    submitted: Sequence[Submitted],
) -> StandsFor:
    """Take the keys of new executions that are free, and return what each key stands for now."""
    wanted: dict[str, tuple[IdempotencyKey, str]] = {}
    for each in submitted:
        if each.key is not None:
            wanted.setdefault(each.key.key, (each.key, each.execution.id))
    if not wanted:
        return {}
    asked = [key for key, _ in wanted.values()]
    await _free_old(connection, workspace_id, asked)
    # In one order for all, so that two batches never wait for each other.
    rows = [
        {**_place(workspace_id, key), **_facts(key), "execution_id": execution_id}
        for _, (key, execution_id) in sorted(wanted.items())
    ]
    await connection.execute(database.insert_missing(keys), rows)
    found = select(keys.c.key, keys.c.execution_id, keys.c.body_digest).where(
        *_are_at(workspace_id, asked)
    )
    return {
        row.key: (row.execution_id or "", row.body_digest)
        for row in (await connection.execute(found)).all()
    }


async def forget_keys(
    connection: AsyncConnection,
    now: datetime,
    *,
    limit: int,
    gone: Sequence[tuple[str, ...]],
) -> int:
    """Remove at most `limit` keys whose time is over, and those of executions that are gone.

    Returns how many were over.
    """
    place = tuple_(keys.c.workspace_id, keys.c.caller, keys.c.key)
    over = or_(
        and_(~_is_open, keys.c.expires_at <= now),
        and_(_is_open, keys.c.expires_at <= now - ABANDONED_FOR),
    )
    query = select(keys.c.workspace_id, keys.c.caller, keys.c.key).where(over)
    old = (await connection.execute(query.order_by(keys.c.expires_at).limit(limit))).all()
    if old:
        await connection.execute(delete(keys).where(place.in_([tuple(row) for row in old])))
    if gone:
        of_execution = tuple_(keys.c.workspace_id, keys.c.execution_id)
        await connection.execute(delete(keys).where(of_execution.in_(gone)))
    return len(old)


async def _free_old(
    connection: AsyncConnection, workspace_id: WorkspaceId, asked: Sequence[IdempotencyKey]
) -> None:
    now = asked[0].created_at
    is_kept = exists(
        select(literal(1)).where(
            executions.c.workspace_id == keys.c.workspace_id,
            executions.c.id == keys.c.execution_id,
        )
    )
    is_free = or_(
        and_(~_is_open, keys.c.expires_at <= now),
        and_(keys.c.execution_id.is_not(None), ~is_kept),
    )
    await connection.execute(delete(keys).where(*_are_at(workspace_id, asked), is_free))


def _place(workspace_id: WorkspaceId, key: IdempotencyKey) -> dict[str, object]:
    return {"workspace_id": workspace_id, "caller": key.caller, "key": key.key}


def _facts(key: IdempotencyKey) -> dict[str, object]:
    return {
        "body_digest": key.body_digest,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }


def _is_at(workspace_id: WorkspaceId, key: IdempotencyKey) -> tuple[ColumnElement[bool], ...]:
    return _are_at(workspace_id, [key])


def _are_at(
    workspace_id: WorkspaceId, asked: Sequence[IdempotencyKey]
) -> tuple[ColumnElement[bool], ...]:
    return (
        keys.c.workspace_id == workspace_id,
        keys.c.caller == asked[0].caller,
        keys.c.key.in_([key.key for key in asked]),
    )
