"""The bounded log of a call."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.guest.language.sink import Sink


def test_print_writes_like_the_built_in() -> None:
    """Separators and ends are those of print."""
    sink = Sink(100)

    sink.print("a", 1, None, sep="-", end="!")
    sink.print("b", sep=None, end=None, flush=True)

    assert sink.text() == "a-1-None!b\n"


def test_other_files_are_refused() -> None:
    """There is no other file to print to."""
    with pytest.raises(TypeError, match="leave out file="):
        Sink(100).print("a", file=Sink(1))  # type: ignore[arg-type]  # user code passes anything


def test_lone_surrogates_become_question_marks() -> None:
    """The log can always be encoded."""
    sink = Sink(100)

    sink.print("a\ud800b")

    assert sink.text() == "a?b\n"


def test_what_does_not_fit_is_counted() -> None:
    """The first bytes are kept, the others counted, and nothing follows a cut."""
    sink = Sink(5)

    sink.write("abc")
    sink.write("defg")
    sink.write("h")

    assert (sink.text(), sink.dropped_bytes) == ("abcde", 3)


def test_cut_falls_between_characters() -> None:
    """A character of several bytes is kept whole or dropped whole."""
    sink = Sink(4)

    sink.write("aéé")

    assert (sink.text(), sink.dropped_bytes) == ("aé", 2)


def test_huge_line_is_counted_without_a_copy() -> None:
    """A line far above the limit keeps its start and its count."""
    sink = Sink(10)

    sink.write("é" * 200_000)

    assert (sink.text(), sink.dropped_bytes) == ("é" * 5, 399_990)


def test_cleared_sink_gives_its_memory_back() -> None:
    """After clear, the text is gone and the count stays."""
    sink = Sink(2)
    sink.write("abc")

    sink.clear()

    assert (sink.text(), sink.dropped_bytes) == ("", 1)


@given(st.lists(st.text(max_size=20), max_size=20), st.integers(0, 60))
def test_nothing_is_lost_unseen(texts: list[str], limit: int) -> None:
    """Kept and dropped bytes add up to what was written, and kept never passes the limit."""
    sink = Sink(limit)
    for text in texts:
        sink.write(text)

    written = "".join(texts).encode("utf-8", "replace")
    kept = sink.text().encode()
    assert len(kept) <= limit
    assert written.startswith(kept)
    assert len(kept) + sink.dropped_bytes == len(written)


def test_copy_of_print_writes_to_the_same_log() -> None:
    """A deep copy comes without a limit of its own."""
    sink = Sink(3)

    copy.deepcopy([sink.print])[0]("abcdef")

    assert (sink.text(), sink.dropped_bytes) == ("abc", 4)
