"""Calls are waited for in the way that is quicker, and never keep the loop from its turn."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from drivers.local.spinning import ASLEEP, IN_VAIN, SPINNING, Spinning, Waits, Way

CALLS = 2000
EXPLORED = CALLS / 32

times = st.floats(1e-6, 1.0)


def ways_taken(asleep_s: float, spinning_s: float, *, is_in_vain: bool = False) -> list[Way]:
    """Return the ways of many calls that always take the same time in the same way."""
    waits = Waits()
    taken: list[Way] = []
    for _ in range(CALLS):
        way = waits.choose()
        taken.append(way)
        if way is ASLEEP:
            waits.note(ASLEEP, asleep_s)
        else:
            waits.note(IN_VAIN if is_in_vain else SPINNING, spinning_s)
    return taken


@given(quick_s=times, factor=st.floats(1.01, 1000))
def test_the_quicker_way_is_taken(quick_s: float, factor: float) -> None:
    """Nearly all calls go the way that takes less, and a few the other, to see if it changed."""
    slow_s = quick_s * factor

    spun = ways_taken(slow_s, quick_s).count(SPINNING)
    slept = ways_taken(quick_s, slow_s).count(ASLEEP)

    assert CALLS - EXPLORED < spun < CALLS
    assert CALLS - EXPLORED < slept < CALLS


@given(took_s=times, factor=st.floats(0.6, 1.0))
def test_what_is_spun_for_in_vain_is_slept_for(took_s: float, factor: float) -> None:
    """A function that outlasts the spinning is waited for asleep, even if it seems as quick."""
    taken = ways_taken(took_s, took_s * factor, is_in_vain=True)

    assert taken.count(ASLEEP) > CALLS - EXPLORED


@given(st.lists(st.tuples(times, times), min_size=1, max_size=30))
def test_a_change_is_noticed(history: list[tuple[float, float]]) -> None:
    """Whatever was before, after some thousand calls the way is the one that is quicker now."""
    waits = Waits()
    for asleep_s, spinning_s in history:
        waits.note(ASLEEP, asleep_s)
        waits.note(SPINNING, spinning_s)

    taken: list[Way] = []
    for _ in range(8000):
        way = waits.choose()
        taken.append(way)
        waits.note(way, 2e-5 if way is SPINNING else 6e-5)

    assert taken[-CALLS:].count(SPINNING) > CALLS - EXPLORED


def test_only_a_call_that_is_alone_may_spin() -> None:
    """While another call is in flight the loop has work to do."""
    spinning, waits = Spinning(), Waits()

    spinning.calls = 2

    assert spinning.choose(waits) is None
    spinning.calls = 1
    assert spinning.choose(waits) is SPINNING


async def test_a_turn_of_the_loop_has_few_calls_that_spin() -> None:
    """Whoever calls without end has to let the loop turn before the next call may spin."""
    spinning, waits = Spinning(), Waits()
    spinning.calls = 1
    spun = 0

    while spinning.choose(waits) is not None:
        assert not spinning.is_turn_over(0)
        spinning.begin(0)
        spun += 1

    assert 0 < spun < 50
    assert spinning.is_turn_over(0)
    await asyncio.sleep(0)
    assert not spinning.is_turn_over(0)
    assert spinning.choose(waits) is not None


async def test_answers_that_take_long_to_read_make_the_turn_short() -> None:
    """A worker whose answers keep the host busy gets no more of its time by spinning."""
    spinning = Spinning()
    spinning.calls = 1

    spinning.begin(1_000)

    assert not spinning.is_turn_over(2_000)
    assert spinning.is_turn_over(1_000_000)
    await asyncio.sleep(0)
    assert not spinning.is_turn_over(2_000_000)
