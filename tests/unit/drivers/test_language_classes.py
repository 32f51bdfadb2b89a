"""What user classes can and cannot be."""

import pytest

from drivers.guest.language.classes import make_class
from support.language import returned, run_lines


def test_class_with_methods_and_properties_works() -> None:
    """Initialisers, properties, static and class methods, comparison and inheritance work."""
    value = returned(
        "class Base:",
        "    kind = 'base'",
        "    def __init__(self, v):",
        "        self.v = v",
        "    @property",
        "    def twice(self):",
        "        return self.v * 2",
        "    @twice.setter",
        "    def twice(self, n):",
        "        self.v = n // 2",
        "    @staticmethod",
        "    def plus(a):",
        "        return a + 1",
        "    @classmethod",
        "    def make(cls, v):",
        "        return cls(v)",
        "    def __eq__(self, other):",
        "        return self.v == other.v",
        "    def __contains__(self, n):",
        "        return n == self.v",
        "    def hello(self):",
        "        return self.kind",
        "class Kid(Base):",
        "    kind = 'kid'",
        "    def hello(self):",
        "        return Base.hello(self) + '!'",
        "kid = Kid.make(3)",
        "kid.twice = 10",
        "return [kid.v, kid.twice, Kid.plus(1), kid.hello(), kid == Kid(5), 5 in kid,",
        "        isinstance(kid, Base), issubclass(Kid, Base)]",
    )

    assert value == [5, 10, 2, "kid!", True, True, True, True]


def test_own_exceptions_carry_what_they_like() -> None:
    """A user exception has attributes of its own and is caught by its base."""
    value = returned(
        "class NotFound(LookupError):",
        "    def __init__(self, code):",
        "        self.code = code",
        "try:",
        "    raise NotFound(404)",
        "except LookupError as e:",
        "    return [e.code, type(e) is NotFound]",
    )

    assert value == [404, True]


@pytest.mark.parametrize(
    "base",
    [
        "type(e)",
        "BaseException",
        "GeneratorExit",
        "type",
        "super",
        "range",
        "bool",
        "property",
        "staticmethod",
        "map",
        "functools.partial",
        "datetime.tzinfo",
        "Facade",
        "print",
        "5",
        "re.Match",
    ],
)
def test_base_class_has_to_be_listed(base: str) -> None:
    """Nothing but plain containers, numbers, text, object and exceptions can be inherited."""
    ran = run_lines("import functools, datetime, re", f"class A({base}): pass", "return 'made'")

    assert ran.says.split(":")[0] in {"TypeError", "NameError"}


@pytest.mark.parametrize(
    "key",
    [
        "__call__",
        "__getattr__",
        "__del__",
        "__class__",
        "__slots__",
        "__new__",
        "_x",
        "__set_name__",
    ],
)
def test_special_attribute_cannot_get_in_past_the_compiler(key: str) -> None:
    """The metaclass refuses special names again, whoever made the namespace."""
    with pytest.raises(TypeError, match="not available here"):
        make_class("A", (), {key: 1})


def test_subclass_of_text_has_no_other_format() -> None:
    """A str subclass gets the safe format as well."""
    ran = run_lines("class S(str):", "    pass", "return S('{0.__class__}').format(1)")

    assert ran.says.startswith("ValueError")


def test_list_subclass_works() -> None:
    """Subclasses of containers keep their methods and items."""
    value = returned(
        "class Stack(list):",
        "    def top(self):",
        "        return self[-1]",
        "s = Stack([1])",
        "s.append(2)",
        "s[0] += 5",
        "return [s.top(), s[0], len(s)]",
    )

    assert value == [2, 6, 2]


def test_method_names_of_the_interpreter_are_only_names() -> None:
    """A method called mro or path is the user's and shadows nothing."""
    assert returned("class A:", "    def mro(self):", "        return 1", "return A().mro()") == 1


def test_super_reaches_the_next_class_in_order() -> None:
    """Initialisers, methods, properties and class methods of the bases run, in Python's order."""
    value = returned(
        "class Base:",
        "    def __init__(self, n):",
        "        self.n = n",
        "    def tell(self):",
        "        return ['base', self.n]",
        "    @property",
        "    def twice(self):",
        "        return self.n * 2",
        "    @classmethod",
        "    def make(cls):",
        "        return cls(1)",
        "class Left(Base):",
        "    def tell(self):",
        "        return ['left', *super().tell()]",
        "class Right(Base):",
        "    def tell(self):",
        "        return ['right', *super().tell()]",
        "class Both(Left, Right):",
        "    def __init__(self, n):",
        "        super().__init__(n + 1)",
        "    def tell(self):",
        "        return [x for x in super().tell()]",
        "    def six(self):",
        "        return super().twice",
        "    @classmethod",
        "    def make(cls):",
        "        return super().make()",
        "return [Both(2).tell(), Both(2).six(), Both.make().n]",
    )

    assert value == [["left", "right", "base", 3], 6, 2]


def test_super_reaches_the_tables_of_built_in_bases() -> None:
    """Built-in bases give their initialiser and the attributes of their table."""
    value = returned(
        "class Missing(LookupError):",
        "    def __init__(self, name):",
        "        super().__init__('no ' + name)",
        "class Stack(list):",
        "    def append(self, x):",
        "        super().append(x * 2)",
        "s = Stack()",
        "s.append(2)",
        "return [str(Missing('a')), s[0]]",
    )

    assert value == ["no a", 4]


@pytest.mark.parametrize(
    ("base", "name"), [("str", "format"), ("Exception", "with_traceback"), ("object", "nope")]
)
def test_super_gives_nothing_outside_the_tables(base: str, name: str) -> None:
    """What a base has besides its table stays closed."""
    ran = run_lines(
        f"class A({base}):", "    def f(self):", f"        return super().{name}", "return A().f()"
    )

    assert ran.says == f"AttributeError: 'super' object has no attribute {name!r} here"


def test_super_of_a_foreign_object_is_refused() -> None:
    """A method that is called with another object gets a TypeError, as in Python."""
    ran = run_lines("class A:", "    def f(self):", "        return super().f", "return A.f(5)")

    assert ran.says.startswith("TypeError: super()")
