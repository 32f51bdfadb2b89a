"""What each word accepts: the end it means, ends that are as safe, and nothing else."""

import pytest

from drivers.corpus import Attack, Expectation, Walls
from drivers.expectations import (
    ENDS,
    MOST_RESIDENT_BYTES,
    REFUSALS,
    is_meant,
    is_met,
    is_met_twice,
)
from drivers.port import Deployment, GuestError, Outcome, OutcomeKind
from sanderling.kernel.jsontext import JSON, encode

NOTHING_SAID = set(OutcomeKind) - {
    OutcomeKind.OK,
    OutcomeKind.USER_ERROR,
    OutcomeKind.TIMEOUT,
    OutcomeKind.OUT_OF_MEMORY,
    OutcomeKind.CRASHED,
    OutcomeKind.BAD_CODE,
    OutcomeKind.BAD_RESULT,
    OutcomeKind.RESULT_TOO_LARGE,
}


def attack(expect: Expectation, layer: Walls = Walls.FULL) -> Attack:
    """Return an entry that expects this."""
    return Attack("x", "x", "", expect, layer)


def ended(kind: OutcomeKind, *, error: str = "ValueError") -> Outcome:
    """Return an outcome of this kind."""
    told = GuestError(error, "told") if kind is OutcomeKind.USER_ERROR else None
    return Outcome(kind, "local", error=told)


def returned(value: JSON) -> Outcome:
    """Return the outcome of a call that returned this."""
    return Outcome(OutcomeKind.OK, "local", result_json=encode(value))


@pytest.mark.parametrize("expect", Expectation)
@pytest.mark.parametrize("layer", Walls)
def test_what_says_nothing_about_walls_is_accepted_for_no_word(
    expect: Expectation, layer: Walls
) -> None:
    """An entry that could not be run has not ended as expected."""
    assert [kind for kind in NOTHING_SAID if is_met(attack(expect, layer), ended(kind))] == []


@pytest.mark.parametrize("expect", set(Expectation) - {Expectation.OK})
@pytest.mark.parametrize("layer", Walls)
def test_a_result_is_accepted_for_ok_alone(expect: Expectation, layer: Walls) -> None:
    """Whoever is to be stopped and gets a result was not stopped."""
    assert not is_met(attack(expect, layer), returned({"root": "x"}))
    assert is_met(attack(Expectation.OK, layer), returned({"root": "x"}))


@pytest.mark.parametrize("kind", set(OutcomeKind) - {OutcomeKind.OK})
def test_ok_is_nothing_but_ok(kind: OutcomeKind) -> None:
    """A function that is to work has to work."""
    assert not is_met(attack(Expectation.OK), ended(kind))


@pytest.mark.parametrize("kind", set(OutcomeKind) - {OutcomeKind.BAD_CODE})
def test_compile_error_is_nothing_but_bad_code(kind: OutcomeKind) -> None:
    """A source that is to be refused does not run at all."""
    assert not is_met(attack(Expectation.COMPILE_ERROR), ended(kind))
    assert is_met(attack(Expectation.COMPILE_ERROR), Deployment(OutcomeKind.BAD_CODE))


def test_running_out_of_time_is_no_runtime_error() -> None:
    """A limit of time is met later than a failure."""
    assert not is_met(attack(Expectation.RUNTIME_ERROR), ended(OutcomeKind.TIMEOUT))
    assert not is_met(attack(Expectation.BLOCKED, Walls.OS), ended(OutcomeKind.TIMEOUT))


@pytest.mark.parametrize("expect", Expectation)
def test_what_a_word_means_and_what_is_earlier_are_accepted(expect: Expectation) -> None:
    """Every outcome of the table is accepted, and told apart as meant or earlier."""
    one = attack(expect, Walls.OS)
    ends = ENDS[expect]

    for kind in (ends.meant | ends.earlier) - {OutcomeKind.OK, OutcomeKind.TIMEOUT}:
        assert is_met(one, ended(kind))
        assert is_meant(one, kind) is (kind in ends.meant)
    assert not ends.meant & ends.earlier


