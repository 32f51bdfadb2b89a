"""Watches on SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, false, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Update

from jobs.accounts.account import AccountStatus
from jobs.push.watch import Watch
from jobs.streams.stream import AccountId, Channel, StreamStatus
from sanderling.kernel.ids import WorkspaceId
from sanderling.store.account_schema import connected_accounts
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect, read_all
from sanderling.store.stream_schema import streams
from sanderling.store.watch_schema import watches

_rows = watches.c
_account = connected_accounts.c
_KEY = tuple_(_rows.account_id, _rows.channel)


class SQLWatchStore:
    """Keep watches in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def claim(
        self, wanted: Mapping[Channel, str], now: datetime, until: datetime, *, limit: int
    ) -> Sequence[Watch]:
        """Return watches to arrange or to renew."""
        is_free = or_(_rows.next_at <= now, _is_elsewhere(wanted, until))
        due = _keys(and_(is_free, _is_wanted(wanted)))
        missing = _missing(wanted)
        if not await self._is_any(missing) and not await self._is_any(due):
            return ()
        async with self._database.write() as connection:
            found = (await connection.execute(missing.limit(limit))).all()
            begun = await self._insert(connection, [_row(_new(row, until)) for row in found])
            claim = update(watches).where(is_free)
            claim = claim.values(next_at=until, is_ending=False)
            return [*begun, *await _take(connection, due.limit(limit - len(begun)), claim)]

    async def claim_unwanted(
        self,
        channels: Collection[Channel],
        now: datetime,
        until: datetime,
        *,
        limit: int,
        besides: Collection[Channel] = (),
    ) -> Sequence[Watch]:
        """Return watches to stop."""
        is_free = or_(_rows.is_ending.is_(False), _rows.next_at <= now)
        is_left = _rows.channel.in_(_words(besides))
        unwanted = _keys(and_(is_free, ~is_left, ~_is_wanted(channels)))
        if not await self._is_any(unwanted):
            return ()
        async with self._database.write() as connection:
            claim = update(watches).where(is_free).values(next_at=until, is_ending=True)
            return await _take(connection, unwanted.limit(limit), claim)

    async def put(self, watch: Watch) -> bool:
        """Write a watch whose row is there."""
        async with self._database.write() as connection:
            change = update(watches).where(*_is(watch.account_id, watch.channel))
            return (await connection.execute(change.values(_row(watch)))).rowcount == 1

    async def bring_forward(
        self, channel: Channel, remote_id: str, now: datetime, later: datetime, *, is_gone: bool
    ) -> bool:
        """Let a watch be due now that nobody may have claimed."""
        if not remote_id or not is_storable(remote_id):
            return False
        named = and_(_rows.channel == channel.value, _rows.remote_id == remote_id)
        change = update(watches).where(named, _rows.next_at > later).values(next_at=now)
        async with self._database.write() as connection:
            done = await connection.execute(change.values(expires_at=None) if is_gone else change)
        return done.rowcount > 0

    async def bring_all_forward(self, account_id: AccountId, now: datetime, later: datetime) -> int:
        """Let an account's watches be due now that nobody may have claimed."""
        mine = and_(_rows.account_id == account_id, _rows.next_at > later)
        async with self._database.write() as connection:
            done = await connection.execute(update(watches).where(mine).values(next_at=now))
        return done.rowcount

    async def remove(self, account_id: AccountId, channel: Channel) -> None:
        """Remove a watch."""
        async with self._database.write() as connection:
            await connection.execute(delete(watches).where(*_is(account_id, channel)))

    async def of_account(self, account_id: AccountId) -> Sequence[Watch]:
        """Return the watches of an account."""
        query = select(watches).where(_rows.account_id == account_id)
        return await read_all(self._database, query.order_by(_rows.channel), _watch_of)

    async def find(self, channel: Channel, remote_id: str) -> Watch | None:
        """Return the watch that a notification names."""
        if not remote_id or not is_storable(remote_id):
            return None
        named = and_(_rows.channel == channel.value, _rows.remote_id == remote_id)
        query = select(watches).where(named).order_by(_rows.account_id).limit(1)
        return next(iter(await read_all(self._database, query, _watch_of)), None)

    async def find_many(
        self, channels: Collection[Channel], remote_ids: Collection[str]
    ) -> Sequence[Watch]:
        """Return the watches that notifications name."""
        ids = sorted(each for each in set(remote_ids) if each and is_storable(each))
        if not ids:
            return ()
        named = and_(_rows.channel.in_(_words(channels)), _rows.remote_id.in_(ids))
        query = select(watches).where(named).order_by(_rows.account_id, _rows.channel)
        return await read_all(self._database, query, _watch_of)

    async def find_by_address(self, channel: Channel, address: str) -> Sequence[Watch]:
        """Return the watches of a mailbox."""
        if not is_storable(address):
            return ()
        named = and_(_rows.channel == channel.value, _rows.address == address.lower())
        query = select(watches).where(named).order_by(_rows.account_id)
        return await read_all(self._database, query, _watch_of)

    async def _is_any(self, query: AnySelect) -> bool:
        return bool(await read_all(self._database, query.limit(1), lambda _: True))

    async def _insert(
        self, connection: AsyncConnection, new: Sequence[dict[str, object]]
    ) -> Sequence[Watch]:
        """Insert rows, and return those that nobody else inserted meanwhile."""
        if not new:
            return ()
        insert = self._database.insert_missing(watches).returning(watches)
        rows = (await connection.execute(insert, new)).all()
        return sorted(map(_watch_of, rows), key=lambda watch: (watch.account_id, watch.channel))


