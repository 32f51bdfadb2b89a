"""`sanderling triggers`: what makes calls of functions happen."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit, Name
from sanderling.cli.session import with_client
from sanderling.cli.trigger_view import show_trigger, state_of, tell_trigger, waits_for

if TYPE_CHECKING:
    from drivers.port import Outcome
    from sanderling.api.trigger_models import TriggerPage
    from sanderling.client import Sanderling


class MethodChoice(StrEnum):
    """Methods that an HTTP trigger can take."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class EventChoice(StrEnum):
    """What a function is given of a request."""

    REQUEST = "request"
    BODY = "body"


class ReplyChoice(StrEnum):
    """What a function's result is."""

    RESULT = "result"
    RESPONSE = "response"


class KindChoice(StrEnum):
    """What a trigger waits for."""

    HTTP = "http"
    RECORD = "record"
    CRON = "cron"


TriggerArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the trigger.")]
Disabled = Annotated[bool, typer.Option("--disabled", help="Keep it, and let it make no calls.")]


def create_http(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="What follows /s, with :name for one segment, *name for the rest."
        ),
    ],
    *,
    method: Annotated[
        MethodChoice, typer.Option(case_sensitive=False, help="The method it takes.")
    ] = MethodChoice.POST,
    public: Annotated[
        bool, typer.Option("--public", help="Take requests of anybody, without an API key.")
    ] = False,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A request header that the function sees; repeatable."),
    ] = None,
    event: Annotated[
        EventChoice, typer.Option(help="Give the function the whole request, or its body alone.")
    ] = EventChoice.REQUEST,
    reply: Annotated[
        ReplyChoice, typer.Option(help="Answer with the result as JSON, or as the response it is.")
    ] = ReplyChoice.RESULT,
    queued: Annotated[
        bool, typer.Option("--queued", help="Answer 202 at once and make the call later.")
    ] = False,
    disabled: Disabled = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Let requests at an address below /s call a function."""
    from sanderling.client.triggers import http_settings  # noqa: PLC0415 - keeps --help quick.

    settings = http_settings(
        path,
        method=method.value,
        is_auth_required=not public,
        forwarded_request_headers=[one.lower() for one in header or []],
        event=event.value,
        reply=reply.value,
        is_queued=queued,
    )
    made = with_client(
        lambda client: client.triggers.create(name, settings, is_enabled=not disabled),
        url=url,
        key=key,
        home=home,
    )
    return tell_trigger(made, f"{method} /s{path} calls {name} ({made.id}).", as_json=as_json)


def create_record(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    event_name: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", help="OBJECT.OPERATION such as company.updated; * is anything."
        ),
    ],
    *,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only updates that touch this field; repeatable."),
    ] = None,
    disabled: Disabled = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Let changes of records call a function."""
    from sanderling.client.triggers import record_settings  # noqa: PLC0415 - keeps --help quick.

    settings = record_settings(event_name, updated_fields=field or [])
    made = with_client(
        lambda client: client.triggers.create(name, settings, is_enabled=not disabled),
        url=url,
        key=key,
        home=home,
    )
    return tell_trigger(made, f"{event_name} calls {name} ({made.id}).", as_json=as_json)


def show_list(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    function: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only triggers of this function.")
    ] = None,
    kind: Annotated[KindChoice | None, typer.Option(help="Only triggers of this kind.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List triggers in their order: the first that takes a request gets it."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.

    page: TriggerPage = with_client(
        lambda client: client.triggers.list(
            function=function, kind=kind and kind.value, limit=limit, cursor=cursor
        ),
        url=url,
        key=key,
        home=home,
    )
    rows = [
        (str(row.position), row.id, row.function, waits_for(row), state_of(row))
        for row in page.items
    ]
    empty = "There are no triggers. `sanderling triggers create-http NAME PATH` makes one."
    columns = ("place", "id", "function", "waits for", "state")
    view = table_view("Triggers", columns, rows, empty=empty)
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), view)
    return Exit.OK


def show(
    trigger_id: TriggerArgument,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show one trigger with its settings."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    found = with_client(lambda client: client.triggers.get(trigger_id), url=url, key=key, home=home)
    Screen(as_json=as_json).show(
        found.model_dump(mode="json"), lambda terminal: show_trigger(terminal, found)
    )
    return Exit.OK


def enable(
    trigger_id: TriggerArgument,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Let a trigger make calls."""
    found = with_client(
        lambda client: client.triggers.enable(trigger_id), url=url, key=key, home=home
    )
    return tell_trigger(found, f"{waits_for(found)} calls {found.function}.", as_json=as_json)


def disable(
    trigger_id: TriggerArgument,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Let a trigger make no further calls."""
    found = with_client(
        lambda client: client.triggers.disable(trigger_id), url=url, key=key, home=home
    )
    return tell_trigger(found, f"{waits_for(found)} calls nothing now.", as_json=as_json)


def move(
    trigger_id: TriggerArgument,
    *,
    before: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The trigger to stand before.", show_default="behind all"),
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Put a trigger just before another one, or behind all."""
    found = with_client(
        lambda client: client.triggers.move(trigger_id, before=before),
        url=url,
        key=key,
        home=home,
    )
    return tell_trigger(found, f"{found.id} is at place {found.position}.", as_json=as_json)


def try_out(  # noqa: PLR0913 - each option of the command is one parameter.
    trigger_id: TriggerArgument,
    *,
    body: Annotated[
        str,
        typer.Option(
            "--body",
            metavar="JSON|@FILE|-",
            help="The request's body, or the record after its change.",
        ),
    ] = "{}",
    version: Annotated[
        str, typer.Option(metavar="live|draft|N", help="Which code: live, draft or a number.")
    ] = "live",
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Call a trigger's function by hand, with an event of the shape that the trigger makes."""
    from runner.call import Trigger  # noqa: PLC0415 - keeps --help quick.
    from runner.outcome_json import outcome_json  # noqa: PLC0415 - as above.
    from runner.triggers.sample import sample_event  # noqa: PLC0415 - as above.
    from sanderling.api.trigger_models import settings_of  # noqa: PLC0415 - as above.
    from sanderling.cli.exits import OUTCOME_EXITS  # noqa: PLC0415 - as above.
    from sanderling.cli.input import read_event  # noqa: PLC0415 - as above.
    from sanderling.cli.outcome_view import outcome_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.
    from sanderling.kernel.clock import SystemClock  # noqa: PLC0415 - as above.
    from sanderling.kernel.jsontext import decode  # noqa: PLC0415 - as above.

    given = read_event(body)
    which = int(version) if version.isascii() and version.isdigit() else version

    async def run(client: Sanderling) -> tuple[str, Outcome]:
        found = await client.triggers.get(trigger_id)
        sample = sample_event(settings_of(found.settings), SystemClock().now(), body=given)
        outcome = await client.call(
            found.function, decode(sample), version=which, trigger=Trigger.MANUAL.value
        )
        return found.function, outcome

    name, outcome = with_client(run, url=url, key=key, home=home)
    Screen(as_json=as_json).show(outcome_json(outcome), outcome_view(outcome, file=name))
    return OUTCOME_EXITS[outcome.kind]


def delete(
    trigger_id: TriggerArgument,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Delete a trigger; calls that it made stay."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    with_client(lambda client: client.triggers.delete(trigger_id), url=url, key=key, home=home)
    Screen(as_json=as_json).tell({"deleted": trigger_id}, f"Deleted {trigger_id}.")
    return Exit.OK
