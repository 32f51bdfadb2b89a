"""What commands read from files and standard input."""

import sys
from pathlib import Path

import typer

from sanderling.kernel.jsontext import decode, encode


def read_event(words: str) -> bytes:
    """Return the event that `words` mean, as strict JSON.

    Raises:
        InvalidJSON: it is not strict JSON.
        typer.BadParameter: the file cannot be read.

    """
    if words == "-":
        return encode(decode(sys.stdin.buffer.read()))
    if words.startswith("@"):
        return encode(decode(_read(Path(words[1:]), option="--event")))
    return encode(decode(words.encode("utf-8", "surrogateescape")))


def read_source(file: Path) -> str:
    """Return the source in `file`.

    Raises:
        typer.BadParameter: it cannot be read or is not UTF-8.

    """
    try:
        return _read(file, option="FILE").decode()
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is not UTF-8 text", param_hint="FILE") from error


def read_file(file: Path) -> bytes:
    """Return what is in `file`.

    Raises:
        typer.BadParameter: it cannot be read.

    """
    return _read(file, option="FILE")


def _read(file: Path, *, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise typer.BadParameter(f"{file}: {reason}", param_hint=option) from error
