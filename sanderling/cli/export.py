"""`sanderling calls export`: the history, one call on each line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sanderling.cli.call_options import (
    Caller,
    Error,
    Execution,
    Function,
    Longer,
    Moment,
    OfTrigger,
    OfVersion,
    Outcome,
    ReplayOf,
    Shorter,
    filters_of,
)
from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, Home, Key
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible_json

if TYPE_CHECKING:
    from sanderling.client import Sanderling


def export(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    function: Function = None,
    outcome: Outcome = None,
    since: Moment = None,
    until: Moment = None,
    version: OfVersion = None,
    trigger: OfTrigger = None,
    caller: Caller = None,
    execution: Execution = None,
    replay_of: ReplayOf = None,
    longer_than: Longer = None,
    shorter_than: Shorter = None,
    error: Error = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
) -> int:
    """Print all calls that match as NDJSON, with events, results and logs."""
    filters = filters_of(
        function=function,
        outcome=outcome,
        since=since,
        until=until,
        version=version,
        trigger=trigger,
        caller=caller,
        execution=execution,
        replay_of=replay_of,
        longer_than=longer_than,
        shorter_than=shorter_than,
        error=error,
    )
    is_shown = sys.stdout.isatty()

    async def write(client: Sanderling) -> None:
        async for line in client.calls.export_lines(**filters):
            # What a guest wrote must not steer a terminal; a file gets it as it is.
            text = visible_json(line.decode()).encode() if is_shown else line
            sys.stdout.buffer.write(text + b"\n")
        sys.stdout.flush()

    with_client(write, url=url, key=key, home=home)
    return Exit.OK
