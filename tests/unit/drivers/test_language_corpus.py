"""The attack corpus, as far as the language walls alone answer for it.

Entries that end in a timeout or out of memory, and those that overflow the C stack, need the
walls of the operating system; they run in the integration suite of the local driver.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from drivers.guest.language.rejection import CodeRejected
from support.language import compile_guest, run_guest

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = ("attacks.jsonl", "more_attacks.jsonl")
CRASHES = {"res.c_recursion_chain", "res.c_recursion_map"}
HERE = {"ok", "runtime_error", "compile_error"}


def _entries() -> list[dict[str, Any]]:
    texts = [(CORPUS / name).read_text(encoding="utf-8") for name in FILES]
    entries = [json.loads(line) for text in texts for line in text.splitlines()]
    return [
        entry
        for entry in entries
        if entry["layer"] == "full" and entry["expect"] in HERE and entry["id"] not in CRASHES
    ]


ENTRIES = _entries()


def _observed(source: str, event: dict[str, object]) -> tuple[str, object]:
    try:
        compile_guest(source)
    except CodeRejected as rejected:
        return "compile_error", rejected
    ran = run_guest(source, event)
    return ("ok" if ran.failure is None else "runtime_error"), ran


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_attack_ends_as_expected(entry: dict[str, Any]) -> None:
    """The attack is refused, fails or does no harm, as the corpus says; twice where asked."""
    for phase in range(1, 3 if entry.get("run") == "twice" else 2):
        verdict, ran = _observed(entry["source"], {"phase": phase})

        assert verdict == entry["expect"], ran
        if entry["id"].startswith("state."):
            assert getattr(ran, "value", None) == "clean"


def test_corpus_is_whole() -> None:
    """The entries that run here are all that can, and each has a name of its own."""
    assert len(ENTRIES) == 139 + 177
    assert len({entry["id"] for entry in ENTRIES}) == len(ENTRIES)
