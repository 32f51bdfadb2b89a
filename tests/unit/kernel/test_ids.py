"""Ids are unique and sort by the time they were made."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds, is_id

_KINDS = ["workspace", "function", "call", "key", "request"]
_PREFIXES = ["ws", "fn", "call", "key", "req"]


@pytest.mark.parametrize(("kind", "prefix"), list(zip(_KINDS, _PREFIXES, strict=True)))
def test_an_id_tells_its_kind(kind: str, prefix: str) -> None:
    """The words before the underscore are the kind, the rest is well formed."""
    made = getattr(SortableIds(VirtualClock()), kind)()

    assert made.startswith(f"{prefix}_")
    assert is_id(made, prefix)
    assert [is_id(made, other) for other in _PREFIXES if other != prefix] == [False] * 4


@given(st.lists(st.floats(min_value=0, max_value=10, allow_nan=False), min_size=2, max_size=50))
def test_ids_of_one_source_are_strictly_increasing(pauses: list[float]) -> None:
    """As text they sort in the order they were made, within one millisecond too."""
    clock = VirtualClock()
    ids = SortableIds(clock)
    made: list[str] = []

    for pause_s in pauses:
        clock.advance(pause_s)
        made.append(ids.call())

    assert sorted(set(made)) == made


def test_order_survives_a_clock_that_stands_at_full_random_bits() -> None:
    """Counting on past the last random number of a millisecond still sorts."""
    ids = SortableIds(VirtualClock(), random_bits=lambda count: (1 << count) - 1)

    made = [ids.call() for _ in range(1000)]

    assert sorted(set(made)) == made


def test_order_survives_a_clock_that_goes_back() -> None:
    """An id made after the wall clock was set back is still greater."""
    clock = VirtualClock()
    ids = SortableIds(clock)
    clock.advance(10)
    earlier = ids.call()

    clock.advance(-5)

    assert earlier < ids.call()


def test_ids_of_different_sources_sort_by_their_clocks() -> None:
    """A later millisecond wins over any random bits."""
    early, late = VirtualClock(), VirtualClock()
    late.advance(0.001)

    first = SortableIds(early, random_bits=lambda count: (1 << count) - 1).call()
    second = SortableIds(late, random_bits=lambda _: 0).call()

    assert first < second


def test_sources_at_the_same_time_do_not_collide() -> None:
    """Two processes that start in one millisecond make different ids."""
    made = [SortableIds(VirtualClock()).call() for _ in range(2000)]

    assert len(set(made)) == len(made)


def test_threads_do_not_collide() -> None:
    """A source that is shared between threads never hands out one id twice."""
    ids = SortableIds(VirtualClock())

    with ThreadPoolExecutor(8) as pool:
        drawing = [pool.submit(ids.call) for _ in range(5000)]
    made = [drawn.result() for drawn in drawing]

    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "call",
        "call_",
        "call_0",
        "_00000000000000000000000000",
        "call_0000000000000000000000000",
        "call_000000000000000000000000000",
        "call_0000000000000000000000000I",
        "call_0000000000000000000000000a",
        "call_0000000000000000000000000\n",
        "CALL_00000000000000000000000000",
        "x_call_00000000000000000000000000",
    ],
)
def test_what_is_no_id_is_told_apart(text: str) -> None:
    """Length, alphabet and kind all have to be right."""
    assert not is_id(text, "call")


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    """Whatever a caller sends is an id or is not."""
    assert is_id(text, "call") in {True, False}
