"""Patterns of addresses take exactly the paths that they describe."""

import re
import string
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.triggers.errors import TriggerRefused
from runner.triggers.route_pattern import (
    MAX_PATH_BYTES,
    MAX_PATH_SEGMENTS,
    MAX_PATTERN,
    MAX_SEGMENTS,
    Literal,
    Parameter,
    Rest,
    RoutePattern,
    read_path,
    read_pattern,
)

PLAIN = string.ascii_letters + string.digits + "-._~"

literals = st.text(PLAIN, min_size=1, max_size=6).filter(lambda text: text not in {".", ".."})
words = st.sampled_from(["a", "b", "orders", "A", "1", "a.b", "~"])


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """Return the text of a pattern; few words, so that patterns often meet the same paths."""
    kinds = draw(st.lists(st.sampled_from("lp"), min_size=1, max_size=4))
    parts = [draw(words) if kind == "l" else f":p{at}" for at, kind in enumerate(kinds)]
    if draw(st.booleans()):
        parts[-1] = "*rest"
    return "/" + "/".join(parts)


# What a segment can hold once it is decoded.
segments = st.text(min_size=1, max_size=8).filter(
    lambda text: (
        text not in {".", ".."} and not re.search(r"[/\\\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)
    )
)
paths = st.lists(words | segments, min_size=1, max_size=6).map(tuple)


def _as_expression(pattern: str) -> re.Pattern[str]:
    """Return a second opinion: the pattern as a regular expression over joined segments."""
    expression = ""
    for part in pattern[1:].split("/"):
        if part.startswith(":"):
            expression += "/[^/]+"
        elif part.startswith("*"):
            expression += "(/[^/]+)+"
        else:
            expression += "/" + re.escape(part)
    return re.compile(expression, re.DOTALL)


@given(patterns(), paths)
def test_a_pattern_takes_what_its_words_say(pattern: str, path: tuple[str, ...]) -> None:
    """A regular expression made from the same text agrees on every path."""
    expected = _as_expression(pattern).fullmatch("/" + "/".join(path)) is not None

    assert (read_pattern(pattern).match(path) is not None) == expected


@given(patterns(), paths)
def test_parameters_hold_the_whole_path(pattern: str, path: tuple[str, ...]) -> None:
    """Putting the parameters back into the pattern gives the path again, in just one way."""
    found = read_pattern(pattern).match(path)
    if found is None:
        return

    rebuilt = [found.get(part[1:], part) for part in pattern[1:].split("/")]

    assert "/".join(rebuilt) == "/".join(path)


@given(patterns(), patterns(), paths)
def test_a_pattern_that_covers_another_takes_all_its_paths(
    first: str, second: str, path: tuple[str, ...]
) -> None:
    """Whoever is told that a trigger is in the shadow of another can rely on it."""
    one, other = read_pattern(first), read_pattern(second)

    if one.covers(other) and other.match(path) is not None:
        assert one.match(path) is not None


@pytest.mark.parametrize(
    ("first", "second", "covers"),
    [
        ("/a", "/a", True),
        ("/:x", "/:y", True),
        ("/:x", "/a", True),
        ("/a", "/:x", False),
        ("/*r", "/a/:b/*c", True),
        ("/:x/*r", "/*r", False),
        ("/a/*r", "/a", False),
        ("/a/*r", "/a/b", True),
        ("/a", "/a/b", False),
        ("/a/b", "/a", False),
    ],
)
def test_covering_is_known_for_examples(first: str, second: str, *, covers: bool) -> None:
    """The examples that people think of first."""
    assert read_pattern(first).covers(read_pattern(second)) is covers


@given(st.lists(segments, min_size=1, max_size=6))
def test_a_path_comes_back_as_it_was_encoded(path: list[str]) -> None:
    """Whatever a segment may hold survives the way over the wire."""
    raw = "/" + "/".join(quote(segment, safe="") for segment in path)

    assert tuple(path) == read_path(raw.encode())


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    """Anything gives segments that are safe to hand on, or nothing."""
    path = read_path(b"/" + raw)

    for segment in path or ():
        assert segment
        assert segment not in {".", ".."}
        assert not set(segment) & set("/\\\0\r\n")


def test_one_slash_at_the_end_makes_no_difference() -> None:
    """People paste addresses with and without it."""
    assert read_path(b"/orders/7/") == read_path(b"/orders/7") == ("orders", "7")


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"orders", b"/", b"//", b"//a", b"/a//b", b"/a//"),
        *(b"/.", b"/..", b"/a/../b", b"/%2e%2e/b", b"/.%2E", b"/%2e"),
        *(b"/a%2fb", b"/a%2Fb", b"/a%5cb", b"/a\\b", b"/..%5c.."),
        *(b"/a%00", b"/a%0d%0aset-cookie:x", b"/a%7f", b"/a%c2%85"),
        *(b"/%", b"/%2", b"/%zz", b"/a%2x", b"/%u0041", b"/%+1"),
        *(b"/%ff", b"/%c0%ae%c0%ae", b"/%ed%a0%80", "/é".encode()),
    ],
)
def test_what_programs_read_differently_is_no_path(raw: bytes) -> None:
    """Traversal, smuggled slashes, control characters and broken encodings match nothing."""
    assert read_path(raw) is None


