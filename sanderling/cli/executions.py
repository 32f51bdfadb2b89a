"""`sanderling executions`: calls that are queued, and what becomes of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.exits import OUTCOME_EXITS, Exit
from sanderling.cli.input import read_event
from sanderling.cli.options import (
    URL,
    AsJSON,
    Cursor,
    Event,
    Home,
    Key,
    Limit,
    Name,
    Timeout,
    read_duration,
)
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible
from sanderling.kernel.jsontext import decode

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.api.execution_models import ExecutionPage, ExecutionRow, ExecutionShown
    from sanderling.client.executions import ExecutionFilters, QueueOptions

_SECOND = "%Y-%m-%d %H:%M:%S"


class StatusChoice(StrEnum):
    """Where an execution can be."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"


Which = Annotated[str, typer.Argument(metavar="ID", help="Id of the execution.")]


def submit(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    *,
    event: Event = "{}",
    version: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The version to run.", show_default="the live one"),
    ] = None,
    delay: Annotated[
        float | None,
        typer.Option(metavar="10m", parser=read_duration, help="How long it waits at least."),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(metavar="1h", parser=read_duration, help="When it is given up, from now."),
    ] = None,
    priority: Annotated[
        int, typer.Option(min=0, max=9, help="0 goes first and 9 last in the workspace.")
    ] = 5,
    lane: Annotated[
        str | None, typer.Option(metavar="WORD", help="Calls of one lane never overlap.")
    ] = None,
    attempts: Annotated[
        int, typer.Option(min=1, max=20, help="How often it is tried at most.")
    ] = 5,
    once: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Queue it once, however often this is said in a day."),
    ] = None,
    timeout: Timeout = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Queue a call; a server that runs, or will, carries it out."""
    options: QueueOptions = {"priority": priority, "max_attempts": attempts}
    if version is not None:
        options["version"] = version
    if delay is not None:
        options["delay_s"] = delay
    if deadline is not None:
        options["deadline_s"] = deadline
    if lane is not None:
        options["lane"] = lane
    if once is not None:
        options["idempotency_key"] = once
    if timeout is not None:
        options["timeout_s"] = timeout
    value = decode(read_event(event))
    queued = with_client(
        lambda client: client.executions.submit(name, value, **options),
        url=url,
        key=key,
        home=home,
    )
    return _tell(queued, f"Queued {name} as {queued.id}.", as_json=as_json)


def show_list(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    function: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only calls of this function.")
    ] = None,
    status: Annotated[StatusChoice | None, typer.Option(help="Only those that are there.")] = None,
    lane: Annotated[str | None, typer.Option(metavar="WORD", help="Only those of a lane.")] = None,
    caller: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only those queued with the key of this id.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List queued calls, newest first."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.

    filters: ExecutionFilters = {}
    if function is not None:
        filters["function"] = function
    if status is not None:
        filters["status"] = status.value
    if lane is not None:
        filters["lane"] = lane
    if caller is not None:
        filters["key_id"] = caller
    page: ExecutionPage = with_client(
        lambda client: client.executions.list(limit=limit, cursor=cursor, **filters),
        url=url,
        key=key,
        home=home,
    )
    columns = ("queued", "function", "status", "attempts", "outcome", "id")
    rows = [_row(row) for row in page.items]
    view = table_view("Executions", columns, rows, empty="No such executions.")
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), view)
    return Exit.OK


def show(
    execution_id: Which,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show one queued call with its event and, once it has ended, its answer."""
    found = with_client(
        lambda client: client.executions.get(execution_id), url=url, key=key, home=home
    )
    _show(found, as_json=as_json)
    return Exit.OK


def wait(
    execution_id: Which,
    *,
    at_most: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="5m",
            parser=read_duration,
            help="How long to wait at most.",
            show_default="until it ends",
        ),
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Wait for the end of a queued call; its outcome is the exit code."""
    ended = with_client(
        lambda client: client.executions.wait(execution_id, timeout_s=at_most),
        url=url,
        key=key,
        home=home,
    )
    _show(ended, as_json=as_json)
    return Exit.NOT_PROVEN if ended.answer is None else OUTCOME_EXITS[ended.answer.outcome]


def cancel(
    execution_id: Which,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Cancel a queued call; one that runs is ended, one that has ended stays as it is."""
    after = with_client(
        lambda client: client.executions.cancel(execution_id), url=url, key=key, home=home
    )
    word = (
        "is being ended"
        if after.status.value == StatusChoice.RUNNING.value
        else f"is {after.status}"
    )
    return _tell(after, f"{after.id} {word}.", as_json=as_json)


def replay(
    execution_id: Which,
    *,
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            "-e",
            metavar="JSON|@FILE|-",
            help="Another event: JSON, a file, or - for standard input.",
            show_default="the same",
        ),
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Queue again what has ended."""
    value = None if event is None else decode(read_event(event))
    new = with_client(
        lambda client: (
            client.executions.replay(execution_id)
            if event is None
            else client.executions.replay_with(execution_id, value)
        ),
        url=url,
        key=key,
        home=home,
    )
    return _tell(new, f"Queued {new.function} again as {new.id}.", as_json=as_json)


def _row(row: ExecutionRow) -> tuple[str, ...]:
    return (
        f"{row.created_at.astimezone():{_SECOND}}",
        row.function,
        row.status.value,
        f"{row.attempts} of {row.max_attempts}",
        row.outcome or "",
        row.id,
    )


def _tell(execution: ExecutionShown, sentence: str, *, as_json: bool) -> int:
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    Screen(as_json=as_json).tell(execution.model_dump(mode="json"), sentence)
    return Exit.OK


def _show(execution: ExecutionShown, *, as_json: bool) -> None:
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    Screen(as_json=as_json).show(
        execution.model_dump(mode="json"), lambda terminal: _view(terminal, execution)
    )


def _view(terminal: Console, execution: ExecutionShown) -> None:
    facts = {
        "function": execution.function,
        "status": execution.status.value,
        "attempts": f"{execution.attempts} of {execution.max_attempts}",
        "queued": f"{execution.created_at.astimezone():{_SECOND}}",
        "due": f"{execution.due_at.astimezone():{_SECOND}}",
        "ended": f"{execution.finished_at.astimezone():{_SECOND}}" if execution.finished_at else "",
        "outcome": execution.outcome or "",
        "detail": visible(execution.detail),
        "lane": visible(execution.lane or ""),
        "call": execution.call_id or "",
        "replay of": execution.replay_of or "",
    }
    terminal.print(execution.id, style="bold", highlight=False, markup=False)
    for name, fact in facts.items():
        if fact:
            terminal.print(f"  {name:<10} {fact}", highlight=False, markup=False)
    if execution.answer is not None:
        if execution.answer.logs:
            terminal.print(visible(execution.answer.logs), highlight=False, markup=False)
        terminal.print_json(data=execution.answer.result)
