"""The filters say what the rules say, on both machines, without asking a kernel."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.guest.seccomp import MachineUnknownError, instructions_of, machine_index
from drivers.guest.syscalls import (
    ABSENT,
    ALLOW,
    AUDIT_ARCHITECTURES,
    EQUALS,
    KILL_PROCESS,
    MACHINES,
    NUMBERS,
    WORKER_RULES,
    ZYGOTE_RULES,
    Rule,
    Test,
    fail_with,
)
from support.filters import verdict_of

COLUMNS = range(len(MACHINES))
PROGRAMS = {
    "worker": [instructions_of(WORKER_RULES, column) for column in COLUMNS],
    "zygote": [instructions_of(ZYGOTE_RULES, column) for column in COLUMNS],
}
MOST_INSTRUCTIONS = 4096

FORK_FLAGS = 0x01200011
PROT_READ_WRITE, PROT_EXEC = 3, 4
MSG_PEEK, MSG_DONTWAIT = 2, 0x40
RLIMIT_CPU, RLIMIT_NOFILE, RLIMIT_AS = 0, 7, 9


def verdict(program: str, column: int, call: str, *arguments: int) -> int:
    """Return what a filter says about a call by name."""
    return verdict_of(
        PROGRAMS[program][column],
        machine=AUDIT_ARCHITECTURES[column],
        number=NUMBERS[call][column],
        arguments=arguments,
    )


@pytest.mark.parametrize("column", COLUMNS, ids=MACHINES)
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("read", (3, 0, 100), ALLOW),
        ("read", (0, 0, 100), fail_with(errno.EBADF)),
        ("recvfrom", (3, 0, 100, MSG_DONTWAIT), ALLOW),
        ("recvfrom", (0, 0, 100, MSG_DONTWAIT), fail_with(errno.EBADF)),
        ("recvfrom", (3 + (1 << 32), 0, 100, MSG_DONTWAIT), fail_with(errno.EBADF)),
        ("recvfrom", (3, 0, 100, 0), fail_with(errno.EBADF)),
        ("recvfrom", (3, 0, 100, MSG_DONTWAIT | MSG_PEEK), fail_with(errno.EBADF)),
        ("write", (3, 0, 100), ALLOW),
        ("write", (1, 0, 100), fail_with(errno.EBADF)),
        ("write", (3 + (1 << 32), 0, 100), fail_with(errno.EBADF)),
        ("mmap", (0, 4096, PROT_READ_WRITE), ALLOW),
        ("mmap", (0, 4096, PROT_READ_WRITE | PROT_EXEC), KILL_PROCESS),
        ("mprotect", (0, 4096, PROT_EXEC), KILL_PROCESS),
        ("madvise", (0, 4096, 4), ALLOW),
        ("madvise", (0, 4096, 12), fail_with(errno.EINVAL)),
        ("futex", (0, 129), ALLOW),
        ("futex", (0, 12), fail_with(errno.ENOSYS)),
        ("prlimit64", (0, RLIMIT_AS), ALLOW),
        ("prlimit64", (0, RLIMIT_CPU), ALLOW),
        ("prlimit64", (0, RLIMIT_NOFILE), fail_with(errno.EPERM)),
        ("prlimit64", (1, RLIMIT_AS), fail_with(errno.EPERM)),
        ("openat", (), fail_with(errno.EPERM)),
        ("clone", (FORK_FLAGS,), KILL_PROCESS),
        ("clone3", (), KILL_PROCESS),
        ("kill", (1, 9), KILL_PROCESS),
        ("setitimer", (), KILL_PROCESS),
        ("seccomp", (), KILL_PROCESS),
        ("sendmsg", (), KILL_PROCESS),
        ("recvmsg", (), KILL_PROCESS),
        ("ptrace", (), KILL_PROCESS),
        ("io_uring_setup", (), KILL_PROCESS),
        ("exit_group", (), ALLOW),
    ],
)
def test_a_worker_may_do_little(
    column: int, call: str, arguments: tuple[int, ...], expected: int
) -> None:
    """Each call of a worker gets the verdict that the policy means."""
    assert verdict("worker", column, call, *arguments) == expected


@pytest.mark.parametrize("column", COLUMNS, ids=MACHINES)
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("clone", (FORK_FLAGS,), ALLOW),
        ("clone", (17,), ALLOW),
        ("clone", (FORK_FLAGS | 0x100,), KILL_PROCESS),
        ("clone", (FORK_FLAGS | (1 << 40),), KILL_PROCESS),
        ("clone3", (), fail_with(errno.ENOSYS)),
        ("kill", (1234, 9), ALLOW),
        ("kill", (1234, 15), KILL_PROCESS),
        ("ptrace", (), KILL_PROCESS),
        ("mmap", (0, 4096, PROT_EXEC), KILL_PROCESS),
        ("openat", (), fail_with(errno.EPERM)),
        ("seccomp", (1, 0), ALLOW),
    ],
)
def test_a_zygote_may_fork_and_reap(
    column: int, call: str, arguments: tuple[int, ...], expected: int
) -> None:
    """Each call of a zygote gets the verdict that the policy means."""
    assert verdict("zygote", column, call, *arguments) == expected


def meant_by(rule: Rule, arguments: list[int]) -> int:
    """Return what a rule says, read off it as it is written."""

    def holds(test: Test) -> bool:
        argument, operator, value = test
        given_value = arguments[argument]
        return given_value == value if operator == EQUALS else not given_value & value

    if not rule.alternatives:
        return rule.verdict
    is_met = any(all(map(holds, tests)) for tests in rule.alternatives)
    return rule.verdict if is_met else rule.otherwise


def word_of(low: int, high: int) -> int:
    """Put an argument together from its halves."""
    return low | high << 32


# Values that rules ask for, and such as differ from them in the upper word alone.
ARGUMENTS = st.builds(
    word_of,
    st.one_of(
        st.sampled_from(
            sorted(
                {
                    test[2] & 0xFFFFFFFF
                    for rule in (*WORKER_RULES, *ZYGOTE_RULES)
                    for tests in rule.alternatives
                    for test in tests
                }
            )
        ),
        st.integers(0, 2**32 - 1),
    ),
    st.one_of(st.just(0), st.integers(0, 2**32 - 1)),
)


@given(
    rule_at=st.integers(0, 10_000),
    column=st.sampled_from(COLUMNS),
    arguments=st.lists(ARGUMENTS, min_size=6, max_size=6),
)
def test_a_program_says_what_its_rules_say(rule_at: int, column: int, arguments: list[int]) -> None:
    """However it is put together, the verdict of a call's first rule comes out of it."""
    for name, rules in (("worker", WORKER_RULES), ("zygote", ZYGOTE_RULES)):
        asked = rules[rule_at % len(rules)].name
        rule = next(one for one in rules if one.name == asked)
        number = NUMBERS[rule.name][column]
        if number == ABSENT:
            continue

        said = verdict(name, column, rule.name, *arguments)

        assert said == meant_by(rule, arguments)


