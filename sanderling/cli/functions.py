"""`sanderling functions`: show, change, publish and roll back, as an operator or over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Cursor, Home, Key, Limit, Name
from sanderling.cli.quantity import format_bytes
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.api.function_models import FunctionPage, ShownFunction, VersionPage

Number = Annotated[int, typer.Argument(metavar="N", min=1, help="Number of the version.")]
_MINUTE = "%Y-%m-%d %H:%M"


def show_list(
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List functions by name."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.

    page: FunctionPage = with_client(
        lambda client: client.functions.list(limit=limit, cursor=cursor),
        url=url,
        key=key,
        home=home,
    )
    rows = [
        (
            row.name,
            _number(row.live_version),
            str(row.latest_version),
            f"{row.updated_at.astimezone():{_MINUTE}}",
        )
        for row in page.items
    ]
    empty = "There are no functions. `sanderling functions deploy NAME FILE` makes one."
    view = table_view("Functions", ("name", "live", "latest", "updated"), rows, empty=empty)
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), view)
    return Exit.OK


def show(
    name: Name,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show one function with its draft."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    function = with_client(lambda client: client.functions.get(name), url=url, key=key, home=home)
    Screen(as_json=as_json).show(
        function.model_dump(mode="json"), lambda terminal: _show_function(terminal, function)
    )
    return Exit.OK


def show_versions(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List the versions of a function, newest first."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.

    page: VersionPage = with_client(
        lambda client: client.functions.versions(name, limit=limit, cursor=cursor),
        url=url,
        key=key,
        home=home,
    )
    rows = [
        (str(row.number), row.digest[:12], f"{row.published_at.astimezone():{_MINUTE}}")
        for row in page.items
    ]
    empty = f"Nothing is published. `sanderling functions publish {name}` does it."
    view = table_view(f"Versions of {name}", ("number", "digest", "published"), rows, empty=empty)
    Screen(as_json=as_json).show_page(page.model_dump(mode="json"), view)
    return Exit.OK


def rollback(
    name: Name,
    number: Number,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Make an earlier version live; the draft stays as it is."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    version = with_client(
        lambda client: client.functions.rollback(name, number), url=url, key=key, home=home
    )
    Screen(as_json=as_json).tell(
        version.model_dump(mode="json"), f"{name} is at version {version.number}."
    )
    return Exit.OK


def delete(
    name: Name,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Delete a function with its versions; its calls stay."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    with_client(lambda client: client.functions.delete(name), url=url, key=key, home=home)
    Screen(as_json=as_json).tell({"deleted": name}, f"Deleted {name}; its calls stay.")
    return Exit.OK


def _show_function(terminal: Console, function: ShownFunction) -> None:
    live = "nothing live" if function.live_version is None else f"version {function.live_version}"
    terminal.print(f"{function.name}  {live}, {function.latest_version} published", style="bold")
    draft = function.draft
    updated = f"{function.updated_at.astimezone():{_MINUTE}}"
    terminal.print(
        f"draft {draft.digest[:12]}, isolation {draft.isolation}, {draft.limits.wall_s:g} s, "
        f"cpu {draft.limits.cpu_s:g} s, {format_bytes(draft.limits.memory_bytes)}, "
        f"updated {updated}",
        style="dim",
    )
    for number, line in enumerate(draft.source.splitlines(), start=1):
        terminal.print(f"{number:>5} │ {visible(line)}")


def _number(number: int | None) -> str:
    return "-" if number is None else str(number)
