"""Processes search for garbage less often, and still find it."""

import gc
import weakref
from collections.abc import Callable, Generator

import pytest

from sanderling.kernel.collector import load_undisturbed, settle_collector


class Knot:
    """Something that can hold itself."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.other: Knot | None = None


@pytest.fixture(autouse=True)
def restored() -> Generator[None]:
    """Leave the collector of the tests as it was."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_was_loaded_is_left_out() -> None:
    """Everything that is there already is in no generation any more."""
    settle_collector()

    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] > 700


@pytest.mark.parametrize("seldom", [load_undisturbed, settle_collector])
def test_cycles_are_found_all_the_same(seldom: Callable[[], None]) -> None:
    """As many new objects as the threshold says bring a search, which frees what holds itself."""
    seldom()
    knot = Knot()
    knot.other = knot
    gone = weakref.ref(knot)

    del knot
    kept = [Knot() for _ in range(2 * gc.get_threshold()[0])]

    assert len(kept) > 0
    assert gone() is None
