"""Options that several commands share, declared once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.function import MAX_CONCURRENCY, RateLimit
from sanderling.cli.quantity import parse_bytes, parse_duration_s, parse_rate


class IsolationChoice(StrEnum):
    """How processes may be shared between calls."""

    CALL = "call"
    FUNCTION = "function"


def read_duration(text: str) -> float:
    """Return the seconds that `text` means.

    Raises:
        typer.BadParameter: it is no duration.

    """
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _bytes(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _rate(text: str) -> RateLimit:
    try:
        return RateLimit(*parse_rate(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        envvar="SANDERLING_HOME",
        help="Folder of the database and the .env file.",
        show_default="~/.local/share/sanderling",
    ),
]
URL = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="SANDERLING_URL",
        help="Talk to this server instead of the home on this machine.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        envvar="SANDERLING_API_KEY",
        help="API key; without it, and without --url, you are the operator.",
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=100, help="The most rows to show.")]
Cursor = Annotated[
    str | None, typer.Option(metavar="CURSOR", help="Continue after an earlier page.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the function.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="Python file with a handler.")]
ValueFile = Annotated[
    Path | None,
    typer.Option("--from-file", metavar="FILE", help="Read the value of the one NAME from here."),
]
Event = Annotated[
    str,
    typer.Option(
        "--event",
        "-e",
        metavar="JSON|@FILE|-",
        help="What the function is given: JSON, a file, or - for standard input.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="5s",
        parser=read_duration,
        help="Wall time it may take, such as 500ms, 5s or 1m.",
    ),
]
CPU = Annotated[
    float | None,
    typer.Option(
        "--cpu",
        metavar="1s",
        parser=read_duration,
        help="Processor time it may take, such as 500ms, 1s or 10s.",
    ),
]
Memory = Annotated[
    int | None,
    typer.Option(
        "--memory",
        metavar="64MB",
        parser=_bytes,
        help="Memory it may use, such as 64MB or 64MiB.",
    ),
]
IsolationMode = Annotated[
    IsolationChoice, typer.Option(help="A fresh process per call, or one per function.")
]
AtOnce = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        metavar="4",
        min=1,
        max=MAX_CONCURRENCY,
        help="Calls of it that may run at once; others wait their turn.",
    ),
]
Idempotent = Annotated[
    bool,
    typer.Option(
        "--idempotent",
        help="Declare that running an event twice does no harm; queued calls are then tried again.",
    ),
]
Rate = Annotated[
    RateLimit | None,
    typer.Option(
        "--rate",
        metavar="100/1m",
        parser=_rate,
        help="Calls it may get in that time, instead of the default.",
    ),
]
