"""The rows that the reference pages must have, made from the tables in the code."""

from collections.abc import Iterator

import typer.main
from typer._click.core import Command, Parameter  # what typer's own types are made of.
from typer.core import TyperGroup

from sanderling.cli.app import build_app
from sanderling.cli.exits import EXIT_MEANINGS, OUTCOME_EXITS
from sanderling.kernel.log_events import LOG_EVENTS

SHARED = {"url", "key", "home", "as_json", "limit", "cursor"}


def log_event_rows() -> list[str]:
    """Return one table row for each log event, sorted."""
    return [f"| `{name}` | {meaning} |" for name, meaning in sorted(LOG_EVENTS.items())]


def exit_rows() -> list[str]:
    """Return one table row for each exit code, sorted."""
    rows = {int(code): meaning for code, meaning in EXIT_MEANINGS.items()}
    for kind, code in OUTCOME_EXITS.items():
        rows.setdefault(code, f"The call ended with the outcome `{kind}`.")
    return [f"| {code} | {meaning} |" for code, meaning in sorted(rows.items())]


def command_sections() -> dict[str, list[str]]:
    """Return, for each command's words, the lines that its section must have.

    The empty words stand for the options that many commands share.
    """
    shared: dict[str, None] = {}
    sections: dict[str, list[str]] = {}
    for words, command in _commands("sanderling", typer.main.get_command(build_app())):
        rows = {parameter.name: _row(parameter) for parameter in command.params}
        shared.update({row: None for name, row in rows.items() if name in SHARED})
        own = [row for name, row in rows.items() if name not in SHARED]
        sections[words] = [command.help or "", *own]
    return {"": list(shared), **sections}


def _commands(words: str, command: Command) -> Iterator[tuple[str, Command]]:
    if not isinstance(command, TyperGroup):
        yield words, command
        return
    for name, child in command.commands.items():
        yield from _commands(f"{words} {name}", child)


def _row(parameter: Parameter) -> str:
    is_option = parameter.param_type_name == "option"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    text: str = getattr(parameter, "help", "")
    variable = f" Also from `{parameter.envvar}`." if parameter.envvar else ""
    return f"| {names if is_option else f'`{parameter.metavar}`'} | {text}{variable} |"
