"""`sanderling config`: see and change the settings of a server, as an operator or over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Home, Key, Limit, ValueFile
from sanderling.cli.quantity import parse_duration_s
from sanderling.cli.session import with_settings
from sanderling.cli.setting_input import read_assignments
from sanderling.cli.setting_view import (
    change_lines,
    process_view,
    revision_view,
    show_variable,
    variable_view,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from sanderling.api.config_models import ChangeMade, ConfigShown, VariableShown
    from sanderling.client.settings import ServerSettings
    from sanderling.kernel.jsontext import JSON

WAIT_S = 15.0


def _seconds(text: str) -> float:
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")]
Base = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Refuse if somebody has changed the same variables since this revision.",
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Return once every process runs by the new revision.")
]


def show_list(  # noqa: PLR0913 - each option of the command is one parameter.
    *,
    group: Annotated[str, typer.Option(metavar="GROUP", help="Only this group.")] = "",
    changed: Annotated[
        bool, typer.Option("--changed", help="Only variables that are not at their default.")
    ] = False,
    processes: Annotated[
        bool, typer.Option("--processes", help="Show what each process runs by instead.")
    ] = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List variables with their values and where these come from; secrets as fingerprints."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    screen = Screen(as_json=as_json)
    if processes:
        found = with_settings(lambda settings: settings.processes(), url=url, key=key, home=home)
        screen.show(found.model_dump(mode="json"), process_view(found))
        return Exit.OK
    shown = with_settings(lambda settings: settings.show(), url=url, key=key, home=home)
    if group and group not in {item.group for item in shown.items}:
        groups = ", ".join(dict.fromkeys(item.group for item in shown.items))
        raise typer.BadParameter(f"the groups are: {groups}", param_hint="--group")
    items = [
        item
        for item in shown.items
        if (not group or item.group == group) and (not changed or item.source != "default")
    ]
    kept = shown.model_copy(update={"items": items})
    screen.show(kept.model_dump(mode="json"), variable_view(kept))
    return Exit.OK


def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the variable.")],
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Show one variable: its value, where that comes from, and what it takes."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    shown = with_settings(lambda settings: settings.show(), url=url, key=key, home=home)
    item = _variable(shown, name)
    Screen(as_json=as_json).show(
        item.model_dump(mode="json"), lambda terminal: show_variable(terminal, item)
    )
    return Exit.OK


def change(  # noqa: PLR0913 - each option of the command is one parameter.
    assignments: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME[=VALUE]...",
            help="What to set; without a value it is asked for, unseen, or read from the input.",
        ),
    ],
    *,
    from_file: ValueFile = None,
    reason: Reason = "",
    base: Base = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    wait: Wait = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Set variables in the database, all of them or none, in every process."""
    values = read_assignments(assignments, from_file)
    if not as_json:
        _warn_of_shown_secrets(assignments)
    if not dry_run:
        return _change(values, base, reason, wait, (url, key, home), as_json=as_json)
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    found = with_settings(
        lambda settings: settings.check(values, base=base), url=url, key=key, home=home
    )
    lines = change_lines(found.changes) or ["Nothing would change."]
    Screen(as_json=as_json).tell(found.model_dump(mode="json"), "\n".join(lines))
    return Exit.OK


def unset(  # noqa: PLR0913 - each option of the command is one parameter.
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of the variables.")],
    *,
    reason: Reason = "",
    base: Base = None,
    wait: Wait = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Take variables out of the database: the environment or the default counts again."""
    values = dict.fromkeys(names)
    return _change(values, base, reason, wait, (url, key, home), as_json=as_json)


def history(
    *,
    limit: Limit = 20,
    before: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only revisions before this one.")
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """List who changed what, when and why, newest first."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    page = with_settings(
        lambda settings: settings.history(limit=limit, before=before),
        url=url,
        key=key,
        home=home,
    )
    Screen(as_json=as_json).show(page.model_dump(mode="json"), revision_view(page))
    return Exit.OK


def rollback(  # noqa: PLR0913 - each option of the command is one parameter.
    revision: Annotated[
        int, typer.Argument(metavar="N", min=0, help="Number of the revision; 0 is nothing set.")
    ],
    *,
    reason: Reason = "",
    base: Base = None,
    wait: Wait = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Make a new revision with the settings of an earlier one."""

    async def work(settings: ServerSettings) -> ChangeMade:
        made = await settings.rollback(revision, base=base, reason=reason)
        return await _waited(settings, made, wait=wait)

    made = with_settings(work, url=url, key=key, home=home)
    return _tell_made(made, as_json=as_json)


def wait_in_force(
    revision: Annotated[
        int | None,
        typer.Argument(metavar="N", min=0, help="Number of the revision; by default the newest."),
    ] = None,
    *,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="15s",
            parser=_seconds,
            help="How long to wait, at most 25s.",
            show_default="15s",
        ),
    ] = None,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Wait until every process runs by a revision or a newer one."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    async def work(settings: ServerSettings) -> tuple[int, JSON, int]:
        number = revision
        if number is None:
            number = (await settings.show()).revision
        found = await settings.wait_in_force(
            number, timeout_s=WAIT_S if timeout is None else timeout
        )
        return number, found.model_dump(mode="json"), len(found.items)

    number, value, processes = with_settings(work, url=url, key=key, home=home)
    Screen(as_json=as_json).tell(
        value, f"Revision {number} is in force in {processes} processes, which are all that run."
    )
    return Exit.OK


def _warn_of_shown_secrets(assignments: Sequence[str]) -> None:
    from config.catalogue import BY_NAME  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import console  # noqa: PLC0415 - as above.

    for word in assignments:
        name, equals, _ = word.partition("=")
        if equals and name in BY_NAME and BY_NAME[name].is_sensitive:
            console(is_error=True).print(
                f"note: others on this machine may have seen the value of {name}; "
                "leave out `=VALUE` to be asked for it.",
                style="yellow",
            )


def _change(
    values: Mapping[str, str | None],
    base: int | None,
    reason: str,
    wait: bool,  # noqa: FBT001 - it is the flag of the command.
    where: tuple[str | None, str | None, Path | None],
    *,
    as_json: bool,
) -> int:
    async def work(settings: ServerSettings) -> ChangeMade:
        made = await settings.change(values, base=base, reason=reason)
        return await _waited(settings, made, wait=wait)

    url, key, home = where
    return _tell_made(with_settings(work, url=url, key=key, home=home), as_json=as_json)


async def _waited(settings: ServerSettings, made: ChangeMade, *, wait: bool) -> ChangeMade:
    if wait:
        await settings.wait_in_force(made.revision, timeout_s=WAIT_S)
    return made


def _tell_made(made: ChangeMade, *, as_json: bool) -> int:
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    def show(terminal: Console) -> None:
        if made.made is None:
            terminal.print(f"Nothing differs from revision {made.revision}; none was made.")
            return
        terminal.print(f"Revision {made.revision}:", style="green")
        for line in change_lines(made.made.changes):
            terminal.print(line)

    Screen(as_json=as_json).show(made.model_dump(mode="json"), show)
    return Exit.OK


def _variable(shown: ConfigShown, name: str) -> VariableShown:
    from config.edit import asked_of  # noqa: PLC0415 - keeps --help quick.
    from config.errors import VariableUnknown  # noqa: PLC0415 - as above.

    for item in shown.items:
        if name in {item.name, *item.aliases}:
            return item
    # It tells which one may be meant.
    asked_of({name: None})
    raise VariableUnknown(name=name)
