"""What commands write to files and standard output."""

import sys
from pathlib import Path

import typer


def require_new(file: Path) -> None:
    """Refuse a file that is there, before anything is asked for.

    Raises:
        typer.BadParameter: it is there.

    """
    if file.exists() or file.is_symlink():
        raise _not_written(file, "it is there already, and stays as it is")


def write_new(file: Path, content: bytes) -> None:
    """Write a file that was not there; nothing of it is left when it cannot be written whole.

    Raises:
        typer.BadParameter: it is there, or cannot be written.

    """
    try:
        with file.open("xb") as opened:
            try:
                opened.write(content)
                opened.flush()
            except OSError:
                file.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise _not_written(file, "it is there already, and stays as it is") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise _not_written(file, reason) from error


def write_out(content: bytes) -> None:
    """Write bytes as they are to standard output, which is no terminal.

    Raises:
        typer.BadParameter: it is one, and a stranger's bytes could steer it.

    """
    if sys.stdout.isatty():
        raise typer.BadParameter(
            "a stranger's bytes are not written to a terminal; name a file, or lead them into one",
            param_hint="--output",
        )
    sys.stdout.buffer.write(content)
    sys.stdout.flush()


def _not_written(file: Path, reason: str) -> typer.BadParameter:
    return typer.BadParameter(f"{file}: {reason}", param_hint="--output")
