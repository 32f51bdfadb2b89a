"""How a guest exception is told."""

from typing import Any

import pytest

from drivers.guest.language.globals import build_globals
from drivers.guest.language.sink import Sink
from drivers.guest.language.trace import MAX_CAUSES, MAX_LINES, describe
from support.language import compile_guest, run_guest, run_lines


def test_steps_are_the_lines_of_the_user_only() -> None:
    """Frames of ours and of the library are left out; line, bytes and name are there."""
    ran = run_guest(
        "import re\n"
        "def inner(n):\n"
        "    return 1 + n.nope\n"
        "def handler(event, context):\n"
        "    return re.sub('a', inner, 'a')\n"
    )

    assert ran.failure is not None
    assert [(step.line, step.start, step.end, step.function) for step in ran.failure.steps] == [
        (5, 11, 34, "handler"),
        (3, 15, 21, "inner"),
    ]


def test_an_expression_of_several_lines_has_no_end_in_its_first() -> None:
    """The range begins where the expression does and is told to go on."""
    ran = run_lines("return sum([", "    'a',", "])")

    assert ran.failure is not None
    assert [(step.line, step.start, step.end) for step in ran.failure.steps] == [(2, 11, None)]


def test_what_led_to_an_exception_is_told_nearest_first() -> None:
    """Both kinds of causes come with their own lines."""
    ran = run_lines(
        "try:",
        "    try:",
        "        {}['k']",
        "    except KeyError:",
        "        1 / 0",
        "except ZeroDivisionError as error:",
        "    raise ValueError('no') from error",
    )

    assert ran.failure is not None
    assert [
        (cause.type, cause.is_explicit, [step.line for step in cause.steps])
        for cause in ran.failure.causes
    ] == [("ZeroDivisionError", True, [6]), ("KeyError", False, [4])]


def test_a_cause_that_user_code_hides_is_not_told() -> None:
    """`from None` means what it says."""
    ran = run_lines(
        "try:", "    {}['k']", "except KeyError:", "    raise ValueError('no') from None"
    )

    assert ran.failure is not None
    assert ran.failure.causes == ()


def test_what_the_library_raised_inside_itself_is_not_told() -> None:
    """A cause without a line of the user's says nothing to them."""
    ran = run_lines("from fractions import Fraction", "return Fraction('x')")

    assert ran.failure is not None
    assert ran.failure.causes == ()


def test_a_circle_of_causes_ends() -> None:
    """User code can tie causes to a circle, and make chains without end."""
    circle = run_lines(
        "a, b = ValueError('a'), ValueError('b')",
        "try:",
        "    raise a from b",
        "except ValueError:",
        "    pass",
        "raise b from a",
    )
    chain = run_lines(
        "error = ValueError(0)",
        "for n in range(1000):",
        "    try:",
        "        raise ValueError(n) from error",
        "    except ValueError as e:",
        "        error = e",
        "raise error",
    )

    assert circle.failure is not None
    assert chain.failure is not None
    assert [cause.message for cause in circle.failure.causes] == ["a"]
    assert len(chain.failure.causes) == MAX_CAUSES


def test_failure_while_loading_names_the_module() -> None:
    """An exception at the top of the file has the place `module`."""
    code = compile_guest("x = 1 / 0\ndef handler(event, context):\n    return 1\n")
    names: dict[str, Any] = build_globals(Sink(10))

    with pytest.raises(ZeroDivisionError) as raised:
        exec(code, names)  # noqa: S102 - running guest code is what is tested

    (step,) = describe(raised.value).steps
    assert (step.line, step.function) == (1, "module")


def test_long_stack_keeps_its_end() -> None:
    """Of an endless recursion the last lines are kept."""
    ran = run_lines("def f():", "    return f()", "return f()")

    assert ran.failure is not None
    assert ran.failure.type == "RecursionError"
    assert len(ran.failure.steps) == MAX_LINES


def test_message_is_bounded_and_clean() -> None:
    """A huge message is cut and a lone surrogate replaced."""
    ran = run_lines("raise ValueError('\\ud800' + 'x' * 1000000)")

    assert ran.failure is not None
    assert ran.failure.message == "?" + "x" * 1999


def test_exception_that_cannot_be_printed_is_told() -> None:
    """A message whose text raises does not hide the failure."""
    deep = "a = []\n    for _ in range(100000):\n        a = [a]\n    raise ValueError(a)"

    ran = run_lines(deep)

    assert ran.says == "ValueError: <unprintable>"


@pytest.mark.parametrize(
    ("name", "word"),
    [("open", "file system"), ("super", "one piece"), ("SystemExit", "Return"), ("id", "is")],
)
def test_missing_built_in_has_a_hint(name: str, word: str) -> None:
    """A built-in that is not there is answered with what to write instead."""
    ran = run_lines(f"return {name}")

    assert ran.failure is not None
    assert ran.failure.type == "NameError"
    assert word in ran.failure.hint


def test_own_misspelling_has_no_hint() -> None:
    """An ordinary NameError has no advice."""
    ran = run_lines("return valeu")

    assert ran.failure is not None
    assert ran.failure.hint == ""


def test_user_exception_cannot_run_code_while_it_is_told() -> None:
    """A subclass of NameError that answers `name` with code is not asked."""
    ran = run_lines(
        "class Sly(NameError):",
        "    @property",
        "    def name(self):",
        "        raise ValueError('asked')",
        "raise Sly('x')",
    )

    assert ran.says == "Sly: x"
