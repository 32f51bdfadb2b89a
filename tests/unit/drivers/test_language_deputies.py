"""Library code that would do for a user what the guards refuse, one attack per test."""

import functools
from pathlib import Path
from types import FunctionType

import pytest

from drivers.guest.language.attributes import read_named
from drivers.guest.language.catalogue import preload
from drivers.guest.language.tables import ALLOWED
from support.language import returned, run_guest, run_lines


def test_copying_a_type_does_not_return_the_type_of_types() -> None:
    """`Counter.copy(int)` would call `int.__class__`, which is the real `type`."""
    ran = run_lines("import collections", "return str(collections.Counter.copy(int))")

    assert ran.says == "TypeError: Counter.copy() needs a 'Counter' object"


@pytest.mark.parametrize("method", ["copy", "new_child"])
def test_chaining_a_class_does_not_call_its_metaclass(method: str) -> None:
    """`ChainMap.new_child(C, name)` would make a class with any special method."""
    ran = run_lines(
        "import collections",
        "class C:",
        "    maps = [(str,), {'__call__': lambda self: 1}]",
        f"return str(collections.ChainMap.{method}(C))",
    )

    assert ran.says == f"TypeError: ChainMap.{method}() needs a 'ChainMap' object"


def test_properties_of_the_library_cannot_be_put_into_classes() -> None:
    """`ChainMap.parents` would run the library's code on an object of the user's."""
    ran = run_lines(
        "import collections",
        "class C:",
        "    parents = collections.ChainMap.parents",
        "return 1",
    )

    assert ran.says == "AttributeError: 'parents' of type 'ChainMap' is there on its objects only"


def test_methods_of_the_library_still_serve_as_functions() -> None:
    """`map(Counter.total, counters)` works on objects of the type, in Python and in C."""
    value = returned(
        "from collections import Counter, ChainMap",
        "from fractions import Fraction",
        "totals = [*map(Counter.most_common, [Counter('aab'), Counter('b')])]",
        "halves = str(Fraction.limit_denominator(Fraction(1, 2), 10))",
        "return [totals, halves, [*map(str.upper, 'ab')], dict.fromkeys('a'), "
        "str(Fraction.from_float(0.5)), ChainMap.get(ChainMap({'k': 1}), 'k')]",
    )

    assert value == [[[("a", 2), ("b", 1)], [("b", 1)]], "1/2", ["A", "B"], {"a": None}, "1/2", 1]


def test_no_type_hands_out_code_that_takes_any_object() -> None:
    """Every name that a library type offers is C's, bound to the type, or checks its first."""
    preload()
    library = [kind for kind in ALLOWED if not kind.__module__.startswith("drivers.")]
    found = [
        f"{kind.__name__}.{name}"
        for kind in library
        for name in ALLOWED[kind]
        if _is_open(read_named(kind, name, None))
    ]

    assert found == []


def _is_open(value: object) -> bool:
    if isinstance(value, FunctionType):
        return "drivers" not in Path(value.__code__.co_filename).parts
    return isinstance(value, (property, functools.cached_property))


def test_initialiser_above_a_class_is_not_handed_out() -> None:
    """A bare `__init__` of a record would write to any object, even one that all calls share."""
    ran = run_guest(
        "from dataclasses import dataclass\n"
        "from uuid import NAMESPACE_DNS\n"
        "@dataclass\n"
        "class Base:\n"
        "    int: int\n"
        "class Own(Base):\n"
        "    def bare(self):\n"
        "        self = Own\n"
        "        return super().__init__\n"
        "def handler(event, context):\n"
        "    Own(1).bare()(NAMESPACE_DNS, 5)\n"
    )

    assert ran.says == "TypeError: super().__init__ is there for objects only, not for a class"
    assert returned("from uuid import NAMESPACE_DNS", "return NAMESPACE_DNS.int > 5") is True


def test_a_name_of_a_later_base_does_not_open_an_earlier_one() -> None:
    """What the interpreter finds first decides, not what any base would allow."""
    ran = run_lines(
        "class Names:",
        "    with_traceback = 1",
        "class Own(ValueError, Names):",
        "    pass",
        "return Own().with_traceback",
    )

    assert ran.says.startswith("AttributeError: 'Own' object has no attribute 'with_traceback'")


@pytest.mark.parametrize("part", ["sep", "end"])
def test_text_between_printed_values_is_plain(part: str) -> None:
    """A string of the user's own cannot bring its `join` or `encode` into the log."""
    ran = run_lines(
        "class Own(str):",
        "    def join(self, texts):",
        "        return Own('forged')",
        "    def encode(self, *args):",
        "        return 'x'",
        f"print('a', 'b', {part}=Own('|'))",
    )

    assert ran.failure is None
    assert ran.logs in {"a|b\n", "a b|"}


def test_text_between_printed_values_is_text() -> None:
    """Anything else with a `join` is refused, as the built-in does."""
    ran = run_lines(
        "class Own:", "    def join(self, texts):", "        return 1", "print(sep=Own())"
    )

    assert ran.says == "TypeError: sep and end of print() must be None or a string"
