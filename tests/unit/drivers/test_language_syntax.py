"""Which statements compile, and how the others are refused."""

import marshal
import sys

import pytest

from drivers.guest.language.compiler import compile_source
from support.language import rejection, rejection_of, returned, run_guest

HANDLER = "def handler(event, context):\n    return 1\n"


def test_item_addition_evaluates_its_parts_once() -> None:
    """`x[k] += v` works and calls what makes x and k once."""
    value = returned(
        "calls = []",
        "data = {'a': 1}",
        "def pick(name, result):",
        "    calls.append(name)",
        "    return result",
        "pick('x', data)[pick('k', 'a')] += pick('v', 5)",
        "return [data, calls]",
    )

    assert value == [{"a": 6}, ["x", "k", "v"]]


def test_attribute_addition_evaluates_its_parts_once() -> None:
    """`obj.a += v` works and reads before it evaluates v."""
    value = returned(
        "class Box:",
        "    a = 1",
        "box = Box()",
        "calls = []",
        "def pick():",
        "    calls.append('x')",
        "    return box",
        "def five():",
        "    box.a = 100",
        "    return 5",
        "pick().a += five()",
        "return [box.a, calls]",
    )

    assert value == [6, ["x"]]


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("+", 9),
        ("-", 5),
        ("*", 14),
        ("/", 3.5),
        ("//", 3),
        ("%", 1),
        ("**", 49),
        ("&", 2),
        ("|", 7),
        ("^", 5),
        ("<<", 28),
        (">>", 1),
    ],
)
def test_every_sign_changes_names_items_and_attributes(sign: str, expected: float) -> None:
    """All twelve signs work on names, items and attributes."""
    value = returned(
        "class Box:",
        "    a = 7",
        "box = Box()",
        "items = [7]",
        "name = 7",
        f"box.a {sign}= 2",
        f"items[0] {sign}= 2",
        f"name {sign}= 2",
        "return [box.a, items[0], name]",
    )

    assert value == [expected] * 3


def test_addition_changes_a_list_in_place() -> None:
    """`items += more` keeps the identity of the list, as Python does."""
    assert returned("a = [1]", "b = a", "a += [2]", "return b") == [1, 2]


def test_annotations_are_never_evaluated() -> None:
    """Annotations may name what does not exist, on variables, parameters and results."""
    ran = run_guest(
        "limit: Nowhere = 3\n"
        "def handler(event: Dict[str, Any], context: missing.Thing) -> 'Any' | None:\n"
        "    count: 1 / 0 = limit\n"
        "    later: int\n"
        "    return count\n"
    )

    assert ran.value == 3


def test_unpacking_of_every_form_works() -> None:
    """Tuples unpack in assignments, loops, comprehensions and with statements."""
    value = returned(
        "(a, (b, *c)), d = (1, [2, 3, 4]), 5",
        "pairs = [k + v for k, (v, w) in [('x', ('y', 0))]]",
        "for i, (j, k) in enumerate([(1, 2)]):",
        "    pass",
        "return [a, b, c, d, pairs, i, j, k, (lambda *a, **k: [a, k])(*[1], **{'z': 2})]",
    )

    assert value == [1, 2, [3, 4], 5, ["xy"], 0, 1, 2, [(1,), {"z": 2}]]


def test_print_is_an_ordinary_function() -> None:
    """Print takes its usual arguments and can be passed on."""
    ran = run_guest(
        "def handler(event, context):\n"
        "    print('a', 1, sep='-', end='.')\n"
        "    list(map(print, 'bc'))\n"
        "print('top')\n"
    )

    assert ran.logs == "top\na-1.b\nc\n"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("async def f(): pass", "async def"),
        ("x = [y async for y in event]", "async for"),
        ("x = (y async for y in event)", "async for"),
        ("match event:\n        case 1: pass", "match"),
    ],
)
def test_missing_statement_names_line_and_way_out(line: str, word: str) -> None:
    """A statement that is not there is refused with its line, its name and a hint."""
    found = rejection_of("a = 1", line)

    assert found.line == 3
    assert word in found.reason
    assert found.hint


