"""Random bits from the system, drawn ahead: asking for each number takes longer than an id."""

import os

_BITS = 80
_BYTES = _BITS // 8
_AT_ONCE = 128
_NONCE_BYTES = 8


class RandomBits:
    """Give out bits that nobody can guess, each once.

    Safe to share between threads, because taking the last item of a list is one step. A process
    that is forked draws its own.
    """

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._ready: list[int] = []
        os.register_at_fork(after_in_child=self._ready.clear)

    def __call__(self, count: int) -> int:
        """Return `count` random bits, at most 80."""
        if count > _BITS:
            raise ValueError(f"at most {_BITS} bits are drawn at once")
        while True:
            try:
                return self._ready.pop() >> (_BITS - count)
            except IndexError:
                self._draw()

    def _draw(self) -> None:
        drawn = os.urandom(_BYTES * _AT_ONCE)
        self._ready.extend(
            int.from_bytes(drawn[start : start + _BYTES]) for start in range(0, len(drawn), _BYTES)
        )


class Nonces:
    """Give out numbers of 64 random bits in 16 hexadecimal digits, each once.

    Safe to share between threads and in a forked process, as `RandomBits` are.
    """

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._ready: list[bytes] = []
        os.register_at_fork(after_in_child=self._ready.clear)

    def __call__(self) -> bytes:
        """Return the next one, in ASCII."""
        while True:
            try:
                return self._ready.pop()
            except IndexError:
                self._draw()

    def _draw(self) -> None:
        digits = os.urandom(_NONCE_BYTES * _AT_ONCE).hex().encode()
        step = 2 * _NONCE_BYTES
        self._ready.extend(digits[start : start + step] for start in range(0, len(digits), step))
