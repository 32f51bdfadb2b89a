"""`sanderling calls`: what was called, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runner.call import Withholding
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
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit
from sanderling.cli.quantity import format_bytes, format_duration
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from sanderling.api.call_models import CallPage, CallRow, CallShown

_SECOND = "%Y-%m-%d %H:%M:%S"
_WITHHELD = {
    Withholding.REDACTED: "kept with values left out",
    Withholding.TOO_LARGE: "too large to be kept",
    Withholding.TURNED_OFF: "not kept here",
}


def show_list(  # noqa: PLR0913 - each option of the command is one parameter.
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
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List calls, newest first."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.

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
    page: CallPage = with_client(
        lambda client: client.calls.list(limit=limit, cursor=cursor, **filters),
        url=url,
        key=key,
        home=home,
    )
    columns = ("started", "function", "version", "outcome", "took", "id")
    view = table_view("Calls", columns, [_row(row) for row in page.items], empty="No such calls.")
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), view)
    return Exit.OK


def show(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the call.")],
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show one call with its event, result and logs."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    call = with_client(lambda client: client.calls.get(call_id), url=url, key=key, home=home)
    Screen(as_json=as_json).show(
        call.model_dump(mode="json"), lambda terminal: _show_call(terminal, call)
    )
    return Exit.OK


def _row(row: CallRow) -> tuple[str, ...]:
    return (
        f"{row.started_at.astimezone():{_SECOND}}",
        row.function,
        "draft" if row.version is None else str(row.version),
        row.outcome.value,
        format_duration(row.duration_ms / 1000),
        row.id,
    )


def _show_call(terminal: Console, call: CallShown) -> None:
    from runner.outcome_json import outcome_from_json  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.outcome_view import outcome_view, value_text  # noqa: PLC0415 - as above.

    version = "draft" if call.version is None else f"version {call.version}"
    terminal.print(f"{call.id}  {visible(call.function)}, {version}", style="bold")
    started = f"{call.started_at.astimezone():{_SECOND}}"
    terminal.print(f"started {started}, by {call.key_id or 'the operator'}", style="dim")
    for line in _belongings(call):
        terminal.print(visible(line), style="dim")
    terminal.print("event", style="bold dim")
    terminal.print(value_text(call.event))
    outcome = outcome_from_json(call.model_dump(mode="json"))
    outcome_view(outcome, file=call.function)(terminal)


def _belongings(call: CallShown) -> Iterator[str]:
    if call.replay_of is not None:
        yield f"replay of {call.replay_of}"
    if call.execution_id is not None:
        yield f"attempt of {call.execution_id}"
    if call.queued_ms:
        yield f"waited {format_duration(call.queued_ms / 1000)}"
    for each in call.withheld:
        size = format_bytes(each.size_bytes)
        yield f"{each.part.value} {_WITHHELD[each.reason]} ({size})"
