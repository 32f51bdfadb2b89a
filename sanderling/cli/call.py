"""`sanderling functions call`: one recorded call, past all limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sanderling.cli.exits import OUTCOME_EXITS
from sanderling.cli.input import read_event
from sanderling.cli.options import URL, AsJSON, Event, Home, Key, Name, Timeout
from sanderling.cli.session import with_client
from sanderling.kernel.jsontext import decode


class TriggerChoice(StrEnum):
    """What makes a call."""

    API = "api"
    WORKFLOW = "workflow"
    MANUAL = "manual"


Which = Annotated[
    str,
    typer.Option("--version", metavar="live|draft|N", help="Which code: live, draft or a number."),
]

What = Annotated[
    TriggerChoice,
    typer.Option("--trigger", help="What makes the call; runs of a workflow may wait in line."),
]


def call(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    *,
    event: Event = "{}",
    version: Which = "live",
    timeout: Timeout = None,
    trigger: What = TriggerChoice.API,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Call a function; the call counts against the limits and is recorded."""
    from runner.outcome_json import outcome_json  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.outcome_view import outcome_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    value = decode(read_event(event))
    which = int(version) if version.isascii() and version.isdigit() else version
    outcome = with_client(
        lambda client: client.call(
            name, value, version=which, timeout_s=timeout, trigger=trigger.value
        ),
        url=url,
        key=key,
        home=home,
    )
    Screen(as_json=as_json).show(outcome_json(outcome), outcome_view(outcome, file=name))
    return OUTCOME_EXITS[outcome.kind]
