"""What is asked of the history, as a query that an index leads."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, select, text, tuple_

from drivers.port import OutcomeKind
from runner.call import Selector
from runner.call_filter import OPERATOR, CallFilter, error_needles
from sanderling.kernel.ids import WorkspaceId
from sanderling.store.columns import is_storable
from sanderling.store.rows import AnySelect
from sanderling.store.schema import calls

_LARGEST = 2**31 - 1
_ESCAPE = "!"


def can_match(matching: CallFilter) -> bool:
    """Claim that a row may match, and that a database can compare its columns with the filter."""
    words = (
        *(matching.function, matching.trigger, matching.caller, matching.error),
        *(matching.execution_id, matching.replay_of, *(matching.outcomes or ())),
    )
    version = matching.version
    return (
        all(map(is_storable, filter(None, words)))
        and matching.outcomes != frozenset()
        and (not isinstance(version, int) or 0 < version <= _LARGEST)
    )


def listing(
    workspace_id: WorkspaceId, matching: CallFilter, place: tuple[datetime, str] | None
) -> AnySelect:
    """Return the query for what `can_match`, newest first, after `place`."""
    query: AnySelect = select(calls).where(calls.c.workspace_id == workspace_id)
    query = _by_outcome(query, matching).where(*_conditions(matching))
    if place is not None:
        query = query.where(tuple_(calls.c.started_at, calls.c.id) < place)
    return query.order_by(calls.c.started_at.desc(), calls.c.id.desc())


def _by_outcome(query: AnySelect, matching: CallFilter) -> Select[*tuple[object, ...]]:
    outcomes = matching.outcomes
    if matching.error is not None:
        query = query.where(calls.c.error_type.is_not(None))
        for needle in error_needles(matching.error):
            query = query.where(
                calls.c.error_type.contains(needle, autoescape=True, escape=_ESCAPE)
            )
    if matching.error is not None or (outcomes is not None and OutcomeKind.OK not in outcomes):
        # In the words of the partial indexes, so that the database sees that they will do.
        query = query.where(text("outcome <> 'ok'"))
    if outcomes is None:
        return query
    if len(outcomes) == 1:
        return query.where(calls.c.outcome == next(iter(outcomes)))
    return query.where(calls.c.outcome.in_(sorted(outcomes)))


def _conditions(matching: CallFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, wanted in (
        (calls.c.function_name, matching.function),
        (calls.c.trigger, matching.trigger),
        (calls.c.execution_id, matching.execution_id),
        (calls.c.replay_of, matching.replay_of),
    ):
        if wanted is not None:
            found.append(column == wanted)
    if matching.version is not None:
        is_draft = matching.version is Selector.DRAFT
        found.append(calls.c.version.is_(None) if is_draft else calls.c.version == matching.version)
    if matching.caller is not None:
        is_operator = matching.caller == OPERATOR
        found.append(calls.c.key_id.is_(None) if is_operator else calls.c.key_id == matching.caller)
    if matching.since is not None:
        found.append(calls.c.started_at >= matching.since)
    if matching.until is not None:
        found.append(calls.c.started_at < matching.until)
    if matching.min_duration_s is not None:
        found.append(calls.c.duration_s >= matching.min_duration_s)
    if matching.max_duration_s is not None:
        found.append(calls.c.duration_s <= matching.max_duration_s)
    return found
