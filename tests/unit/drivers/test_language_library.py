"""What people expect from the library is there, and does what it does elsewhere."""

import base64
import calendar
import difflib
import email.utils
import hashlib
import statistics
import time

import pytest

from support.language import returned, run_lines


def test_json_is_written_to_and_read_from_texts() -> None:
    """`dump` and `load` take anything of the user's that writes or reads."""
    value = returned(
        "import json",
        "from io import StringIO",
        "class Source:",
        "    def read(self):",
        "        return '[1.5]'",
        "text = StringIO()",
        "json.dump({'a': [1]}, text, indent=1)",
        "text.seek(0)",
        "return [json.load(text), json.load(Source(), parse_float=str)]",
    )

    assert value == [{"a": [1]}, ["1.5"]]


def test_json_reads_nothing_that_is_hidden() -> None:
    """`load` reads its argument through the tables, as user code would."""
    assert run_lines("import json", "return json.load(5)").says.startswith(
        "AttributeError: 'int' object has no attribute 'read' here"
    )


def test_a_month_is_a_calendar() -> None:
    """Weeks and months are plain numbers."""
    value = returned(
        "import calendar",
        "return [calendar.monthcalendar(2024, 2), calendar.monthcalendar(2026, 2), "
        "calendar.JANUARY, calendar.DECEMBER]",
    )

    assert value == [calendar.monthcalendar(2024, 2), calendar.monthcalendar(2026, 2), 1, 12]


def test_records_tell_their_fields_and_become_tuples() -> None:
    """`fields`, `is_dataclass` and `astuple` know records inside records."""
    value = returned(
        "from dataclasses import astuple, dataclass, fields, is_dataclass",
        "@dataclass(slots=True)",
        "class A:",
        "    x: int",
        "    y: object",
        "a = A(1, [A(2, 3)])",
        "told = astuple(a)",
        "return [[each.name for each in fields(A)], [each.name for each in fields(a)], "
        "is_dataclass(a), is_dataclass(A), is_dataclass(1), is_dataclass(int), "
        "type(told) is tuple and type(told[1][0]) is tuple, told]",
    )

    assert value == [["x", "y"], ["x", "y"], True, True, False, False, True, (1, [(2, 3)])]


@pytest.mark.parametrize("call", ["fields(1)", "fields(int)", "astuple(1)", "asdict(A)"])
def test_what_is_no_record_is_refused(call: str) -> None:
    """Asking something else for its fields is a clear error."""
    ran = run_lines(
        "from dataclasses import asdict, astuple, fields", "class A:", "    x = 1", call
    )

    assert "takes a record that dataclass() made" in ran.says


def test_named_tuples_can_be_copied() -> None:
    """A copy has its values where they were."""
    value = returned(
        "import copy",
        "from collections import namedtuple",
        "P = namedtuple('P', 'x y', defaults=[0])",
        "p = P([1], 2)",
        "q, r = copy.copy(p), copy.deepcopy([p])[0]",
        "r.x.append(3)",
        "return [q.x is p.x, q.y, r.x, p.x, type(r) is P]",
    )

    assert value == [True, 2, [1, 3], [1], True]


def test_a_module_in_a_copy_is_the_module() -> None:
    """What holds a module can be copied whole."""
    assert returned("import copy, math", "return copy.deepcopy({'m': [math]})['m'][0].floor(1.5)")


def test_a_class_can_inherit_from_a_list_of_something() -> None:
    """What stands in the brackets is for readers."""
    assert returned("class A(list[int]):", "    pass", "return A([1, 1]).count(1)") == 2


def test_digests_of_any_length() -> None:
    """The extendable functions of SHA-3 are there."""
    value = returned(
        "import hashlib",
        "return [hashlib.shake_128(b'a').hexdigest(4), hashlib.shake_256(b'a').hexdigest(9), "
        "'sha256' in hashlib.algorithms_available]",
    )

    expected = [hashlib.shake_128(b"a").hexdigest(4), hashlib.shake_256(b"a").hexdigest(9), True]
    assert value == expected


