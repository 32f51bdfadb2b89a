"""The sandbox pages say what the code does."""

import re
from dataclasses import fields
from pathlib import Path

from drivers.corpus import Expectation
from drivers.expectations import ENDS, MOST_RESIDENT_BYTES, REFUSALS, REFUSED_NUMBERS
from drivers.guest.layers import EXTRAS, LAYERS
from drivers.guest.syscalls import ALLOW, WORKER_RULES
from drivers.limits import CEILINGS, Limits
from drivers.local.settings import LocalSettings
from drivers.port import OutcomeKind
from sanderling.kernel.units import MIB

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "sandbox.md").read_text()
EXPLANATION = (DOCS / "explanation" / "sandbox.md").read_text()

UNSAID = {"python", "bytecode_items", "bytecode_bytes", "experiment"}
"""Settings for people who work on the driver."""


def table_under(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading of the reference page."""
    section = REFERENCE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def written(default: object) -> str:
    """Return a default as the page writes it."""
    if isinstance(default, str):
        return str(default)
    return f"{default:.10g}" if isinstance(default, (int, float)) else "none"


def test_every_limit_has_its_row_with_its_numbers() -> None:
    """Names, defaults and ceilings are those of the code, in order."""
    limits = Limits()
    expected = [
        [field.name, f"{getattr(limits, field.name):.10g}", f"{CEILINGS[field.name]:.10g}"]
        for field in fields(Limits)
    ]

    assert [row[:3] for row in table_under("Limits")] == expected


def test_every_setting_has_its_row_with_its_default() -> None:
    """Names and defaults are those of the code, in order."""
    settings = LocalSettings()
    defaults = {
        field.name: getattr(settings, field.name)
        for field in fields(LocalSettings)
        if field.name not in UNSAID
    }
    expected = [[name, written(default)] for name, default in defaults.items()]

    assert [row[:2] for row in table_under("Settings")] == expected


def test_every_word_of_a_corpus_has_its_row() -> None:
    """The page on the check lists for each word exactly what the table in the code accepts."""
    page = (DOCS / "reference" / "sandbox-check.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    words = {f"| `{word}`": word.value for word in Expectation}
    told = {
        words[name]: [set(re.findall("`(.+?)`", meant)), set(re.findall("`(.+?)`", earlier))]
        for name, meant, *rest in rows
        if name in words
        for earlier in rest
    }
    expected = {word.value: [set(ends.meant), set(ends.earlier)] for word, ends in ENDS.items()}

    assert told == expected
    assert {error for error in REFUSALS if f"`{error}`" in page} == REFUSALS
    assert f"{MOST_RESIDENT_BYTES // MIB} MiB" in page
    assert all(f"`[Errno {number}]`" in page for number in REFUSED_NUMBERS)


def test_every_layer_is_explained_and_listed() -> None:
    """Both pages name the layers, in the order in which they are put up."""
    section = REFERENCE.split("## Layers\n", 1)[1].split("\n## ", 1)[0]

    assert section.strip().startswith(", ".join(f"`{layer}`" for layer in LAYERS))
    for layer in LAYERS:
        assert f"| `{layer}` |" in EXPLANATION
    for extra in EXTRAS:
        assert f"| `{extra}` |" in section
        assert f"| `{extra}` (extra) |" in EXPLANATION


def test_outcomes_are_words_of_the_port() -> None:
    """The page lists no outcome that there is not."""
    listed = [row[0] for row in table_under("Outcomes that the driver makes")]

    assert set(listed) <= set(OutcomeKind)
    assert len(listed) == len(set(listed))


def test_every_system_call_that_is_left_is_listed() -> None:
    """The page names exactly the calls that a worker may make."""
    section = REFERENCE.split("```text\n", 1)[1].split("```", 1)[0]
    allowed = {rule.name for rule in WORKER_RULES if rule.verdict == ALLOW}
    columns = [line[:23].replace(",", "").split() for line in section.splitlines() if "   " in line]
    plain = [line.split() for line in section.splitlines() if "   " not in line]

    assert {name for names in (*columns, *plain) for name in names} == allowed