@given(
    program=st.sampled_from(["worker", "zygote"]),
    column=st.sampled_from(COLUMNS),
    number=st.integers(0, 2**32 - 1),
    arguments=st.lists(st.integers(0, 2**64 - 1), max_size=6),
)
def test_what_no_rule_names_ends_the_process(
    program: str, column: int, number: int, arguments: list[int]
) -> None:
    """A number outside the policy is never let through, whatever its arguments."""
    rules = WORKER_RULES if program == "worker" else ZYGOTE_RULES
    named = {NUMBERS[rule.name][column] for rule in rules}

    said = verdict_of(
        PROGRAMS[program][column],
        machine=AUDIT_ARCHITECTURES[column],
        number=number,
        arguments=arguments,
    )

    if number not in named:
        assert said == KILL_PROCESS


@given(
    column=st.sampled_from(COLUMNS),
    machine=st.integers(0, 2**32 - 1),
    number=st.sampled_from([numbers[0] for numbers in NUMBERS.values() if numbers[0] != ABSENT]),
)
def test_another_machine_word_ends_the_process(column: int, machine: int, number: int) -> None:
    """Calls made in another machine's manner are never let through."""
    program = PROGRAMS["worker"][column]

    said = verdict_of(program, machine=machine, number=number, arguments=[3])

    if machine != AUDIT_ARCHITECTURES[column]:
        assert said == KILL_PROCESS


@pytest.mark.parametrize("call", ["read", "getpid", "openat"])
def test_x32_calls_end_the_process(call: str) -> None:
    """The x32 bit, which shifts numbers on x86_64, is never let through."""
    number = NUMBERS[call][0] | 0x40000000

    said = verdict_of(
        PROGRAMS["worker"][0], machine=AUDIT_ARCHITECTURES[0], number=number, arguments=[3]
    )

    assert said == KILL_PROCESS


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_a_program_fits_the_kernel(program: str) -> None:
    """Programs are short enough, and no jump is longer than a byte can say."""
    for instructions in PROGRAMS[program]:
        assert len(instructions) < MOST_INSTRUCTIONS
        assert max(max(step[1], step[2]) for step in instructions) <= 255


def test_every_rule_has_a_number() -> None:
    """The policy names no call that the table does not know, and none twice."""
    for rules in (WORKER_RULES, ZYGOTE_RULES):
        names = [rule.name for rule in rules]
        assert set(names) <= set(NUMBERS)


def test_no_two_calls_share_a_number() -> None:
    """Within one machine each number stands for one call."""
    for column in COLUMNS:
        numbers = [row[column] for row in NUMBERS.values() if row[column] != ABSENT]
        assert len(numbers) == len(set(numbers))


def test_an_unknown_machine_is_told() -> None:
    """There are no filters for a machine whose numbers nobody wrote down."""
    with pytest.raises(MachineUnknownError):
        machine_index("pdp11")
