"""Cursors of lists of executions."""

from datetime import datetime

from runner.cursor import encode_cursor, moment_place
from runner.executions.execution import Execution

_KIND = "executions"


def execution_cursor(execution: Execution) -> str:
    """Return the word for the place just after `execution`."""
    return encode_cursor(_KIND, execution.created_at.isoformat(), execution.id)


def execution_place(cursor: str) -> tuple[datetime, str]:
    """Return the moment and id of the execution that a page ended with.

    Raises:
        CursorRefused: the cursor was not made by a list of executions.

    """
    return moment_place(_KIND, cursor)
