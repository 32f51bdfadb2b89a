"""namedtuple and dataclass without evaluated source."""

import pytest

from support.language import returned, run_lines

POINT = (
    "from dataclasses import dataclass, field, asdict, astuple, replace",
    "@dataclass(frozen=True, order=True)",
    "class Point:",
    "    x: int",
    "    y: int = 0",
)
ITEM = (
    "from dataclasses import dataclass, field, asdict, replace",
    "@dataclass",
    "class Item:",
    "    name: str",
    "    tags: list[str] = field(default_factory=list)",
    "    note: str = field(default='', repr=False, compare=False)",
    "    def shout(self):",
    "        return self.name.upper()",
)


def test_data_class_has_initialiser_text_and_equality() -> None:
    """Fields come in order, factories run per object, compare and repr can be left out."""
    value = returned(
        *ITEM,
        "a, b = Item('pen'), Item(name='pen', note='x')",
        "a.tags.append('t')",
        "return [str(a), b.tags, a == b, Item('q') == Item('q', note='z'), a.shout()]",
    )

    assert value == ["Item(name='pen', tags=['t'])", [], False, True, "PEN"]


def test_frozen_data_class_cannot_be_changed_and_hashes() -> None:
    """Frozen records refuse writes and deletions and work as keys."""
    value = returned(
        *POINT,
        "p = Point(1)",
        "said = []",
        "for change in (lambda: setattr(p, 'x', 2), lambda: delattr(p, 'x')):",
        "    try:",
        "        change()",
        "    except AttributeError as e:",
        "        said.append(str(e))",
        "return [said, {p: 'v'}[Point(1, 0)], p < Point(2), Point(2) >= p, p != Point(1, 1)]",
    )

    assert value[0] == ["cannot change field 'x' of a frozen Point"] * 2
    assert value[1:] == ["v", True, True, True]


def test_records_become_dicts_tuples_and_other_records() -> None:
    """Asdict, astuple and replace work, also on records inside."""
    value = returned(
        *POINT,
        "@dataclass",
        "class Line:",
        "    ends: list",
        "    name: str = 'l'",
        "line = Line([Point(1), Point(2)])",
        "moved = asdict(replace(Point(1), y=5))",
        "return [asdict(line), astuple(Point(3)), moved, str(replace(line, name='m'))[-4:]]",
    )

    assert value == [
        {"ends": [{"x": 1, "y": 0}, {"x": 2, "y": 0}], "name": "l"},
        (3, 0),
        {"x": 1, "y": 5},
        "'m')",
    ]


def test_fields_are_inherited_in_order() -> None:
    """A record that inherits has the fields of its base first."""
    value = returned(
        *POINT,
        "@dataclass(frozen=True)",
        "class Deep(Point):",
        "    z: int = 1",
        "return str(Deep(1, 2))",
    )

    assert value == "Deep(x=1, y=2, z=1)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Point()", "Point() is missing: x"),
        ("Point(1, 2, 3)", "Point() takes 2 values but 3 were given"),
        ("Point(1, x=2)", "Point() got multiple values for argument 'x'"),
        ("Point(1, z=2)", "Point() got an unexpected argument 'z'"),
        ("asdict({})", "asdict() takes a record that dataclass() made"),
        ("replace([], x=1)", "replace() takes a record that dataclass() made"),
        ("dataclass(int)", "dataclass() decorates classes"),
        ("dataclass(5)", "dataclass() decorates classes"),
    ],
)
def test_wrong_use_says_what_is_wrong(call: str, message: str) -> None:
    """Mistakes read like Python's."""
    assert run_lines(*POINT, f"return {call}").says == f"TypeError: {message}"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("a: list = []",), "ValueError: mutable default for a: use field(default_factory=...)"),
        (("a: int = 1", "b: int"), "TypeError: non-default argument 'b' follows default argument"),
        (("a: int = field(default=1, default_factory=int)",), "ValueError: cannot specify both"),
    ],
)
def test_wrong_fields_are_refused(lines: tuple[str, ...], message: str) -> None:
    """Shared defaults and fields out of order are refused when the class is made."""
    ran = run_lines(*ITEM, "@dataclass", "class Bad:", *(f"    {line}" for line in lines))

    assert ran.says.startswith(message)


def test_named_tuple_is_a_tuple_with_names() -> None:
    """Items have names, defaults fill from the right, and it unpacks and compares as a tuple."""
    value = returned(
        "from collections import namedtuple",
        "P = namedtuple('P', 'x, y', defaults=[7])",
        "class Named(P):",
        "    def total(self):",
        "        return self.x + self.y",
        "p = P(1)",
        "a, b = p",
        "return [p.x, p.y, str(p), p == (1, 7), a + b, P(x=2, y=3)[1],",
        "        Named(1, 2).total(), len(p)]",
    )

    assert value == [1, 7, "P(x=1, y=7)", True, 8, 3, 3, 2]


@pytest.mark.parametrize(
    "names", ["'_x'", "'1a'", "'class'", "['a b']", "'a a'", "[5]", "'__class__'"]
)
def test_field_names_have_to_be_public_identifiers(names: str) -> None:
    """No field can have the name of something inner."""
    ran = run_lines("import collections", f"return collections.namedtuple('P', {names})")

    assert ran.says.startswith("ValueError")


def test_record_as_result_says_what_to_return() -> None:
    """A record is not JSON, and the message tells the way out."""
    ran = run_lines("import collections", "return [collections.namedtuple('P', 'x')(1)]")

    assert ran.says == "BadResult: result[0] is of type P, which is not JSON; return list(value)"
