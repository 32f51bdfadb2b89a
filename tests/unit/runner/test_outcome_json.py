"""The JSON form of outcomes reads back as the same outcome."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.port import (
    CodeProblem,
    GuestCause,
    GuestError,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
    TraceLine,
)
from runner.errors import OutcomeUnreadableError
from runner.outcome_json import outcome_from_json, outcome_json, outcome_text
from sanderling.kernel.jsontext import JSON, decode, encode

MEMBERS = {
    "outcome",
    "result",
    "error",
    "detail",
    "logs",
    "logs_dropped_bytes",
    "duration_ms",
    "cpu_ms",
    "memory_bytes",
    "limit",
    "isolation",
    "layers",
    "waived",
    "driver",
    "retry_after_s",
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
wholes = st.integers(0, 2**53)
numbers = st.one_of(wholes, st.floats(0, 1e12))
# A driver measures in microseconds at best; finer times than that are not kept.
times_s = st.integers(0, 10**9).map(lambda time_us: time_us / 1_000_000)
values: st.SearchStrategy[JSON] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), wholes, st.floats(allow_nan=False, allow_infinity=False), texts
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
perhaps = st.none() | wholes
traces = st.lists(st.builds(TraceLine, wholes, texts, texts, perhaps, perhaps), max_size=2).map(
    tuple
)
problems = st.builds(CodeProblem, texts, perhaps, perhaps, perhaps, texts, texts)
errors = st.builds(
    GuestError,
    type=texts,
    message=texts,
    trace=traces,
    line=perhaps,
    column=perhaps,
    hint=texts,
    end_column=perhaps,
    causes=st.lists(
        st.builds(GuestCause, texts, texts, traces, is_explicit=st.booleans()), max_size=2
    ).map(tuple),
    problems=st.lists(problems, max_size=2).map(tuple),
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Draw any outcome that a driver may give."""
    kind = draw(st.sampled_from(OutcomeKind))
    return Outcome(
        kind=kind,
        driver=draw(texts),
        duration_s=draw(times_s),
        result_json=encode(draw(values)) if kind is OutcomeKind.OK else None,
        error=draw(st.none() | errors),
        detail=draw(texts),
        logs=draw(texts),
        logs_dropped_bytes=draw(wholes),
        limit=draw(st.none() | st.builds(LimitHit, texts, numbers, st.none() | numbers)),
        cpu_s=draw(st.none() | times_s),
        memory_bytes=draw(st.none() | wholes),
        isolation=draw(st.sampled_from(Isolation)),
        layers=tuple(draw(st.lists(texts, max_size=3))),
        waived=tuple(draw(st.lists(texts, max_size=3))),
        retry_after_s=draw(st.none() | numbers),
    )


@pytest.mark.slow
@given(outcome=outcomes())
def test_what_is_read_back_is_what_was_written(outcome: Outcome) -> None:
    """An outcome survives the way over the wire whole."""
    over_the_wire = decode(encode(outcome_json(outcome)))

    assert outcome_from_json(over_the_wire) == outcome


@pytest.mark.slow
@given(outcome=outcomes())
def test_the_text_says_the_same_as_the_value(outcome: Outcome) -> None:
    """The fast way to text and the plain one give the same members, and more if asked for."""
    more: dict[str, JSON] = {"call_id": "call_1", "version": None}

    assert decode(outcome_text(outcome)) == outcome_json(outcome)
    assert decode(outcome_text(outcome, encode(more)[1:-1])) == {**outcome_json(outcome), **more}


def test_the_members_are_those_that_are_documented() -> None:
    """Every member is always there, known or null."""
    assert set(outcome_json(Outcome(OutcomeKind.DISABLED, "disabled"))) == MEMBERS


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_member_that_is_missing_is_named(name: str) -> None:
    """What is no outcome is refused, and the error says where."""
    value = outcome_json(Outcome(OutcomeKind.OK, "memory", result_json=b"1"))
    del value[name]

    with pytest.raises(OutcomeUnreadableError, match=f"`{name}` is missing"):
        outcome_from_json(value)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("outcome", "great"),
        ("outcome", 1),
        ("error", []),
        ("error", {"type": "E"}),
        ("detail", None),
        ("logs_dropped_bytes", 1.5),
        ("duration_ms", "1"),
        ("cpu_ms", True),
        ("limit", "wall_s"),
        ("isolation", "vm"),
        ("layers", "seccomp"),
        ("layers", [1]),
    ],
)
def test_a_member_of_another_type_is_named(name: str, wrong: JSON) -> None:
    """A wrong type is refused, not guessed at."""
    value = outcome_json(Outcome(OutcomeKind.OK, "memory", result_json=b"1"))

    with pytest.raises(OutcomeUnreadableError):
        outcome_from_json({**value, name: wrong})


@pytest.mark.slow
@given(value=values)
def test_what_is_no_outcome_is_refused_in_one_way(value: JSON) -> None:
    """Any JSON at all gives an outcome or the one error for it."""
    with pytest.raises(OutcomeUnreadableError):
        outcome_from_json(value)


def test_members_not_known_here_are_left_out() -> None:
    """A newer server may say more than this client reads."""
    outcome = Outcome(OutcomeKind.OK, "memory", result_json=b"1")

    assert outcome_from_json({**outcome_json(outcome), "planet": "earth"}) == outcome


def test_the_text_is_plain_json_for_anyone() -> None:
    """A reader that knows only JSON reads it."""
    outcome = Outcome(OutcomeKind.OK, "memory", result_json='"é"'.encode())

    assert json.loads(outcome_text(outcome))["result"] == "é"


@given(
    outcome=st.builds(
        Outcome,
        kind=st.sampled_from(OutcomeKind),
        driver=st.text(max_size=5),
        duration_s=st.floats(0, 1e6),
        result_json=st.none() | st.just(b'{"a":[1]}'),
        error=st.none(),
        detail=st.sampled_from(["", "Why."]),
        logs=st.sampled_from(["", "told \u00e9\n"]),
        logs_dropped_bytes=st.integers(0, 1 << 40),
        cpu_s=st.none() | st.floats(0, 1e6),
        limit=st.none(),
        memory_bytes=st.none() | st.integers(0, 1 << 50),
        isolation=st.sampled_from(Isolation),
        layers=st.lists(st.text(max_size=3), max_size=3).map(tuple),
        waived=st.lists(st.text(max_size=3), max_size=2).map(tuple),
        retry_after_s=st.none() | st.floats(0, 1e3),
    ),
    more=st.dictionaries(st.sampled_from(["call_id", "version"]), st.none() | st.text()),
)
def test_the_text_of_an_outcome_is_its_members(outcome: Outcome, more: dict[str, JSON]) -> None:
    """However it is written, the text holds the members in their order, to the byte."""
    members = outcome_json(outcome)
    result = members.pop("result")

    text = outcome_text(outcome, encode(more)[1:-1])
    assert encode({**members, **more, "result": result}) == text
