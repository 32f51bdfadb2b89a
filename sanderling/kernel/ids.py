"""Ids: a kind, an underscore, and 26 characters that sort by time of creation.

The characters are 48 bits of Unix milliseconds and 80 random bits in Crockford's base 32.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NewType, Protocol

from sanderling.kernel.clock import Clock
from sanderling.kernel.randomness import RandomBits

WorkspaceId = NewType("WorkspaceId", str)
FunctionId = NewType("FunctionId", str)
CallId = NewType("CallId", str)
ExecutionId = NewType("ExecutionId", str)
KeyId = NewType("KeyId", str)
RequestId = NewType("RequestId", str)
TriggerId = NewType("TriggerId", str)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_RANDOM_BITS = 80
_HALF_BITS = _RANDOM_BITS // 2
_HALF = (1 << _HALF_BITS) - 1
_LENGTH = 26


class Ids(Protocol):
    """Hand out ids that are unique and, within one process, strictly increasing."""

    def workspace(self) -> WorkspaceId:
        """Return a new `ws_…` id."""
        ...

    def function(self) -> FunctionId:
        """Return a new `fn_…` id."""
        ...

    def call(self) -> CallId:
        """Return a new `call_…` id."""
        ...

    def execution(self) -> ExecutionId:
        """Return a new `exec_…` id."""
        ...

    def key(self) -> KeyId:
        """Return a new `key_…` id."""
        ...

    def request(self) -> RequestId:
        """Return a new `req_…` id."""
        ...

    def trigger(self) -> TriggerId:
        """Return a new `trg_…` id."""
        ...

    def account(self) -> str:
        """Return a new `acc_…` id."""
        ...


def _encode(number: int) -> str:
    # In parts, because shifting long numbers is slow, and the first part lasts a millisecond.
    first, second = (number >> _HALF_BITS) & _HALF, number & _HALF
    return _stamp_text(number >> _RANDOM_BITS) + _half_text(first) + _half_text(second)


@lru_cache(16)
def _stamp_text(stamp_ms: int) -> str:
    return "".join([_PAIRS[(stamp_ms >> shift) & 1023] for shift in range(40, -1, -10)])


def _half_text(bits: int) -> str:
    return (
        _PAIRS[bits >> 30]
        + _PAIRS[(bits >> 20) & 1023]
        + _PAIRS[(bits >> 10) & 1023]
        + _PAIRS[bits & 1023]
    )


class SortableIds:
    """Draw ids from a clock and a source of random bits.

    Safe to share between threads: a lost race costs order within one millisecond, never
    uniqueness, because each id has taken at least 64 random bits of its own.
    """

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] | None = None) -> None:
        """Draw time from `clock` and bits from `random_bits(count)`, by default the system's."""
        self._clock = clock
        self._random_bits = random_bits or RandomBits()
        self._last = 0

    def _next(self) -> str:
        stamp_ms = int(self._clock.now().timestamp() * 1000)
        last = self._last
        if stamp_ms > last >> _RANDOM_BITS:
            number = (stamp_ms << _RANDOM_BITS) | self._random_bits(_RANDOM_BITS)
        else:
            # Within one millisecond order is kept by counting on; a random step keeps ids
            # unguessable and two processes apart.
            number = last + 1 + self._random_bits(_RANDOM_BITS - 16)
        # What is returned is never read back from the object, where another thread may have
        # written by now.
        self._last = number
        return _encode(number)

    def workspace(self) -> WorkspaceId:
        """Return a new `ws_…` id."""
        return WorkspaceId(f"ws_{self._next()}")

    def function(self) -> FunctionId:
        """Return a new `fn_…` id."""
        return FunctionId(f"fn_{self._next()}")

    def call(self) -> CallId:
        """Return a new `call_…` id."""
        return CallId(f"call_{self._next()}")

    def execution(self) -> ExecutionId:
        """Return a new `exec_…` id."""
        return ExecutionId(f"exec_{self._next()}")

    def key(self) -> KeyId:
        """Return a new `key_…` id."""
        return KeyId(f"key_{self._next()}")

    def request(self) -> RequestId:
        """Return a new `req_…` id."""
        return RequestId(f"req_{self._next()}")

    def trigger(self) -> TriggerId:
        """Return a new `trg_…` id."""
        return TriggerId(f"trg_{self._next()}")

    def account(self) -> str:
        """Return a new `acc_…` id."""
        return f"acc_{self._next()}"


def is_id(text: str, kind: str) -> bool:
    """Claim that `text` is a well-formed id of `kind`, for example `call`."""
    prefix, _, body = text.rpartition("_")
    return prefix == kind and len(body) == _LENGTH and all(char in _ALPHABET for char in body)