def test_await_is_refused_with_a_hint() -> None:
    """Everything asynchronous is listed, each with its own line."""
    found = rejection(
        "async def handler(event, context):\n"
        "    async with x as y:\n        pass\n"
        "    async for z in x:\n        pass\n"
        "    return await event\n"
    )

    assert found.reason == "async def is not available here."
    assert "plain function" in found.hint


def test_except_star_is_refused() -> None:
    """except* is refused: it confuses types in several Python versions."""
    found = rejection_of("try:", "    pass", "except* ValueError:", "    pass")

    assert (found.line, found.hint) == (2, "Write except instead of except*.")


def test_nonlocal_is_refused_with_a_way_out() -> None:
    """Nonlocal is refused and the hint shows a dict."""
    found = rejection_of("x = 1", "def f():", "    nonlocal x", "    x = 2")

    assert (found.line, found.column) == (4, 9)
    assert "dict" in found.hint


@pytest.mark.parametrize("call", ["eval('1')", "exec('1')"])
def test_code_cannot_be_made_at_run_time(call: str) -> None:
    """Eval and exec are refused by name."""
    assert "not available" in rejection_of(f"return {call}").reason


@pytest.mark.parametrize(
    "line",
    [
        "_x = 1",
        "def _f(): pass",
        "class _K: pass",
        "for _i in event: pass",
        "[_i for _i in event]",
        "(_x := 1)",
        "lambda _x: 1",
        "lambda _x, /: 1",
        "lambda *_x: 1",
        "def f(_x, /): pass",
        "def f(*, _x): pass",
        "def f(*_x): pass",
        "def f(**_x): pass",
        "import math as _m",
        "from math import sqrt as _s",
        "del _x",
        "global _getattr_",
        "return __builtins__",
        "return _getattr_",
        "with event as _x: pass",
        "with event as (a, _x): pass",
        "def f(x: int = 1, *, y: int = __name__): pass",
        "_x: int",
        "_x: int = 1",
        "x, *_y = event",
    ],
)
def test_name_with_underscore_is_refused_wherever_it_binds_or_reads(line: str) -> None:
    """No guard can be replaced or read, because no name may start with an underscore."""
    found = rejection_of(line)

    assert found.line == 2
    assert "starts with an underscore" in found.reason


def test_single_underscore_is_a_name() -> None:
    """`_` alone is usual for values nobody wants."""
    assert returned("_, x = 1, 2", "return [y for _, y in [(1, x)]]") == [2]


@pytest.mark.parametrize(
    "expression",
    ["x.__class__", "x._y", "x.gi_frame", "x.tb_frame", "x.f_globals", "x.a__roles__", "f'{x._y}'"],
)
def test_attribute_that_leads_inside_is_refused(expression: str) -> None:
    """Attributes of the interpreter are refused when read, written, added to or deleted."""
    assert rejection_of(f"return {expression}").line == 2
    if not expression.startswith("f'"):
        for statement in ("{} = 1", "{} += 1", "del {}", "for {} in x: pass"):
            assert rejection_of(statement.format(expression)).line == 2


def test_names_are_compared_after_unicode_folding() -> None:
    """Letters that Python folds to ASCII cannot smuggle a name in."""
    assert '"__class__"' in rejection_of("return ().__\uff43lass__").reason


def test_main_block_gets_a_hint_of_its_own() -> None:
    """People paste scripts; the hint tells to leave the __main__ block out."""
    found = rejection(HANDLER + "if __name__ == '__main__':\n    handler(1, 2)\n")

    assert (found.line, found.column) == (3, 4)
    assert "__main__" in found.hint


@pytest.mark.parametrize(
    ("lines", "column"),
    [
        (("return super().x",), 12),
        (("class A:", "    x = super().y"), 13),
        (("class A:", "    def f():", "        return super().x"), 20),
    ],
)
def test_super_outside_of_a_method_is_refused(lines: tuple[str, ...], column: int) -> None:
    """super() has a meaning only where there is a class and an object."""
    found = rejection_of(*lines)

    assert (found.column, found.reason) == (column, "super() is only available in methods.")


