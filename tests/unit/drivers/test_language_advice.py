"""Common mistakes come with advice, and no message speaks of what is ours."""

import re

import pytest

from drivers.guest.language.builtin_names import BUILTINS
from drivers.guest.language.catalogue import FACADES, FROM_ONLY, open_facade
from drivers.guest.language.facade import values_of
from support.language import rejection, rejection_of, run_lines

OURS = re.compile(
    r"_getattr_|_write_|_writeattr_|_aug|_super_|__metaclass__|<locals>|drivers|Sink|Facade"
    r"|GuestClass|read_named|read_attribute|type_of|facade|_tell|0x[0-9a-f]{6}"
)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["return event.name"], "is None"),
        (["return event['name']"], "is None"),
        (["return 'a' + 1"], "do not mix"),
        (["return 1 + 'a'"], "do not mix"),
        (["total = 1", "return totl"], "'total'"),
        (["return lenn([])"], "'len'"),
        (["return {'a': 1}['b']"], ".get('b')"),
        (["def f():", "    return f()", "return f()"], "itself"),
        (["class A:", "    def go(self):", "        return self.go()", "A().go()"], "itself"),
        (["return next(iter([]))"], "default"),
        (["import datetime", "return datetime(2024, 1, 1)"], "from datetime import"),
        (["print(x)", "x = 1"], "global"),
        (["from decimal import Decimal", "return Decimal('1 0')"], "12.50"),
    ],
)
def test_a_common_mistake_has_advice(lines: list[str], says: str) -> None:
    """Whoever reads the error learns what to do."""
    ran = run_lines(*lines)

    assert ran.failure is not None
    assert says in ran.failure.hint


@pytest.mark.parametrize(
    "lines",
    [
        ["raise KeyError(1)"],
        ["raise KeyError()"],
        ["class Sly(KeyError):", "    args = ('x',)", "raise Sly('x')"],
        ["return [1][2]"],
        ["raise NameError('x')"],
    ],
)
def test_other_exceptions_have_none(lines: list[str]) -> None:
    """Nothing is said where nothing is known."""
    ran = run_lines(*lines)

    assert ran.failure is not None
    assert ran.failure.hint == ""


@pytest.mark.parametrize("name", sorted(name for name in BUILTINS if name[0] != "_"))
def test_a_wrong_call_of_a_built_in_speaks_of_its_name(name: str) -> None:
    """The built-ins that are ours say the names that users wrote."""
    for arguments in ("nope=1", "1, 2, 3, 4, 5, 6, 7, 8", "", "**5", "*5"):
        ran = run_lines(f"return {name}({arguments})")

        assert ran.failure is None or not OURS.search(ran.failure.message), ran.says


@pytest.mark.parametrize("module", sorted(set(FACADES) - {"email", "urllib"}))
def test_a_wrong_call_into_a_module_speaks_of_its_name(module: str) -> None:
    """Functions that stand for those of the library say their names."""
    for name in FROM_ONLY.get(module, values_of(open_facade(module))):
        for arguments in ("nope=1", "1, 2, 3, 4, 5, 6, 7, 8, 9", "**5"):
            ran = run_lines(f"from {module} import {name} as used", f"used({arguments})")

            assert ran.failure is None or not OURS.search(ran.failure.message), ran.says


@pytest.mark.parametrize(
    "line",
    [
        "'{}'.format_map()",
        "str.format()",
        "str.format_map('x', **5)",
        "'x'.format(**5)",
        "print(**5)",
        "str.format_map('x')",
        "None.x = 1",
        "'abc'.x += 1",
        "(1, 2)[0] = 3",
        "del 'abc'[0]",
        "context.x = 1",
        "context.x",
        "{}.x",
        "print.x",
        "print(file=1)",
        "getattr(1, 2)",
        "setattr(1, 'a', 2)",
    ],
)
def test_a_refused_line_speaks_of_what_stands_there(line: str) -> None:
    """Neither the guards nor the facades show."""
    ran = run_lines(line)

    assert ran.failure is not None
    assert not OURS.search(ran.failure.message), ran.says


def test_every_problem_has_its_place_and_its_reason() -> None:
    """All problems of a source come at once, in order, with ranges in characters."""
    rejected = rejection_of("x = 'é'; eval('é'); x._a", "nonlocal y", "import os, sys")

    assert [
        (problem.line, problem.column, problem.end_column) for problem in rejected.problems
    ] == [(2, 14, 23), (2, 25, 29), (3, 5, 15), (4, 5, 19), (4, 5, 19)]
    assert all(problem.reason for problem in rejected.problems)


def test_the_list_of_modules_is_told_once() -> None:
    """A source with many wrong imports does not repeat it."""
    first, second = rejection_of("import os", "import sys").problems

    assert "There is: base64" in first.hint
    assert "There is" not in second.hint


def test_a_statement_of_many_lines_is_marked_in_its_first() -> None:
    """The range ends with the line."""
    (problem, *_) = rejection_of("async def f():", "    pass").problems

    assert (problem.line, problem.column, problem.end_column) == (2, 5, 19)


def test_a_syntax_error_has_its_range() -> None:
    """The parser's own place is told, in characters."""
    late = rejection("def handler(event, context): return 'é'; return (é := 1)\nreturn 1\n")
    early = rejection_of("x = 'é' 'b' = 3")

    assert (late.line, late.column, late.problems[0].end_column) == (2, 1, 9)
    assert (early.line, early.column, early.problems[0].end_column) == (2, 9, 16)


@pytest.mark.parametrize("old", ["super(A, self).__init__()", "super(A, self)._x"])
def test_super_with_arguments_is_told_how_to_be_written(old: str) -> None:
    """The habit of Python 2 has its own advice."""
    rejected = rejection_of("class A:", "    def __init__(self):", f"        {old}")

    assert "without arguments" in rejected.hint
