"""Which attributes user code may read and write."""

import pytest
from RestrictedPython.transformer import INSPECT_ATTRIBUTES as THEIRS

from drivers.guest.language.attributes import read_attribute, read_named
from drivers.guest.language.tables import ALLOWED, INSPECT_ATTRIBUTES
from support.language import returned, run_lines


def test_inspect_attributes_are_those_of_restricted_python() -> None:
    """The guest's own list of inner names is never shorter than the library's."""
    assert set(THEIRS) <= INSPECT_ATTRIBUTES


@pytest.mark.parametrize("kind", list(ALLOWED), ids=lambda kind: kind.__name__)
def test_no_table_allows_an_inner_name(kind: type) -> None:
    """No table holds a name that starts with an underscore or leads to frames and code."""
    assert not [
        name for name in ALLOWED[kind] if name.startswith("_") or name in INSPECT_ATTRIBUTES
    ]


@pytest.mark.parametrize("name", ["__class__", "_x", "gi_frame", "f_globals", "nope", "mro"])
@pytest.mark.parametrize(
    "value",
    ["1", "'a'", "[]", "{}", "(1 for x in [])", "handler", "len", "ValueError('x')", "int", "math"],
)
def test_getattr_refuses_what_no_table_allows(value: str, name: str) -> None:
    """Getattr raises AttributeError for inner and unknown names of every kind of value."""
    ran = run_lines("import math", f"return getattr({value}, {name!r})")

    assert ran.says.startswith("AttributeError")


def test_getattr_with_default_returns_it() -> None:
    """A refused or missing attribute gives the default."""
    assert returned("return getattr([], '__class__', 'none')") == "none"


def test_getattr_takes_exact_text_only() -> None:
    """A name that is a subclass of str cannot answer twice differently."""
    ran = run_lines("class S(str):", "    pass", "return getattr([], S('append'))")

    assert ran.says == "TypeError: getattr(): attribute name must be string"


def test_hasattr_never_raises_for_a_refused_name() -> None:
    """Hasattr says no where getattr would refuse."""
    assert returned("return [hasattr([], 'append'), hasattr([], '__class__')]") == [True, False]


def test_missing_attribute_lists_what_is_there() -> None:
    """The message of a refused read helps to find the right name."""
    ran = run_lines("return [].push(1)")

    assert "append" in ran.says


@pytest.mark.parametrize(
    "statement",
    [
        "setattr(math, 'pi', 3)",
        "math.pi = 3",
        "math.pi += 1",
        "del math.pi",
        "context.request_id = 'x'",
        "len.x = 1",
        "handler.calls = 1",
        "int.x = 1",
        "delattr(int, 'real')",
        "e = ValueError()\n    e.args = ()",
        "'abc'[0] = 'x'",
        "'abc'[0] += 'x'",
        "math['pi'] = 3",
        "handler['a'] = 1",
        "del (1, 2)[0]",
    ],
)
def test_nothing_but_user_objects_can_be_changed(statement: str) -> None:
    """Modules, types, functions and the context cannot be changed in any way."""
    ran = run_lines("import math", statement, "return 'changed'")

    assert ran.says.split(":")[0] in {"AttributeError", "TypeError"}


@pytest.mark.parametrize("name", ["_x", "__class__", "__dict__", "gi_frame"])
def test_setattr_refuses_inner_names(name: str) -> None:
    """User objects take public names only."""
    ran = run_lines("class A:", "    pass", f"setattr(A(), {name!r}, 1)")

    assert ran.says.startswith("AttributeError")


def test_setattr_and_delattr_work_on_user_objects() -> None:
    """Objects and classes of the user can be changed by name."""
    value = returned(
        "class A:",
        "    n = 1",
        "a = A()",
        "setattr(a, 'b', 2)",
        "A.n += 1",
        "b = a.b",
        "delattr(a, 'b')",
        "return [b, hasattr(a, 'b'), a.n]",
    )

    assert value == [2, False, 2]


@pytest.mark.parametrize("value", ["int", "handler", "type(1)", "len", "math", "(x for x in [])"])
def test_type_hands_out_no_metaclass_and_no_inner_type(value: str) -> None:
    """type() of a class, a function, a module or a generator is refused."""
    ran = run_lines("import math", f"return type({value})")

    assert ran.says.startswith("TypeError")


def test_type_of_a_value_compares() -> None:
    """type() of plain values, user objects and exceptions works."""
    value = returned(
        "class A:",
        "    pass",
        "try:",
        "    {}['x']",
        "except Exception as e:",
        "    found = type(e)",
        "return [type(1) is int, type(A()) is A, found is KeyError, type(None)() is None]",
    )

    assert value == [True, True, True, True]


@pytest.mark.parametrize("name", ["with_traceback", "obj", "__traceback__", "__context__", "path"])
def test_exceptions_do_not_lead_to_frames(name: str) -> None:
    """An exception gives its arguments, never its traceback or the object it is about."""
    ran = run_lines(
        "try:", "    [].x", "except Exception as e:", f"    return getattr(e, {name!r})"
    )

    assert ran.says.startswith("AttributeError")


def test_exceptions_give_their_arguments() -> None:
    """Args, add_note and the facts of particular exceptions can be read."""
    value = returned(
        "import json",
        "try:",
        "    json.loads('[1,')",
        "except json.JSONDecodeError as e:",
        "    return [e.pos, e.lineno, e.args[0][:9], ValueError('x').args]",
    )

    assert value == [3, 1, "Expecting", ("x",)]


def test_class_attributes_are_those_of_its_objects() -> None:
    """Functions of a type can be read from the type, under the same table."""
    assert returned(
        "return [str.upper('a'), dict.fromkeys('a'), list(map(str.strip, [' b ']))]"
    ) == [
        "A",
        {"a": None},
        ["b"],
    ]


@pytest.mark.parametrize("value", ["list[int]", "int | str", "...", "re.compile('a').match"])
def test_values_without_a_table_have_no_attributes(value: str) -> None:
    """A value of a type nobody listed can be passed around, but not looked into."""
    ran = run_lines("import re", f"return getattr({value}, 'mro')")

    assert ran.says.startswith("AttributeError")


def test_guard_and_getattr_agree() -> None:
    """The fast read and the checked read give the same."""
    assert read_attribute([1], "count")(1) == read_named([1], "count")(1)  # type: ignore[operator]  # a method


@pytest.mark.parametrize(
    "made",
    [
        "UnicodeDecodeError('x', b'', -1, 0, 'r')",
        "type(caught)('x', b'', -1, 0, 'r')",
        "Moved('x', b'', 0, 1, 'r')",
    ],
)
def test_the_text_of_an_error_reads_no_memory_around_it(made: str) -> None:
    """An error about a byte before its object does not tell what lies there."""
    value = returned(
        "class Moved(UnicodeDecodeError): pass",
        "try: b'\\xff'.decode()",
        "except ValueError as e: caught = e",
        f"made = {made}",
        "if isinstance(made, Moved): made.start, made.end = -1, 0",
        "return ' byte 0x' in str(made)",
    )

    assert value is False


def test_an_error_of_decoding_is_caught_and_told_as_ever() -> None:
    """Its name, its facts and its type serve, whatever the name stands for."""
    value = returned(
        "try: b'a\\xff'.decode()",
        "except UnicodeDecodeError as e:",
        "    return [e.start, isinstance(e, type(e)), str(e)]",
    )

    said = "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"
    assert value == [1, True, said]
