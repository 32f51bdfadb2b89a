"""Commands read events and sources strictly and say which word was wrong."""

import io
from pathlib import Path

import pytest
import typer

from sanderling.cli.input import read_event, read_source
from sanderling.kernel.jsontext import InvalidJSON


def test_event_comes_from_words_file_and_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The three ways give the same strict, compact JSON."""
    file = tmp_path / "event.json"
    file.write_text('{ "a": [1] }')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a" : [1]}')))

    events = {read_event('{"a":[1]}'), read_event(f"@{file}"), read_event("-")}

    assert events == {b'{"a":[1]}'}


@pytest.mark.parametrize(
    "words", ["NaN", '{"a":Infinity}', "", "{", '"\\ud800"', "1e999", "\udcff"]
)
def test_what_is_no_strict_json_is_refused(words: str) -> None:
    """NaN and its like never reach a function."""
    with pytest.raises(InvalidJSON):
        read_event(words)


def test_missing_files_name_the_option(tmp_path: Path) -> None:
    """A file that is not there is a usage error which names option and file."""
    with pytest.raises(typer.BadParameter, match=r"gone\.json: no such file") as event:
        read_event(f"@{tmp_path}/gone.json")
    with pytest.raises(typer.BadParameter, match="is a directory") as source:
        read_source(tmp_path)

    assert (event.value.param_hint, source.value.param_hint) == ("--event", "FILE")


def test_source_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are a usage error."""
    file = tmp_path / "f.py"
    file.write_bytes(b"x = '\xff'")

    with pytest.raises(typer.BadParameter, match="not UTF-8"):
        read_source(file)
