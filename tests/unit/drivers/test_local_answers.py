"""Answers are believed only in their exact form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.port import CodeProblem, GuestCause, OutcomeKind, TraceLine
from drivers.replies.answers import Excess, read_failure, read_result
from drivers.replies.frames import ProtocolViolated
from sanderling.kernel.jsontext import InvalidJSON, decode

NONCE = b"0123456789abcdef"
SOURCE = "def handler(event, context):\n    raise ValueError('no')\n"


def answer(value: str, nonce: bytes = NONCE) -> bytes:
    """Return a result body as our guest writes it."""
    return f'{{"nonce":"{nonce.decode()}","value":{value}}}'.encode()


def failure(**members: object) -> bytes:
    """Return an error body with the right nonce."""
    return json.dumps({"nonce": NONCE.decode(), "kind": "user_error", **members}).encode()


@pytest.mark.parametrize("value", ["null", "1", '"ä"', '{"a":[1,2.5,true]}', "[]"])
def test_the_value_is_taken_out_as_it_is(value: str) -> None:
    """A result passes through without being written anew."""
    assert read_result(answer(value), NONCE, is_nonce_required=True) == value.encode()


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "1e999",
        "",
        "1,2",
        '1,"logs":""',
        "{",
        '"\\ud800"',
        "[" * 100 + "]" * 100,
        "9" * 5000,
        "01",
    ],
)
def test_a_value_that_is_not_strict_json_is_a_violation(value: str) -> None:
    """What JSON does not have is not let through, and no second value beside the first."""
    with pytest.raises(ProtocolViolated):
        read_result(answer(value), NONCE, is_nonce_required=True)


def test_a_value_that_is_not_utf8_is_a_violation() -> None:
    """Bytes that are no text are not let through."""
    body = b'{"nonce":"' + NONCE + b'","value":"\xff"}'

    with pytest.raises(ProtocolViolated):
        read_result(body, NONCE, is_nonce_required=True)


def test_the_answer_to_another_call_is_a_violation_in_a_reused_worker() -> None:
    """A result with another nonce was written by an earlier call."""
    with pytest.raises(ProtocolViolated):
        read_result(answer("1", b"f" * 16), NONCE, is_nonce_required=True)


def test_a_worker_of_one_call_answers_for_itself() -> None:
    """Without reuse the socket says whose answer it is, and the value is written anew."""
    body = b'{"value": [1, 2], "logs": ""}'

    assert read_result(body, NONCE, is_nonce_required=False) == b"[1,2]"


@pytest.mark.parametrize("body", [b"[1]", b"{}", b'{"value":NaN}', b"\xff", b""])
def test_an_answer_of_another_form_is_a_violation(body: bytes) -> None:
    """Only an object with a value is an answer."""
    with pytest.raises(ProtocolViolated):
        read_result(body, NONCE, is_nonce_required=False)


json_texts = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.from_regex(rb"-?[0-9]{1,400}(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.integers(1, 200).map(lambda depth: b"[" * depth + b"]" * depth),
)


@given(text=json_texts)
def test_a_result_is_exactly_as_strict_as_the_decoder(text: bytes) -> None:
    """What the kernel's decoder refuses is a violation, and everything else is passed on."""
    body = b'{"nonce":"%b","value":%b}' % (NONCE, text)
    try:
        decode(text)
        is_strict = True
    except InvalidJSON:
        is_strict = False

    try:
        is_accepted = read_result(body, NONCE, is_nonce_required=True) == text
    except ProtocolViolated:
        is_accepted = False

    assert is_accepted == is_strict


def test_a_failure_gets_the_users_lines() -> None:
    """Steps of the stack are completed from the source that the host holds."""
    body = failure(type="ValueError", message="no", trace=[[2, 4, None, "handler"]], hint="h")

    told = read_failure(body, NONCE, SOURCE)

    assert told.kind is OutcomeKind.USER_ERROR
    assert told.error.trace == (TraceLine(2, "handler", "    raise ValueError('no')", 5, 27),)
    assert (told.error.line, told.error.column, told.error.end_column) == (2, 5, 27)