@pytest.mark.parametrize(
    ("error", "is_accepted"),
    [
        *((name, True) for name in sorted(REFUSALS)),
        *((name, False) for name in ("NameError", "TypeError", "SyntaxError", "KeyError")),
        ("FileNotFoundError", False),
    ],
)
def test_blocked_by_the_system_is_a_refusal(error: str, *, is_accepted: bool) -> None:
    """A mistake in the attack, or a file that was looked for, is not taken for a wall."""
    failed = ended(OutcomeKind.USER_ERROR, error=error)

    assert is_met(attack(Expectation.BLOCKED, Walls.OS), failed) is is_accepted
    assert is_met(attack(Expectation.BLOCKED, Walls.FULL), failed)


@pytest.mark.parametrize(
    ("value", "is_accepted"),
    [
        (-1, True),
        ([-1, 1], True),
        (["PermissionError", "[Errno 1] no", "blocked"], True),
        ({"/": "PermissionError", "/etc": "[Errno 13] no"}, True),
        (["PermissionError", ["bin", "etc"]], False),
        (["PermissionError", "root:x:0"], False),
        ({"/": "PermissionError", "/etc": -1}, False),
        ([], False),
        ({}, False),
        ("PermissionError(1, 'Operation not permitted')", True),
        ("[Errno 13] Permission denied", True),
        ("blocked", True),
        (-1.0, False),
        (True, False),
        (0, False),
        (3, False),
        ([-1, 2], False),
        ([3, 1], False),
        ([-1, 1, 1], False),
        ("FileNotFoundError", False),
        ("[Errno 2] No such file", False),
        ("root:x:0:0", False),
        (None, False),
    ],
)
def test_a_refusal_that_was_caught_may_be_returned(value: JSON, *, is_accepted: bool) -> None:
    """Behind the system's walls alone, and in no other words than these."""
    assert is_met(attack(Expectation.BLOCKED, Walls.OS), returned(value)) is is_accepted
    assert not is_met(attack(Expectation.BLOCKED, Walls.FULL), returned(value))


@pytest.mark.parametrize(
    ("memory_bytes", "is_accepted"),
    [(None, False), (MOST_RESIDENT_BYTES, True), (MOST_RESIDENT_BYTES + 1, False)],
)
def test_time_may_run_out_first_where_memory_was_bounded(
    memory_bytes: int | None, *, is_accepted: bool
) -> None:
    """A worker that grew past its limit until its time was over proves the opposite."""
    late = Outcome(OutcomeKind.TIMEOUT, "local", memory_bytes=memory_bytes)

    assert is_met(attack(Expectation.MEMORY_LIMIT), late) is is_accepted


@pytest.mark.parametrize(
    ("expect", "first", "second", "is_accepted"),
    [
        (Expectation.OK, returned("clean"), returned("clean"), True),
        (Expectation.OK, returned("LEAK"), returned("clean"), False),
        (Expectation.OK, returned("clean"), returned("LEAK"), False),
        (Expectation.OK, returned("clean"), ended(OutcomeKind.TIMEOUT), False),
        (Expectation.TIMEOUT, ended(OutcomeKind.TIMEOUT), returned("clean"), True),
        (Expectation.TIMEOUT, ended(OutcomeKind.TIMEOUT), returned("LEAK"), False),
        (Expectation.TIMEOUT, returned("clean"), returned("clean"), False),
        (Expectation.OK, Deployment(OutcomeKind.BAD_CODE), Deployment(OutcomeKind.BAD_CODE), False),
    ],
)
def test_the_second_of_two_calls_is_clean(
    expect: Expectation,
    first: Outcome | Deployment,
    second: Outcome | Deployment,
    *,
    is_accepted: bool,
) -> None:
    """Nothing of the first call is found by the second, however the first ended."""
    assert is_met_twice(attack(expect), first, second) is is_accepted
