"""`sanderling calls`: what was called, and how it went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from drivers.port import OutcomeKind
from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit
from sanderling.cli.quantity import format_duration, parse_duration_s
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.api.call_models import CallPage, CallRow, CallShown

_SECOND = "%Y-%m-%d %H:%M:%S"
Moment = Annotated[
    str | None,
    typer.Option(metavar="TIME|2h", help="A time such as 2026-11-22T10:00Z, or how long ago."),
]


def show_list(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    function: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only calls of this function.")
    ] = None,
    outcome: Annotated[OutcomeKind | None, typer.Option(help="Only calls that ended so.")] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List calls, newest first."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.
    from sanderling.kernel.clock import SystemClock  # noqa: PLC0415 - as above.

    now = SystemClock().now()
    since_at = moment_of(since, now=now, option="--since")
    until_at = moment_of(until, now=now, option="--until")
    page: CallPage = with_client(
        lambda client: client.calls.list(
            function=function,
            outcome=outcome.value if outcome else None,
            since=since_at,
            until=until_at,
            limit=limit,
            cursor=cursor,
        ),
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


def moment_of(words: str | None, *, now: datetime, option: str) -> datetime | None:
    """Return the moment that `words` mean: ISO 8601, in UTC unless it says so, or how long ago.

    Raises:
        typer.BadParameter: it is neither.

    """
    if words is None:
        return None
    try:
        moment = datetime.fromisoformat(words)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return now - timedelta(seconds=parse_duration_s(words))
    except (ValueError, OverflowError) as error:
        reason = "write a time such as 2026-11-22T10:00Z, or how long ago, such as 2h"
        raise typer.BadParameter(reason, param_hint=option) from error


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
    terminal.print("event", style="bold dim")
    terminal.print(value_text(call.event))
    outcome = outcome_from_json(call.model_dump(mode="json"))
    outcome_view(outcome, file=call.function)(terminal)