def test_a_path_is_decoded_once() -> None:
    """What was encoded twice stays encoded once, so no second reader finds dots in it."""
    assert read_path(b"/%252e%252e/%252f") == ("%2e%2e", "%2f")


def test_a_path_has_bounds() -> None:
    """Neither its length nor the number of its segments is without end."""
    assert read_path(b"/" + b"a" * (MAX_PATH_BYTES - 1)) is not None
    assert read_path(b"/" + b"a" * MAX_PATH_BYTES) is None
    assert read_path(b"/a" * MAX_PATH_SEGMENTS) is not None
    assert read_path(b"/a" * (MAX_PATH_SEGMENTS + 1)) is None


def test_upper_and_lower_case_differ() -> None:
    """Ids in addresses are not changed to compare them."""
    assert read_pattern("/Orders").match(("orders",)) is None


def test_a_pattern_is_read() -> None:
    """Each kind of segment is known by its first character."""
    assert read_pattern("/orders/:id/*rest") == RoutePattern(
        (Literal("orders"), Parameter("id"), Rest("rest"))
    )


@given(literals)
def test_literal_text_takes_itself(text: str) -> None:
    """No character of a literal has a second meaning."""
    assert read_pattern(f"/{text}").match((text,)) == {}
    assert read_pattern(f"/{text}").match((text + "x",)) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "orders", "/", "//", "/a/", "/a//b", "/.", "/a/.."),
        *("/:", "/:1", "/:a-b", "/*", "/*a/b", "/:a/:a", "/:a/*a", "/a:b/**"),
        *("/a b", "/a%20b", "/é", "/a\n", "/(a+)+$", "/a?", "/@ws_1/x", "/a\\b", "/{id}"),
        *("/" + "a" * MAX_PATTERN, "/a" * (MAX_SEGMENTS + 1)),
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    """The refusal names the setting and says what is allowed."""
    with pytest.raises(TriggerRefused) as refused:
        read_pattern(text)

    assert refused.value.facts["field"] == "path"


@given(st.text(max_size=40))
def test_reading_a_pattern_ends_well_or_in_a_refusal(text: str) -> None:
    """No text breaks the reader."""
    with suppress(TriggerRefused):
        assert read_pattern(text).segments


def test_a_hostile_path_costs_no_more_than_its_length() -> None:
    """Nested repetitions, which make regular expressions explode, have no form in the language."""
    pattern = read_pattern("/:a/:b/:c/:d/:e/:f/:g/*rest")
    path = read_path(b"/a" * MAX_PATH_SEGMENTS)

    assert path is not None
    assert pattern.match(path) is not None
