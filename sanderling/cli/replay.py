"""`sanderling calls replay`: a kept call, made again."""

from __future__ import annotations

from typing import Annotated

import typer

from sanderling.cli.exits import OUTCOME_EXITS
from sanderling.cli.input import read_event
from sanderling.cli.options import URL, AsJSON, Home, Key, Timeout
from sanderling.cli.session import with_client
from sanderling.kernel.jsontext import decode


def replay(  # noqa: PLR0913 - each option of the command is one parameter.
    call_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the call.")],
    *,
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            "-e",
            metavar="JSON|@FILE|-",
            help="Another event than the one that is kept.",
        ),
    ] = None,
    version: Annotated[
        str,
        typer.Option(
            "--version",
            metavar="live|same|draft|N",
            help="Which code: live, same for what ran, draft or a number.",
        ),
    ] = "live",
    timeout: Timeout = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Make a kept call again, with its event or another one."""
    from runner.outcome_json import outcome_json  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.outcome_view import outcome_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.
    from sanderling.client.asked_replay import KEPT  # noqa: PLC0415 - as above.

    given = KEPT if event is None else decode(read_event(event))
    which = int(version) if version.isascii() and version.isdigit() else version
    outcome = with_client(
        lambda client: client.calls.replay(call_id, event=given, version=which, timeout_s=timeout),
        url=url,
        key=key,
        home=home,
    )
    Screen(as_json=as_json).show(outcome_json(outcome), outcome_view(outcome))
    return OUTCOME_EXITS[outcome.kind]
