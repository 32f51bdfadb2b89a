"""One word for each idea."""

import re

import pytest

from support.house import ROOT

_GLOSSARY = (ROOT / "docs" / "reference" / "glossary.md").read_text()
_TERMS = re.findall(r"^([a-z][a-z ]*)$", _GLOSSARY, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "term",
    [
        "call",
        "caller",
        "draft",
        "driver",
        "guest",
        "outcome",
        "port",
        "publish",
        "refusal",
        "revision",
        "room",
        "snapshot",
        "subscriber",
        "version",
        "workspace",
    ],
)
def test_a_house_word_is_explained(term: str) -> None:
    """Each word that the code is written in has its entry."""
    assert term in _TERMS


def test_the_glossary_is_in_order() -> None:
    """Entries stand where readers look for them."""
    assert sorted(_TERMS) == _TERMS
    assert len(set(_TERMS)) == len(_TERMS)
