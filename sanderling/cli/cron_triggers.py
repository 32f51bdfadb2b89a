"""`sanderling triggers create-cron`: functions that run on a schedule."""

from enum import StrEnum
from typing import Annotated

import typer

from sanderling.cli.options import URL, AsJSON, Home, Key, Name
from sanderling.cli.session import with_client
from sanderling.cli.trigger_view import tell_trigger
from sanderling.cli.triggers import Disabled


class CatchUpOption(StrEnum):
    """Which moments are made up for that came while no worker was there."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


class OverlapOption(StrEnum):
    """What becomes of a moment while the last call is not over."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


def create_cron(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    expression: Annotated[
        str, typer.Argument(metavar="EXPRESSION", help="Five or six fields, in quotes.")
    ],
    *,
    zone: Annotated[
        str, typer.Option(metavar="NAME", help="Time zone whose clocks are read.")
    ] = "UTC",
    catch_up: Annotated[
        CatchUpOption,
        typer.Option(help="Of moments at which no worker was there: make up for none, one, all."),
    ] = CatchUpOption.ONE,
    most: Annotated[
        int, typer.Option(metavar="N", help="With --catch-up all, the latest N at most.")
    ] = 10,
    overlap: Annotated[
        OverlapOption,
        typer.Option(help="While the last call is not over: leave out, wait, or run beside it."),
    ] = OverlapOption.SKIP,
    jitter: Annotated[
        int, typer.Option(metavar="SECONDS", help="Put each call off by a part of this.")
    ] = 0,
    payload: Annotated[
        str,
        typer.Option(metavar="JSON|@FILE|-", help="What the function is given as payload."),
    ] = "{}",
    disabled: Disabled = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Let a function run on a schedule, and show when it runs next."""
    from sanderling.cli.input import read_event  # noqa: PLC0415 - keeps --help quick.
    from sanderling.client.triggers import cron_settings  # noqa: PLC0415 - as above.
    from sanderling.kernel.jsontext import decode  # noqa: PLC0415 - as above.

    settings = cron_settings(
        expression,
        zone=zone,
        catch_up=catch_up.value,
        catch_up_most=most,
        overlap=overlap.value,
        jitter_s=jitter,
    )
    settings["payload"] = decode(read_event(payload))
    made = with_client(
        lambda client: client.triggers.create(name, settings, is_enabled=not disabled),
        url=url,
        key=key,
        home=home,
    )
    sentence = f"{expression} on the clocks of {zone} calls {name} ({made.id})."
    return tell_trigger(made, sentence, as_json=as_json)
