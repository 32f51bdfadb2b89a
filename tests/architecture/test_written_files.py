"""What people wrote down is true anywhere, and short where that was promised."""

import re
from pathlib import Path

import pytest

from support.house import ROOT, shown, source_files

# One letter of each is in brackets, so that this file does not hold what it looks for.
_PLACES = re.compile(
    r"pythonh[o]sted|pyp[i]\.[o]rg|registry\.n[p]mjs|deb\.d[e]bian"
    r"|/w[o]rk/|/f[a]rm/|/ro[o]t/|/o[p]t/(pypi|wheels)",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(r"(\+[a-z0-9-]+|\d+)\.(security|breaking|feature|change|fix)\.md")
_TWO_SENTENCES = re.compile(r"[a-z0-9`)*][.!?] [A-Z`*]")
_PAGES = [path for path in source_files() if path.suffix == ".md"]


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _prose(page: Path) -> list[str]:
    """Return the lines of a page that are neither code nor table."""
    without_code = re.sub(r"^(```+|:::+).*?^\1", "", _text(page), flags=re.DOTALL | re.MULTILINE)
    return [
        re.sub(r"^\s*(\d+\.|[-*]) ", "", line)
        for line in without_code.splitlines()
        if not line.startswith("|")
    ]


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    """The project says nothing about where it was written or what it was fetched from."""
    named = {
        shown(path): found.group()
        for path in source_files()
        for found in [_PLACES.search(_text(path))]
        if found
    }

    assert named == {}


def test_the_readme_stays_short() -> None:
    """The README is read in one sitting: at most 120 lines."""
    assert len(_text(ROOT / "README.md").splitlines()) <= 120


def test_every_news_fragment_will_be_in_the_changelog() -> None:
    """Names have the form that towncrier collects, and texts are short."""
    fragments = [path for path in (ROOT / "newsfragments").iterdir() if path.name != "README.md"]

    assert [path.name for path in fragments if not _FRAGMENT.fullmatch(path.name)] == []
    assert [path.name for path in fragments if not 20 < len(_text(path)) < 600] == []


@pytest.mark.parametrize("page", _PAGES, ids=shown)
def test_a_page_has_one_sentence_on_each_line(page: Path) -> None:
    """A changed sentence is a changed line."""
    assert [line for line in _prose(page) if _TWO_SENTENCES.search(line)] == []