@pytest.mark.parametrize(
    ("text", "start", "end", "columns"),
    [
        ("abc", 0, 2, (1, 3)),
        ("é + x", 5, 6, (5, 6)),
        ("é😀 x", 7, None, (4, 5)),
        ("abc", 7, 9, (4, None)),
        ("abc", 2, 1, (3, None)),
        ("abc", -1, 2, (None, None)),
        ("abc", True, 2, (None, None)),
        ("", 0, 1, (None, None)),
        ("é", 1, 2, (1, 2)),
    ],
)
def test_columns_count_characters_and_stay_in_their_line(
    text: str, start: object, end: object, columns: tuple[int | None, int | None]
) -> None:
    """A guest counts bytes, and may say anything."""
    told = read_failure(failure(trace=[[1, start, end, "f"]]), NONCE, text)

    assert (told.error.trace[0].column, told.error.trace[0].end_column) == columns


def test_lines_are_those_of_the_interpreter() -> None:
    """A form feed or another separator of text ends no line, and a lone return does."""
    source = "a\x0c\u2028b\rc\r\nd"

    told = read_failure(failure(trace=[[2, 0, 1, "f"], [3, 0, 1, "f"]]), NONCE, source)

    assert [line.text for line in told.error.trace] == ["c", "d"]


def test_causes_and_problems_are_read() -> None:
    """What led to an error, and everything a compiler found, come with their lines."""
    body = failure(
        causes=[["KeyError", "'k'", True, [[1, 0, 3, "f"]]]],
        problems=[[2, 5, 10, "No raise.", "Return."], [None, None, None, "No handler.", ""]],
        limit=["ast_depth", 81],
    )

    told = read_failure(body, NONCE, SOURCE)

    line = TraceLine(1, "f", "def handler(event, context):", 1, 4)
    assert told.error.causes == (GuestCause("KeyError", "'k'", (line,), is_explicit=True),)
    first = CodeProblem("No raise.", 2, 5, 10, "Return.", "    raise ValueError('no')")
    assert told.error.problems == (first, CodeProblem("No handler."))
    assert (told.error.line, told.error.column, told.error.hint) == (2, 5, "Return.")
    assert told.excess == Excess("ast_depth", 81)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"nonce":"x","kind":"user_error"}',
        failure(kind="ok"),
        failure(kind="saturated"),
        failure(kind=["user_error"]),
        failure(trace=[1]),
        failure(trace=[[0, 0, 1, "f"]]),
        failure(trace=[["1", 0, 1, "f"]]),
        failure(trace=[[1, 0, "f"]]),
        failure(causes=[1]),
        failure(causes=[["E", "m", True, [1]]]),
        failure(problems=[[1]]),
        failure(limit=["ast_depth"]),
        failure(limit={"ast_depth": 1}),
        b'{"nonce":"' + NONCE + b'","kind":"user_error","message":NaN}',
    ],
)
def test_a_failure_of_another_form_is_a_violation(body: bytes) -> None:
    """An error frame has its nonce, a kind the guest may name, and steps of their form."""
    with pytest.raises(ProtocolViolated):
        read_failure(body, NONCE, SOURCE)


def test_a_long_failure_is_cut() -> None:
    """However much a guest says about its error, little of it is kept."""
    told = read_failure(failure(message="x" * 50_000, type="T" * 9000), NONCE, SOURCE)

    assert len(told.error.message) == 4096
    assert len(told.error.type) == 4096


@given(body=st.binary(max_size=300))
def test_any_failure_body_is_read_or_a_violation(body: bytes) -> None:
    """Whatever an error frame holds, nothing else happens."""
    with pytest.raises(ProtocolViolated):
        read_failure(body, NONCE, SOURCE)


@pytest.mark.parametrize("size", [-1, 1 << 53, 10**4000, True, "1", 1.5])
def test_a_count_that_nothing_can_have_is_left_out(size: object) -> None:
    """Whoever is told of a limit can hold its numbers: a worker cannot make one of 4000 digits."""
    body = failure(kind="result_too_large", size=size, limit=["source_bytes", size])

    told = read_failure(body, NONCE, SOURCE)

    assert told.size is None
    assert told.excess == Excess("source_bytes", None)
