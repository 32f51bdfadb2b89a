"""What people want to set: on the command line, in a file, from the input, or asked for unseen."""

import sys
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path

import typer

_HINT = "NAME[=VALUE]..."


def read_assignments(words: Sequence[str], file: Path | None) -> dict[str, str | None]:
    """Return names and raw texts.

    A name without `=` gets its value from `file`, else from standard input, and on a terminal it
    is asked for without being shown: so a secret stays out of the shell's history and of the list
    of processes. One line break at the end of a file or of the input is left out.

    Raises:
        typer.BadParameter: a name is missing or comes twice, or a value cannot be read.

    """
    values: dict[str, str | None] = {}
    bare: list[str] = []
    for word in words:
        name, equals, text = word.partition("=")
        if not name or name in values:
            reason = "comes twice" if name else "there is no name before ="
            raise typer.BadParameter(f"{name} {reason}".strip(), param_hint=_HINT)
        values[name] = text
        if not equals:
            bare.append(name)
    if file is not None:
        if len(bare) != 1:
            reason = "it gives the value of one NAME without ="
            raise typer.BadParameter(reason, param_hint="--from-file")
        values[bare.pop()] = _read(file)
    if bare:
        values.update(_asked(bare))
    return values


def _read(file: Path) -> str:
    try:
        return _without_break(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise typer.BadParameter(f"{file}: {reason}".lower(), param_hint="--from-file") from error


def _asked(names: Sequence[str]) -> dict[str, str]:
    if sys.stdin.isatty():
        return {name: getpass(f"{name}: ") for name in names}
    if len(names) > 1:
        reason = f"only one of {', '.join(names)} can be read from the input"
        raise typer.BadParameter(reason, param_hint=_HINT)
    return {names[0]: _without_break(sys.stdin.read())}


def _without_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
