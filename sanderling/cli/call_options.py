"""Options that say which calls are meant, shared by the commands that look at history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from runner.call import Trigger
from sanderling.cli.options import read_duration
from sanderling.cli.quantity import parse_duration_s

if TYPE_CHECKING:
    from sanderling.client.asked_calls import CallFilters

Function = Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this function.")]
Outcome = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", help="Only calls that ended so; failed is all but ok."),
]
Moment = Annotated[
    str | None,
    typer.Option(metavar="TIME|2h", help="A time such as 2026-11-22T10:00Z, or how long ago."),
]
OfVersion = Annotated[
    str | None,
    typer.Option("--version", metavar="N|draft", help="Only calls of this version."),
]
OfTrigger = Annotated[Trigger | None, typer.Option(help="Only calls that this made happen.")]
Caller = Annotated[
    str | None,
    typer.Option(metavar="KEY|operator", help="Only calls with the key of this id."),
]
Execution = Annotated[
    str | None, typer.Option(metavar="ID", help="Only attempts of this execution.")
]
ReplayOf = Annotated[str | None, typer.Option(metavar="ID", help="Only replays of this call.")]
Longer = Annotated[
    float | None,
    typer.Option(
        "--longer-than", metavar="500ms", parser=read_duration, help="Only calls that took as long."
    ),
]
Shorter = Annotated[
    float | None,
    typer.Option(
        "--shorter-than", metavar="5s", parser=read_duration, help="Only calls that took no longer."
    ),
]
Error = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        help="Only calls with this type of error; Key*, *Error and *key* find parts.",
    ),
]


def filters_of(  # noqa: PLR0913 - each is an option of its own.
    *,
    function: str | None,
    outcome: list[str] | None,
    since: str | None,
    until: str | None,
    version: str | None,
    trigger: Trigger | None,
    caller: str | None,
    execution: str | None,
    replay_of: str | None,
    longer_than: float | None,
    shorter_than: float | None,
    error: str | None,
) -> CallFilters:
    """Return which calls the options mean.

    Raises:
        typer.BadParameter: a moment cannot be read.

    """
    from sanderling.kernel.clock import SystemClock  # noqa: PLC0415 - keeps --help quick.

    now = SystemClock().now()
    return {
        "function": function,
        "outcome": outcome or None,
        "since": moment_of(since, now=now, option="--since"),
        "until": moment_of(until, now=now, option="--until"),
        "version": version,
        "trigger": trigger.value if trigger else None,
        "caller": caller,
        "execution_id": execution,
        "replay_of": replay_of,
        "min_duration_s": longer_than,
        "max_duration_s": shorter_than,
        "error": error,
    }


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
