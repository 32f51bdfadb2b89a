"""Values for `config set`: from the words, a file or the input."""

import io
from pathlib import Path

import pytest
import typer

from sanderling.cli.setting_input import read_assignments


def test_words_give_names_and_values() -> None:
    """A value may hold anything, also = and nothing at all."""
    assert read_assignments(["A=1", "B=x=y", "C="], None) == {"A": "1", "B": "x=y", "C": ""}


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_gives_the_one_value(tmp_path: Path, ending: str) -> None:
    """One line break at its end is left out, the rest stays as it is."""
    file = tmp_path / "value"
    file.write_bytes(b"  two\nlines " + ending.encode())

    assert read_assignments(["A=1", "B"], file) == {"A": "1", "B": "  two\nlines "}


def test_the_input_gives_the_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is piped in needs no place in the words."""
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))

    assert read_assignments(["A"], None) == {"A": "s3cret"}


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["=1"], None),
        (["A=1", "A=2"], None),
        (["A", "B"], None),
        (["A=1"], Path("value")),
        (["A"], Path("no such file")),
    ],
)
def test_what_cannot_be_read_is_refused(
    words: list[str], file: Path | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The refusal names the word or the file, and nothing is guessed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))

    with pytest.raises(typer.BadParameter):
        read_assignments(words, None if file is None else tmp_path / file)
