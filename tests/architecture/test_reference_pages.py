"""The reference pages list what the code knows: no more, no less."""

import re

import pytest

from config.catalogue import BY_NAME
from config.pages import env_example, reference_page
from support.house import ROOT
from support.reference_rows import command_sections, exit_rows, log_event_rows

REFERENCE = ROOT / "docs" / "reference"


def rows_of(page: str) -> list[str]:
    """Return the table rows of a page whose first cell holds code or a number."""
    lines = (REFERENCE / page).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(r"\| (`|\d)", line)]


def test_configuration_page_is_what_the_catalogue_gives() -> None:
    """`tools/write-config-docs` was run after the last change of a variable."""
    assert reference_page() == (REFERENCE / "configuration.md").read_text(encoding="utf-8")


def test_example_of_an_env_file_is_what_the_catalogue_gives() -> None:
    """As above, for `.env.example`."""
    assert env_example() == (ROOT / ".env.example").read_text(encoding="utf-8")


def test_every_variable_is_documented_under_each_of_its_names() -> None:
    """Whoever searches the page for a name finds it in a row of a table."""
    rows = "\n".join(rows_of("configuration.md"))

    assert [name for name in BY_NAME if f"`{name}`" not in rows] == []


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
