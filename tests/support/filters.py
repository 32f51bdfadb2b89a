"""Runs seccomp programs without a kernel, as the kernel would."""

import struct
from collections.abc import Sequence

from drivers.guest.seccomp import Instruction

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def verdict_of(
    program: Sequence[Instruction], *, machine: int, number: int, arguments: Sequence[int] = ()
) -> int:
    """Return what `program` says about one system call."""
    filled = [*arguments, *([0] * 6)][:6]
    data = struct.pack("=IIQ6Q", number, machine, 0, *filled)
    accumulator = 0
    position = 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        if code == _LOAD:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        elif code == _RETURN:
            return operand
        else:
            holds = {
                _JUMP_EQUAL: accumulator == operand,
                _JUMP_AT_LEAST: accumulator >= operand,
                _JUMP_ANY_BIT: bool(accumulator & operand),
            }[code]
            position += if_true if holds else if_false
