"""What the store of streams asks the database.

A condition on what is held is written as the indexes write it: a database uses an index that
leaves rows out only for a query that visibly leaves them out as well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    column,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import ReturningUpdate, Update
from sqlalchemy.types import TypeEngine

from jobs.streams.steps import LONGEST_LEASE, LONGEST_REST
from jobs.streams.stream import (
    LOST_WORKER,
    AccountId,
    Channel,
    Lane,
    Lease,
    Phase,
    StreamClaim,
    StreamId,
    StreamStatus,
)
from jobs.streams.trust import ALONE_AFTER, DOUBTED_AFTER, Trust
from sanderling.store.columns import Moment
from sanderling.store.rows import AnySelect
from sanderling.store.stream_schema import streams

_rows = streams.c

_CHANGING: Final = tuple(
    each for each in _rows if each.name not in {"id", "workspace_id", "account_id", "channel"}
)

HELD: Final = text("streams.lease_until IS NOT NULL")
_RECOVERING: Final = text("streams.recover_at IS NOT NULL")
_WAITING: Final = text("streams.lease_until IS NULL AND streams.status = 'active'")
_IS_WELL: Final = and_(_WAITING, _rows.failures == 0, _rows.attempts == 0)


def due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a stream is due and held by nobody."""
    return and_(_WAITING, _rows.next_due_at <= now)


def in_lane(lane: Lane) -> ColumnElement[bool]:
    """Return the condition that a stream is in a lane."""
    return and_(_rows.channel == lane.channel.value, _rows.phase == lane.phase.value)


_LOST: Final = func.coalesce(_rows.failure_kind, "") == LOST_WORKER
_IS_ALONE: Final = _rows.attempts >= ALONE_AFTER
_IS_SUSPECT: Final = and_(_LOST, _rows.attempts >= DOUBTED_AFTER)

_TRUSTED: Final = {
    Trust.FULL: not_(_IS_SUSPECT),
    Trust.DOUBT: and_(_IS_SUSPECT, not_(_IS_ALONE)),
    Trust.NONE: and_(_IS_SUSPECT, _IS_ALONE),
}
"""What holds of a stream that nobody holds, by how far it is trusted."""


def _is_busy() -> ColumnElement[bool]:
    """Return the condition that somebody holds a stream of the same account."""
    busy = streams.alias("busy")
    return (
        select(text("1"))
        .select_from(busy)
        .where(busy.c.account_id == _rows.account_id, text("busy.lease_until IS NOT NULL"))
        .exists()
    )


def suspects(now: datetime) -> AnySelect:
    """Return the query for lanes of due streams that are not trusted, and whether not at all."""
    return (
        select(_rows.channel, _rows.phase, _IS_ALONE.label("is_alone"))
        .where(due(now), _IS_SUSPECT, ~_is_busy())
        .distinct()
    )


def first_due(lane: Lane, now: datetime, limit: int, trust: Trust) -> AnySelect:
    """Return the query for the streams of a lane to claim, one for each workspace in turn.

    An account has one stream of a channel, so in one lane it is chosen once.
    """
    order = (_rows.next_due_at, _rows.id)
    turn = func.row_number().over(partition_by=_rows.workspace_id, order_by=order).label("turn")
    turns = (
        select(_rows.id, _rows.next_due_at, turn)
        .where(in_lane(lane), due(now), _TRUSTED[trust], ~_is_busy())
        .subquery("turns")
    )
    return select(turns.c.id).order_by(turns.c.turn, turns.c.next_due_at, turns.c.id).limit(limit)


def claiming(
    stream_ids: Sequence[StreamId], claim: StreamClaim
) -> ReturningUpdate[*tuple[Any, ...]]:
    """Return the statement that claims those of the streams that are still due."""
    return (
        update(streams)
        .where(_rows.id.in_(stream_ids), due(claim.now))
        .values(
            lease_owner=claim.worker,
            lease_until=claim.lease_until,
            fence=_rows.fence + 1,
            attempts=_rows.attempts + 1,
            asked_at=None,
            hinted_at=case((_rows.phase == Phase.LIST.value, null()), else_=_rows.hinted_at),
            rests_until=None,
            updated_at=claim.now,
        )
        .returning(streams)
    )


def outlook(lane: Lane, now: datetime) -> AnySelect:
    """Return the query for how many streams of a lane are active, how many due, and the first."""
    return select(
        func.count().label("streams"),
        func.count().filter(due(now)).label("due"),
        func.min(_rows.next_due_at).filter(_WAITING).label("next_due_at"),
    ).where(in_lane(lane), _rows.status == StreamStatus.ACTIVE.value)


def held(stream_ids: Sequence[StreamId]) -> AnySelect:
    """Return the query for those of the streams that somebody holds, locked."""
    return _held(stream_ids).with_for_update()