def test_dates_of_mail_are_written_and_read() -> None:
    """The functions around e-mail dates agree with the library's own."""
    date = "Mon, 20 Nov 1995 19:12:08 -0500"
    value = returned(
        "from email.utils import formatdate, mktime_tz, parsedate, parsedate_tz, unquote",
        "return [formatdate(5), formatdate(5, usegmt=True), formatdate(5, True), "
        f"mktime_tz(parsedate_tz('{date}')), parsedate('{date}'), "
        r"""unquote('"a\\"b\\\\c"'), unquote('<x>'), unquote('"'), unquote('a')]""",
    )

    assert value == [
        email.utils.formatdate(5),
        email.utils.formatdate(5, usegmt=True),
        "Thu, 01 Jan 1970 00:00:05 +0000",
        816912728,
        email.utils.parsedate(date),
        email.utils.unquote(r'"a\"b\\c"'),
        "x",
        '"',
        "a",
    ]


def test_differences_are_told_and_undone() -> None:
    """`Differ` and `restore` are there."""
    value = returned(
        "import difflib",
        "told = [*difflib.Differ().compare(['a', 'b'], ['a', 'c'])]",
        "return [told, [*difflib.restore(told, 2)]]",
    )

    told = [*difflib.Differ().compare(["a", "b"], ["a", "c"])]
    assert value == [told, ["a", "c"]]


def test_normal_distributions_answer_but_do_not_draw() -> None:
    """A draw would come from a generator that every fork shares."""
    value = returned(
        "from statistics import NormalDist",
        "n = NormalDist.from_samples([1, 2, 3, 4])",
        "return [n.mean, n.cdf(2.5), (n + 1).mean, NormalDist(0, 1).inv_cdf(0.75)]",
    )

    expected = statistics.NormalDist(0, 1).inv_cdf(0.75)
    assert value == [2.5, 0.5, 3.5, expected]
    assert (
        "no attribute 'samples'"
        in run_lines("from statistics import NormalDist", "return NormalDist(0, 1).samples(3)").says
    )


def test_moments_are_told_as_text() -> None:
    """The functions of `time` that say what they are given are there."""
    value = returned(
        "import time",
        "return [time.asctime(time.gmtime(0)), time.mktime(time.localtime(1000)), "
        "time.process_time() > 0, type(time.gmtime(0)) is time.struct_time]",
    )

    assert value == [time.asctime(time.gmtime(0)), 1000, True, True]


def test_more_ways_to_write_bytes() -> None:
    """Base 32 in its other alphabet, and base 64 in lines."""
    value = returned(
        "import base64",
        "return [base64.b32hexencode(b'a').decode(), base64.encodebytes(b'abc').decode(), "
        "base64.decodebytes(b'YWJj').decode(), base64.b32hexdecode('C4======').decode()]",
    )

    assert value == [
        base64.b32hexencode(b"a").decode(),
        base64.encodebytes(b"abc").decode(),
        "abc",
        "a",
    ]


@pytest.mark.parametrize("name", ["ConnectionError", "FileNotFoundError", "BrokenPipeError"])
def test_exceptions_of_the_system_are_names(name: str) -> None:
    """Code that is used elsewhere, too, may catch them."""
    assert run_lines(f"raise {name}('x')").says == f"{name}: x"


def test_an_exception_of_the_users_may_have_the_names_of_the_library() -> None:
    """What a user puts into `filename` or `name` can be read again."""
    value = returned(
        "class Missing(OSError):",
        "    def __init__(self, filename):",
        "        self.filename = filename",
        "class Unknown(NameError):",
        "    def __init__(self, name):",
        "        self.name = name",
        "return [Missing('a').filename, Unknown('b').name]",
    )

    assert value == ["a", "b"]


def test_an_exception_does_not_hand_out_its_object() -> None:
    """`AttributeError.obj` was a door of RestrictedPython before 7.3."""
    ran = run_lines("try:", "    [].x", "except AttributeError as e:", "    return e.obj")

    assert ran.says.startswith("AttributeError")
