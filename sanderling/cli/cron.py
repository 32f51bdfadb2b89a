"""`sanderling cron`: when a schedule runs, before anything waits for it."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sanderling.cli.call_options import moment_of
from sanderling.cli.exits import Exit
from sanderling.cli.options import AsJSON
from sanderling.cli.screen import Screen, table_view
from sanderling.schedule.cron import YEARS, Cron, parse_cron

_MOST = 100

_Expression = Annotated[
    str, typer.Argument(metavar="EXPRESSION", help="Five or six fields, in quotes.")
]
_Zone = Annotated[
    str, typer.Option("--zone", metavar="NAME", help="Time zone whose clocks are read.")
]
_Runs = Annotated[
    int, typer.Option("--runs", min=1, max=_MOST, help="How many runs to show at most.")
]
_After = Annotated[
    str | None,
    typer.Option(
        "--after",
        metavar="MOMENT",
        help="Show runs later than this: ISO 8601, in UTC unless it says so, or how long ago.",
        show_default="now",
    ),
]


def cron(
    expression: _Expression,
    *,
    zone: _Zone = "UTC",
    runs: _Runs = 5,
    after: _After = None,
    as_json: AsJSON = False,
) -> int:
    """Show when a cron expression runs next, on the clocks of a time zone."""
    schedule = parse_cron(expression, zone)
    moments = list(islice(schedule.runs_after(_begin(after)), runs))
    Screen(as_json=as_json).show(
        {
            "expression": schedule.expression,
            "zone": schedule.zone,
            "runs": [
                {"at": moment.isoformat(), "shown": shown}
                for moment, shown in zip(moments, _on_the_wall(schedule, moments), strict=True)
            ],
        },
        table_view(
            f"{schedule.expression} on the clocks of {schedule.zone}",
            ("on the wall", "UTC"),
            zip(
                _on_the_wall(schedule, moments),
                (moment.strftime("%Y-%m-%d %H:%M:%S") for moment in moments),
                strict=True,
            ),
            empty="It does not run any more.",
        ),
    )
    return Exit.OK


def _on_the_wall(schedule: Cron, moments: list[datetime]) -> list[str]:
    zone = ZoneInfo(schedule.zone)
    return [moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %z") for moment in moments]


def _begin(words: str | None) -> datetime:
    # Not through a wired clock: no part of an instance is opened.
    now = datetime.now(UTC)
    moment = moment_of(words, now=now, option="--after") or now
    if moment.year not in YEARS:
        reason = f"choose a moment in the years {YEARS[0]} to {YEARS[-1]}"
        raise typer.BadParameter(reason, param_hint="--after")
    return moment