def lengthening(stream_ids: Sequence[StreamId]) -> AnySelect:
    """Return the query of `held` for leases to lengthen, which waits for nobody.

    Its lock and that of `writing_for` stand beside each other; streams that are locked otherwise
    are skipped.
    """
    return _held(stream_ids).with_for_update(key_share=True, skip_locked=True)


def _held(stream_ids: Sequence[StreamId]) -> AnySelect:
    return select(streams).where(_rows.id.in_(stream_ids), HELD).order_by(_rows.id)


def writing_for(lease: Lease) -> AnySelect:
    """Return the query whose one row says that `lease` holds its stream, which is locked.

    Until the transaction ends nobody frees, claims or removes the stream; only its lease can be
    lengthened, however long the transaction takes.
    """
    return (
        select(text("1"))
        .select_from(streams)
        .where(_rows.id == lease.stream_id, _rows.fence == lease.fence, HELD)
        .with_for_update(read=True, key_share=True)
    )


def expired(now: datetime, limit: int) -> AnySelect:
    """Return the query for streams whose lease ran out, locked; those of others are skipped."""
    return (
        select(streams)
        .where(HELD, _rows.lease_until <= now)
        .order_by(_rows.lease_until, _rows.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def ripe(now: datetime, limit: int) -> AnySelect:
    """Return the query for parked streams to be tried again, locked; others' are skipped."""
    return (
        select(streams)
        .where(_RECOVERING, _rows.recover_at <= now)
        .order_by(_rows.recover_at, _rows.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def stuck(now: datetime, limit: int) -> AnySelect:
    """Return the query for streams that are stuck, locked; those of others are skipped."""
    is_ill = or_(_rows.failures > 0, _rows.attempts > 0, _rows.rests_until.is_not(None))
    is_held = and_(HELD, _rows.lease_until > now + LONGEST_LEASE)
    is_resting = and_(_WAITING, is_ill, _rows.next_due_at > now + LONGEST_REST)
    return (
        select(streams)
        .where(or_(is_held, is_resting))
        .order_by(_rows.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def in_turn(lane: Lane, now: datetime) -> AnySelect:
    """Return the query for streams of a lane that wait for their turn, and until when."""
    return select(_rows.id, _rows.next_due_at).where(
        in_lane(lane), _IS_WELL, _rows.rests_until.is_(None), _rows.next_due_at > now
    )


def hastening() -> Update:
    """Return the statement that makes a stream due `after`, if it still waits as `before`."""
    return (
        update(streams)
        .where(_rows.id == bindparam("row_id"), _WAITING, _rows.next_due_at == bindparam("before"))
        .values(next_due_at=bindparam("after"))
    )


def open_to_hints(account_id: AccountId, channel: Channel, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a hint changes anything of a stream, as `is_open_to_hints`."""
    is_held = and_(HELD, _rows.status == StreamStatus.ACTIVE.value, _rows.hinted_at.is_(None))
    is_late = and_(_rows.rests_until.is_(None), _rows.next_due_at > now)
    return and_(
        _rows.account_id == account_id,
        _rows.channel == channel.value,
        or_(is_held, and_(_IS_WELL, or_(_rows.hinted_at.is_(None), is_late))),
    )


def hinting(account_id: AccountId, channel: Channel, now: datetime) -> Update:
    """Return the statement that makes a stream due that is open to hints, as `hinted`."""
    is_free = and_(_rows.lease_until.is_(None), _rows.rests_until.is_(None))
    is_later = and_(is_free, _rows.next_due_at > now)
    return (
        update(streams)
        .where(open_to_hints(account_id, channel, now))
        .values(
            next_due_at=case((is_later, literal(now, Moment)), else_=_rows.next_due_at),
            hinted_at=now,
        )
    )


def writing() -> Update:
    """Return the statement that writes a whole stream; its parameters are those of its row."""
    values: dict[str, BindParameter[Any]] = {each.name: bindparam(each.name) for each in _CHANGING}
    return update(streams).where(_rows.id == bindparam("row_id")).values(values)


def writing_together() -> Update:
    """Return the statement that writes many streams on PostgreSQL.

    Its parameters are a list for each column, `row_id` and those of a row; a statement for each
    stream would be planned anew each time, which costs more than the row.
    """
    types = {"row_id": Text(), **{each.name: _together(each) for each in _CHANGING}}
    lists = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    new = func.unnest(*lists).table_valued(*columns).render_derived(name="new")
    values = {each.name: new.c[each.name] for each in _CHANGING}
    return update(streams).where(_rows.id == new.c.row_id).values(values)


def _together(kept: Column[Any]) -> TypeEngine[Any]:
    # The name of a type with a collation is none of a list.
    return Text() if isinstance(kept.type, Text) else kept.type
