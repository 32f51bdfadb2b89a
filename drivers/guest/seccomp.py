"""Turns rules into a BPF program and puts it in force.

A program gives one verdict per system call and cannot be taken off again; of several the
strictest wins. Every program starts by refusing foreign machine words (32-bit and x32 calls),
because call numbers mean something else there.
"""

import ctypes
import struct

from drivers.guest.libc import MACHINE, invoke_syscall, prepare_syscall
from drivers.guest.syscalls import (
    ABSENT,
    AUDIT_ARCHITECTURES,
    EQUALS,
    KILL_PROCESS,
    MACHINES,
    NUMBERS,
    Rule,
    Test,
)

_LOAD_WORD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_AT_LEAST = 0x35
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06

_OFFSET_NUMBER = 0
_OFFSET_MACHINE = 4
_OFFSET_ARGUMENTS = 16

_X32_BIT = 0x40000000
_SET_MODE_FILTER = 1
_WORD = 0xFFFFFFFF

Instruction = tuple[int, int, int, int]
"""(code, jump if true, jump if false, operand); jumps count instructions to skip."""


class MachineUnknownError(Exception):
    """The filters know no system call numbers for this machine."""


def machine_index(machine: str = MACHINE) -> int:
    """Return the column of `machine` in the tables, this machine's by default.

    Raises:
        MachineUnknownError: there is none.

    """
    if machine not in MACHINES:
        raise MachineUnknownError(machine)
    return MACHINES.index(machine)


def _test_instructions(test: Test, to_miss: int) -> list[Instruction]:
    """Fall through when the test holds; skip `to_miss` instructions after it when not."""
    argument, operator, value = test
    low = _OFFSET_ARGUMENTS + 8 * argument
    if operator == EQUALS:
        return [
            (_LOAD_WORD, 0, 0, low),
            (_JUMP_EQUAL, 0, to_miss + 2, value & _WORD),
            (_LOAD_WORD, 0, 0, low + 4),
            (_JUMP_EQUAL, 0, to_miss, value >> 32),
        ]
    return [(_LOAD_WORD, 0, 0, low), (_JUMP_ANY_BIT, to_miss, 0, value)]


def _alternative_instructions(tests: tuple[Test, ...], verdict: int) -> list[Instruction]:
    block: list[Instruction] = [(_RETURN, 0, 0, verdict)]
    for test in reversed(tests):
        block = _test_instructions(test, len(block)) + block
    return block


def _is_list(alternatives: tuple[tuple[Test, ...], ...]) -> bool:
    """Claim that they only list values of one argument, alike in the upper word."""
    heads = {(tests[0][0], tests[0][2] >> 32) for tests in alternatives}
    return len(heads) == 1 and all(
        len(tests) == 1 and tests[0][1] == EQUALS for tests in alternatives
    )


def _list_instructions(rule: Rule) -> list[Instruction]:
    values = [tests[0][2] for tests in rule.alternatives]
    low = _OFFSET_ARGUMENTS + 8 * rule.alternatives[0][0][0]
    count = len(values)
    tests = [(_JUMP_EQUAL, count - at, 0, value & _WORD) for at, value in enumerate(values)]
    return [
        (_LOAD_WORD, 0, 0, low + 4),
        (_JUMP_EQUAL, 0, count + 1, values[0] >> 32),
        (_LOAD_WORD, 0, 0, low),
        *tests,
        (_RETURN, 0, 0, rule.otherwise),
        (_RETURN, 0, 0, rule.verdict),
    ]


def _rule_instructions(rule: Rule, number: int) -> list[Instruction]:
    body: list[Instruction] = []
    if _is_list(rule.alternatives):
        body = _list_instructions(rule)
    else:
        for tests in rule.alternatives:
            body += _alternative_instructions(tests, rule.verdict)
        body.append((_RETURN, 0, 0, rule.otherwise))
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _plain_instructions(numbers: list[int], verdict: int) -> list[Instruction]:
    """Give one verdict for many calls: each jumps to the one return."""
    before = [
        (_JUMP_EQUAL, len(numbers) - 1 - at, 0, number) for at, number in enumerate(numbers[:-1])
    ]
    return [*before, (_JUMP_EQUAL, 0, 1, numbers[-1]), (_RETURN, 0, 0, verdict)]


def instructions_of(rules: tuple[Rule, ...], column: int) -> list[Instruction]:
    """Return the program of `rules` for the machine in this column; the first match wins.

    Every worker has the kernel translate it, which takes longer the longer it is.
    """
    program: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _OFFSET_MACHINE),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURES[column]),
        (_RETURN, 0, 0, KILL_PROCESS),
        (_LOAD_WORD, 0, 0, _OFFSET_NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, KILL_PROCESS),
    ]
    plain: dict[int, list[int]] = {}
    named = {ABSENT}
    for rule in rules:
        number = NUMBERS[rule.name][column]
        if number in named:
            continue
        named.add(number)
        if rule.alternatives:
            program += _rule_instructions(rule, number)
        else:
            plain.setdefault(rule.verdict, []).append(number)
    for verdict, numbers in plain.items():
        program += _plain_instructions(numbers, verdict)
    program.append((_RETURN, 0, 0, KILL_PROCESS))
    return program


class Program:
    """A filter in the form the kernel takes, built once and loaded in every worker."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Assemble `rules` for this machine.

        Raises:
            MachineUnknownError: there are no numbers for it.

        """
        instructions = instructions_of(rules, machine_index())
        assembled = b"".join(struct.pack("=HBBI", *step) for step in instructions)
        self._steps = ctypes.create_string_buffer(assembled, len(assembled))
        header = struct.pack("HxxxxxxP", len(instructions), ctypes.addressof(self._steps))
        self._header = ctypes.create_string_buffer(header, len(header))
        self._load = prepare_syscall("seccomp", _SET_MODE_FILTER, 0, ctypes.addressof(self._header))

    def load(self) -> None:
        """Put the filter in force for this process and its children, for good.

        Raises:
            OSError: the kernel refused.

        """
        self._load()


def is_available(verdict: int = KILL_PROCESS) -> bool:
    """Claim that the kernel knows filters that give this verdict."""
    asked = ctypes.c_uint32(verdict)
    get_action_available = 2
    try:
        invoke_syscall("seccomp", get_action_available, 0, ctypes.addressof(asked))
    except OSError:
        return False
    return True