async def _take(connection: AsyncConnection, chosen: AnySelect, claim: Update) -> Sequence[Watch]:
    """Claim what is chosen, as it was before anybody else claimed it; the longest waiting first."""
    keys = [(row.account_id, row.channel) for row in await connection.execute(chosen)]
    if not keys:
        return ()
    rows = await connection.execute(claim.where(_KEY.in_(keys)).returning(watches))
    taken = {(row.account_id, row.channel): _watch_of(row) for row in rows}
    return [taken[key] for key in keys if key in taken]


def _keys(condition: ColumnElement[bool]) -> AnySelect:
    query = select(_rows.account_id, _rows.channel).where(condition)
    return query.order_by(_rows.next_at, _rows.account_id, _rows.channel)


def _is_elsewhere(wanted: Mapping[Channel, str], until: datetime) -> ColumnElement[bool]:
    """Return the condition that a watch leads elsewhere than wanted, and may be asked anew now.

    What is due until then may be claimed.
    """
    others = [
        and_(_rows.channel == channel.value, _rows.destination != place)
        for channel, place in wanted.items()
    ]
    return and_(
        or_(false(), *others),
        _rows.expires_at.is_not(None),
        _rows.failures == 0,
        _rows.next_at > until,
    )


def _words(channels: Collection[Channel]) -> Sequence[str]:
    return sorted(channel.value for channel in channels)


def _worked(channels: Collection[Channel]) -> AnySelect:
    """Return the query for streams that are worked on."""
    return (
        select(streams.c.account_id, streams.c.channel, streams.c.workspace_id, _account.email)
        .join(connected_accounts, _account.id == streams.c.account_id)
        .where(
            streams.c.channel.in_(_words(channels)),
            streams.c.status == StreamStatus.ACTIVE.value,
            _account.status == AccountStatus.CONNECTED.value,
        )
    )


def _is_wanted(channels: Collection[Channel]) -> ColumnElement[bool]:
    mine = and_(streams.c.account_id == _rows.account_id, streams.c.channel == _rows.channel)
    return _worked(channels).where(mine).correlate(watches).exists()


def _missing(channels: Collection[Channel]) -> AnySelect:
    mine = and_(_rows.account_id == streams.c.account_id, _rows.channel == streams.c.channel)
    is_there = select(_rows.account_id).where(mine).correlate(streams).exists()
    order = (streams.c.account_id, streams.c.channel)
    return _worked(channels).where(~is_there).order_by(*order)


def _is(account_id: AccountId, channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return _rows.account_id == account_id, _rows.channel == channel.value


def _new(row: AnyRow, until: datetime) -> Watch:
    return Watch(
        AccountId(row.account_id),
        WorkspaceId(row.workspace_id),
        Channel(row.channel),
        row.email.lower(),
        until,
    )


def _row(watch: Watch) -> dict[str, object]:
    return {
        "account_id": watch.account_id,
        "channel": watch.channel.value,
        "workspace_id": watch.workspace_id,
        "address": watch.address,
        "remote_id": watch.remote_id,
        "resource_id": watch.resource_id,
        "secret_digest": watch.secret_digest,
        "destination": watch.destination,
        "expires_at": watch.expires_at,
        "next_at": watch.next_at,
        "failures": watch.failures,
        "detail": watch.detail,
        "is_ending": watch.is_ending,
    }


def _watch_of(row: AnyRow) -> Watch:
    return Watch(
        account_id=AccountId(row.account_id),
        workspace_id=WorkspaceId(row.workspace_id),
        channel=Channel(row.channel),
        address=row.address,
        next_at=row.next_at,
        remote_id=row.remote_id,
        resource_id=row.resource_id,
        secret_digest=row.secret_digest,
        destination=row.destination,
        expires_at=row.expires_at,
        failures=row.failures,
        detail=row.detail,
        is_ending=row.is_ending,
    )
