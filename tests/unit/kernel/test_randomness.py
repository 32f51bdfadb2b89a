"""Bits are drawn ahead, and each is given out once."""

import json
import subprocess
import sys

import pytest

from sanderling.kernel.randomness import Nonces, RandomBits


def test_no_number_comes_twice() -> None:
    """Numbers go on being new after more were asked for than are drawn at once."""
    bits = RandomBits()

    numbers = [bits(80) for _ in range(1000)]

    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < 1 << 80 for number in numbers)


@pytest.mark.parametrize("count", [1, 8, 64])
def test_no_number_is_longer_than_asked_for(count: int) -> None:
    """Whatever is asked for, every bit of it is used and none beyond."""
    bits = RandomBits()

    numbers = [bits(count) for _ in range(500)]

    assert max(numbers).bit_length() == count


def test_more_bits_than_are_drawn_are_refused() -> None:
    """A number that would hold fewer random bits than it seems is not made."""
    with pytest.raises(ValueError, match="80 bits"):
        RandomBits()(81)


def test_no_nonce_comes_twice() -> None:
    """Nonces go on being new, and of one length, after more were drawn than at once."""
    draw = Nonces()

    drawn = [draw() for _ in range(1000)]

    assert len(set(drawn)) == len(drawn)
    assert {len(nonce) for nonce in drawn} == {16}
    assert all(0 <= int(nonce, 16) < 1 << 64 for nonce in drawn)


_FORK = """
import os
from sanderling.kernel.randomness import RandomBits
bits = RandomBits()
bits(80)
child = os.fork()
# One system call for the line, which the other process cannot get into.
os.write(1, f"{[bits(80) for _ in range(5)]}\\n".encode())
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_process_draws_its_own() -> None:
    """What a process has drawn ahead its child does not give out as well."""
    # In a process without threads: forking one with them is refused from Python 3.12 on.
    done = subprocess.run(
        [sys.executable, "-c", _FORK], capture_output=True, text=True, timeout=30, check=True
    )

    first, second = done.stdout.splitlines()
    assert set(json.loads(first)).isdisjoint(json.loads(second))
