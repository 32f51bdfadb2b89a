"""A corpus is read whole or refused with its lines."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.corpus import Attack, Corpus, CorpusRefused, Expectation, Walls, read_corpus

ENTRY: dict[str, Any] = {
    "id": "esc.one",
    "category": "escape",
    "source": "def handler(event, context):\n    return 1\n",
    "expect": "ok",
    "layer": "full",
}


def line(**changes: object) -> bytes:
    """Return one line with these members; None leaves a member out."""
    members = {name: value for name, value in {**ENTRY, **changes}.items() if value is not None}
    return json.dumps(members).encode()


def refusal(text: bytes) -> str:
    """Return why `text` is refused."""
    with pytest.raises(CorpusRefused) as refused:
        read_corpus(text)
    return str(refused.value.facts["reason"])


def test_an_entry_is_read_with_all_its_fields() -> None:
    """Each field arrives in its place, and what may be left out has its default."""
    text = line() + b"\r\n\n" + line(id="two", run="twice", layer="os", expect="blocked", note="n")

    corpus = read_corpus(text)

    first = Attack(
        "esc.one", "escape", ENTRY["source"], Expectation.OK, Walls.FULL, runs_twice=False
    )
    assert corpus.attacks[0] == first
    assert (corpus.attacks[1].runs_twice, corpus.attacks[1].layer) == (True, Walls.OS)
    assert (corpus.attacks[1].expect, corpus.attacks[1].note) == (Expectation.BLOCKED, "n")


@pytest.mark.parametrize(
    ("flawed", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not UTF-8"),
        (b'{"id": NaN}', "NaN is not a JSON number"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"id": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"id": "a", "id": "b"}', "field 'id' stands there twice"),
        (line(expect=None, layer=None), "field expect and layer missing"),
        (line(id=""), "field id is empty"),
        (line(category=7), "field category is not text"),
        (line(source=["x"]), "field source is not text"),
        (line(note=1), "field note is not text"),
        (line(expect="fine"), "expect 'fine' is none of ok, runtime_error"),
        (line(layer="kernel"), "layer 'kernel' is none of full, os"),
        (line(run="thrice"), "run 'thrice' is none of once, twice"),
        (line(run=2), "run of another form is none of once, twice"),
    ],
)
def test_a_flaw_is_named_with_its_line(flawed: bytes, reason: str) -> None:
    """Whatever is wrong, the refusal names the line and what is wrong with it."""
    told = refusal(line() + b"\n\n" + flawed + b"\n")

    assert told.startswith("line 3: ")
    assert reason in told


def test_two_entries_of_one_id_are_refused_with_both_lines() -> None:
    """An id names one entry; both lines are told."""
    assert refusal(line() + b"\n" + line()) == "line 2: id 'esc.one' is that of line 1"


def test_every_flawed_line_is_told_at_once() -> None:
    """People mend a file in one go; of very many flaws the first are told and the rest counted."""
    told = refusal(b"\n".join([b"{"] * 20))

    assert [f"line {number}: " in told for number in (1, 8, 9)] == [True, True, False]
    assert told.endswith("and 12 more lines")


@pytest.mark.parametrize("text", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_a_corpus_without_an_entry_is_refused(text: bytes) -> None:
    """Nothing to check is no success."""
    assert refusal(text) == "it has no entry"


def test_fields_that_mean_nothing_are_named() -> None:
    """A field that is not known is passed over, but never in silence."""
    assert read_corpus(line(rum="twice", severity=1)).ignored_fields == ("rum", "severity")


def test_strings_may_hold_any_character() -> None:
    """Lines end at line feeds alone, and a source may hold a lone surrogate."""
    source = "x = '\u2028\u0085'"
    raw = json.dumps({**ENTRY, "source": source}, ensure_ascii=False).encode()

    assert read_corpus(raw).attacks[0].source == source
    assert read_corpus(line(source="'\ud800'")).attacks[0].source == "'\ud800'"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
_MEMBERS = st.dictionaries(st.sampled_from([*ENTRY, "run", "note", "else"]), _VALUES)
_LINES = (
    _MEMBERS.map(lambda members: json.dumps({**ENTRY, **members}).encode())
    | _VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
)


@given(st.lists(_LINES, max_size=6).map(b"\n".join))
def test_any_text_gives_entries_or_one_refusal(text: bytes) -> None:
    """Reading never ends in another way, and entries have distinct ids."""
    try:
        corpus = read_corpus(text)
    except CorpusRefused as refused:
        assert refused.facts["reason"]  # noqa: PT017 - either end is fine.
        return
    ids = [attack.id for attack in corpus.attacks]
    assert isinstance(corpus, Corpus)
    assert ids
    assert len(set(ids)) == len(ids)