@pytest.mark.parametrize(
    "expression",
    ["super().__class__", "super().__new__", "super()._x", "super().gi_frame", "__class__"],
)
def test_super_leads_to_no_inner_name(expression: str) -> None:
    """Of the inner names only __init__ can be read from super()."""
    found = rejection_of("class A:", "    def f(self):", f"        return {expression}")

    assert found.line == 4


def test_reason_is_bounded() -> None:
    """A name without end does not end up in the reason."""
    assert len(rejection_of("_" + "x" * 10_000 + " = 1").reason) == 300


def test_huge_literal_says_no_function_that_is_not_there() -> None:
    """CPython's advice to call sys is left out."""
    assert "sys" not in rejection_of("return " + "9" * 5000).reason


def test_special_method_gets_a_hint_of_its_own() -> None:
    """A special method that cannot be written is refused with those that can."""
    found = rejection_of("class A:", "    def __call__(self): pass")

    assert "__init__" in found.hint


@pytest.mark.parametrize("line", ["class A(metaclass=type): pass", "class A(x=1): pass"])
def test_class_keywords_are_refused(line: str) -> None:
    """A class takes bases only, so no metaclass and no hook can be passed."""
    assert rejection_of(line).reason == "Classes take no keywords here."


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are syntax of Python 3.12")
@pytest.mark.parametrize("line", ["def f[T](x): return x", "class K[T]: pass", "type X = int"])
def test_type_parameters_are_refused(line: str) -> None:
    """Type parameters and type statements are refused: they run code of their own."""
    assert "ype " in rejection_of(line).reason


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "handler = lambda event, context: 1",
        "class A:\n    def handler(event, context): pass",
        "if 1:\n    def handler(event, context): pass",
    ],
)
def test_handler_has_to_stand_at_the_top(source: str) -> None:
    """A source without a top-level handler is refused with how to write one."""
    found = rejection(source)

    assert "handler(event, context)" in found.reason
    assert found.hint


@pytest.mark.parametrize(
    "arguments", ["event", "", "a, b, c", "event, context, *, x", "event, *, context"]
)
def test_handler_takes_two_arguments(arguments: str) -> None:
    """A handler that could not be called is refused before it is published."""
    found = rejection(f"def handler({arguments}):\n    return 1\n")

    assert (found.line, found.reason) == (1, "The handler takes exactly two arguments.")


@pytest.mark.parametrize(
    "arguments", ["event, context", "a, b=1, c=2", "*args", "e, /, c", "e, *a"]
)
def test_handler_may_take_them_in_any_form(arguments: str) -> None:
    """Defaults and star arguments are fine as long as two values fit."""
    assert run_guest(f"def handler({arguments}):\n    return 1\n").value == 1


def test_syntax_error_has_line_and_column() -> None:
    """What Python cannot read is refused with the place, counted from 1."""
    found = rejection("def handler(event, context):\n    return (1\n")

    assert (found.line, found.column) == (2, 12)


def test_all_problems_are_told_in_order() -> None:
    """The first problem is the rejection; the others follow by line."""
    found = rejection("import os\nimport sys\n" + HANDLER + "_x = 1\n")

    assert [problem.line for problem in found.problems] == [1, 2, 5]


@pytest.mark.parametrize("source", ["x = '\0'", "x = 1\n\0", "'\ud800'", "\ud800"])
def test_text_that_is_no_source_is_refused(source: str) -> None:
    """NUL characters and lone surrogates are refused, not passed to the parser."""
    assert rejection(source).line is not None


def test_advice_of_the_parser_is_ignored() -> None:
    """A doubtful escape or comparison compiles without a warning."""
    assert (
        returned(
            r"return '\d' if 1 is 1 else 2",
        )
        == r"\d"
    )


def test_code_can_be_marshalled() -> None:
    """Code travels to the workers in marshalled form."""
    code = compile_source(HANDLER, source_bytes=500, ast_nodes=100, ast_depth=50)

    assert marshal.loads(marshal.dumps(code)).co_filename == "<function>"  # noqa: S302 - our own
