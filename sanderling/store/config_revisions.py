"""Revisions of the configuration as rows, and back.

Bodies and changes are JSON in plain ASCII with sorted keys: every text that a setting can have
fits, and equal bodies are equal texts, which is what `replace_body` compares.
"""

import json
from dataclasses import asdict
from typing import cast

from sqlalchemy import Executable, Update, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from config.stored import Change, HistoryEntry, StoredBody
from sanderling.store.columns import storable
from sanderling.store.rows import AnyRow
from sanderling.store.schema import config_revisions

HEAD = select(func.coalesce(func.max(config_revisions.c.number), 0))
"""The newest revision, 0 before the first."""


def append_after_head(
    insert_missing: sqlite.Insert | postgresql.Insert, body: StoredBody, entry: HistoryEntry
) -> Executable:
    """Return the statement that keeps a revision only if its number is the one after the head.

    It gives back one row if it did. Looking and writing are one statement, and of two that look
    at the same moment the primary key lets one write; so no change is lost, on either database,
    without a lock that somebody could go on holding.
    """
    row = {
        "number": literal(body.revision, config_revisions.c.number.type),
        "changed_at": literal(entry.changed_at, config_revisions.c.changed_at.type),
        "changed_by": literal(storable(entry.changed_by)),
        "reason": literal(storable(entry.reason)),
        "changes": literal(_text([asdict(change) for change in entry.changes])),
        "body": literal(_text(dict(body.values))),
    }
    guarded = select(*row.values()).where(HEAD.scalar_subquery() == body.revision - 1)
    return insert_missing.from_select([*row], guarded).returning(config_revisions.c.number)


def replace_same(old: StoredBody, new: StoredBody) -> Update:
    """Return the statement that puts `new` where `old` is still kept."""
    kept = config_revisions.c
    return (
        update(config_revisions)
        .where(kept.number == old.revision, kept.body == _text(dict(old.values)))
        .values(body=_text(dict(new.values)))
    )


def stored_body(row: AnyRow) -> StoredBody:
    """Return the body that a row keeps; one that no process of ours wrote may be damaged."""
    values = _texts(row.body)
    if values is None:
        return StoredBody(row.number, is_damaged=True)
    return StoredBody(row.number, values)


def history_entry(row: AnyRow) -> HistoryEntry:
    """Return the entry that a row keeps."""
    return HistoryEntry(
        revision=row.number,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        reason=row.reason,
        changes=tuple(Change(**change) for change in json.loads(row.changes)),
    )


def _texts(text: str) -> dict[str, str] | None:
    """Return the object of texts that `text` is; None for any other."""
    try:
        # Not by pydantic: it refuses texts with lone surrogates, which a setting may have had.
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    values = cast("dict[str, object]", found)
    is_whole = all(isinstance(value, str) for value in values.values())
    return cast("dict[str, str]", values) if is_whole else None


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
