"""Loads first what workers seldom look at, and fills the gaps between it.

The interpreter writes to almost every object that it looks at, and a worker copies each page with
such an object. What is loaded after this lies together, and so does what is allocated later;
otherwise both would lie in the gaps that the start of the interpreter left everywhere.
"""

from __future__ import annotations

from drivers.guest.language.charsets import CHARSETS, HEAVY, load_charsets

_COLD = (
    "drivers.guest.lock",
    "drivers.guest.language.advice",
    "drivers.guest.language.hints",
    "drivers.guest.language.likeness",
    "drivers.guest.language.trace",
)

# The interpreter keeps objects of up to 512 bytes by size, in pools of 16 KiB with a head of 48
# bytes. Elsewhere nothing is found at the start of a pool, and the last bound holds.
_STEP_BYTES, _MOST_BYTES = 16, 512
_POOL_BYTES, _POOL_HEAD_BYTES = 16384, 48
_BYTES_HEAD = 33
_MOST_GAPS = 2048

_held: list[object] = []


def prepare() -> None:
    """Load what is seldom used and close the gaps; call it before anything else is loaded."""
    for name in _COLD:
        __import__(name)
    load_charsets(set(CHARSETS) - set(HEAVY))
    fill_gaps()


def fill_gaps() -> None:
    """Occupy what is free of each size, until the interpreter starts a new pool."""
    for size in range(_STEP_BYTES, _MOST_BYTES + 1, _STEP_BYTES):
        for number in range(_MOST_GAPS):
            filler = _filler(size, number)
            _held.append(filler)
            if id(filler) % _POOL_BYTES == _POOL_HEAD_BYTES:
                break


def _filler(size: int, number: int) -> object:
    """Return an object of this size that the garbage collector does not lead."""
    if size == _STEP_BYTES:
        return object()
    if size < _BYTES_HEAD:
        return (1 << 31) + number
    return bytes(size - _BYTES_HEAD)
