"""The reference pages list what the code knows: no more, no less."""

import re
from pathlib import Path

import pytest

from support.reference_rows import command_sections, exit_rows, log_event_rows, variable_rows

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def rows_of(page: str) -> list[str]:
    """Return the table rows of a page whose first cell holds code or a number."""
    lines = (REFERENCE / page).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(r"\| (`|\d)", line)]


def test_every_variable_is_documented_and_no_other() -> None:
    """`configuration.md` has exactly the declared variables with name, default and meaning."""
    assert sorted(variable_rows()) == sorted(rows_of("configuration.md"))


def test_every_log_event_is_documented_and_no_other() -> None:
    """`log-events.md` has exactly the events of the table, sorted."""
    assert log_event_rows() == rows_of("log-events.md")


def test_every_exit_code_is_documented() -> None:
    """`cli.md` has every exit code with its meaning."""
    assert set(exit_rows()) <= set(rows_of("cli.md"))


@pytest.mark.parametrize("words", command_sections())
def test_every_command_is_documented_with_its_options(words: str) -> None:
    """`cli.md` has a section for each command with its sentence and its own options, no others."""
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    heading = f"### `{words}`" if words else "## Options of many commands"
    section = re.split(r"^##", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    expected = command_sections()[words]

    assert [line for line in expected if line.startswith("|")] == [
        line for line in section.splitlines() if line.startswith("| `")
    ]
    assert {line for line in expected if not line.startswith("|")} <= set(section.splitlines())


def test_no_command_is_documented_that_there_is_not() -> None:
    """`cli.md` names no command beyond those of the code."""
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")

    assert [words for words in command_sections() if words] == re.findall(
        r"^### `(.+)`$", text, re.MULTILINE
    )
