"""Decides for each warm call how the host waits for its answer: asleep, or spinning for a moment.

Asleep it waits in the event loop, and the kernel wakes it when the worker has written; between
idle processors that takes longer than a small call does. Spinning it asks again and again instead,
and the loop stands still. Which is quicker depends on the function and on what else the machine
does, so both are measured, and the quicker one is taken.
"""

import asyncio
from enum import Enum

from drivers.guest.channel import SPIN_NS

_IN_A_TURN = 10
_TURN_NS = _IN_A_TURN * SPIN_NS
_COMPARE_EVERY = 64
_LESS, _MORE = 1 / 4, 1 / 8
_VAIN_COUNTS = 2


class Way(Enum):
    """How an answer is waited for; `IN_VAIN` is asleep, after spinning brought nothing."""

    ASLEEP = "asleep"
    SPINNING = "spinning"
    IN_VAIN = "in_vain"


# By names of their own, because Python 3.11 takes as long to find a member as to make a call.
ASLEEP, SPINNING, IN_VAIN = Way


class Waits:
    """How long the calls of one function were waited for lately, in each way."""

    __slots__ = ("_asleep_s", "_count", "_spinning_s")

    def __init__(self) -> None:
        """Know nothing yet, and so try both ways."""
        self._asleep_s = 0.0
        self._spinning_s = 0.0
        self._count = 0

    def choose(self) -> Way:
        """Return the quicker way for the next call; now and then the other, to compare them."""
        self._count += 1
        is_quicker = self._spinning_s <= self._asleep_s
        return SPINNING if is_quicker is (self._count % _COMPARE_EVERY != 0) else ASLEEP

    def note(self, way: Way, took_s: float) -> None:
        """Remember how long a call that nothing disturbed was waited for."""
        if way is ASLEEP:
            self._asleep_s = _typical(self._asleep_s, took_s)
        else:
            # What is long is waited for asleep: spinning only takes the loop's time.
            counted_s = took_s if way is SPINNING else took_s * _VAIN_COUNTS
            self._spinning_s = _typical(self._spinning_s, counted_s)


def _typical(typical_s: float, took_s: float) -> float:
    # Towards the quicker ones: what is slow was most often delayed by something else.
    weight = _LESS if took_s < typical_s else _MORE
    return typical_s + (took_s - typical_s) * weight if typical_s else took_s


class Spinning:
    """Bound what the event loop of one driver stands still for.

    A call may spin when it is the only one, and when few others did in the same turn of the loop:
    whoever calls again and again would otherwise never let others run. An answer can take much
    longer to read than to wait for, so the time counts as well as the calls.
    """

    __slots__ = ("_left", "_turn_ends_ns", "calls")

    def __init__(self) -> None:
        """Start with a turn in which nobody spun.

        `calls` are those in flight.
        """
        self.calls = 0
        self._left = _IN_A_TURN
        self._turn_ends_ns = 0

    def is_turn_over(self, now_ns: int) -> bool:
        """Claim that the loop has to have a turn before the next call may spin."""
        return self._left < _IN_A_TURN and (not self._left or now_ns >= self._turn_ends_ns)

    def choose(self, waits: Waits) -> Way | None:
        """Return the way for a call, or None when it is not alone and has to sleep."""
        return waits.choose() if self.calls == 1 and self._left else None

    def begin(self, now_ns: int) -> None:
        """Count a call that spins; it is forgotten when the loop has had a turn."""
        if self._left == _IN_A_TURN:
            asyncio.get_running_loop().call_soon(self._begin_turn)
            self._turn_ends_ns = now_ns + _TURN_NS
        self._left -= 1

    def _begin_turn(self) -> None:
        self._left = _IN_A_TURN
