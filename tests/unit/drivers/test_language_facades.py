"""What the facades do, each on an example people write."""

import datetime as dt
import hashlib
import hmac
import json
import uuid

import pytest

from support.language import returned, run_lines


@pytest.mark.parametrize(
    ("imports", "expression", "expected"),
    [
        ("math", "[math.floor(2.5), math.comb(5, 2), round(math.pi, 2)]", [2, 10, 3.14]),
        (
            "json",
            "json.loads(json.dumps({'b': 1, 'a': [None]}, sort_keys=True))",
            {"a": [None], "b": 1},
        ),
        ("json, decimal", "json.dumps({'a': decimal.Decimal('1.1')}, default=str)", '{"a": "1.1"}'),
        ("json, decimal", "str(json.loads('1.10', parse_float=decimal.Decimal))", "1.10"),
        ("re", r"re.sub(r'(\w)x', r'\1y', 'ax')", "ay"),
        ("re", "re.compile('A', re.I | re.M).findall('aA')", ["a", "A"]),
        ("re", "re.match('(?P<n>.)', 'z').groupdict()", {"n": "z"}),
        ("re", "re.compile('(?P<n>.)').groupindex['n']", 1),
        (
            "re",
            "re.split(',', 'a,b,c', maxsplit=1) + [re.subn('a', 'b', 'aa')[1]]",
            ["a", "b,c", 2],
        ),
        ("datetime", "datetime.date(2024, 2, 28).replace(day=29).isoformat()", "2024-02-29"),
        ("datetime", "(datetime.datetime(2024, 1, 1) - datetime.timedelta(days=1)).year", 2023),
        (
            "datetime",
            "datetime.datetime.fromisoformat('2024-01-01T00:00:00+00:00').tzname()",
            "UTC",
        ),
        (
            "decimal",
            "str(decimal.Decimal('1.05').quantize(decimal.Decimal('0.0'), decimal.ROUND_HALF_UP))",
            "1.1",
        ),
        ("fractions", "str(fractions.Fraction(1, 3) + 1)", "4/3"),
        ("statistics", "[statistics.mean([1, 2, 3]), statistics.median([3, 1, 2])]", [2, 2]),
        (
            "random",
            "[0 <= random.random() < 1, random.choice([7]), len(random.sample(range(9), 3))]",
            [True, 7, 3],
        ),
        ("random", "random.Random(1).random() == random.Random(1).random()", True),
        (
            "secrets",
            "[len(secrets.token_hex(4)), secrets.choice([7]), secrets.randbelow(1)]",
            [8, 7, 0],
        ),
        (
            "secrets",
            "len(secrets.token_urlsafe()) == 43 and secrets.compare_digest('a', 'a')",
            True,
        ),
        ("base64", "base64.urlsafe_b64decode(base64.urlsafe_b64encode(b'hi')).decode()", "hi"),
        ("html", "html.escape('<a>') + html.unescape('&eacute;')", "&lt;a&gt;é"),
        ("textwrap", "textwrap.shorten('one two three', 8)", "[...]"),
        ("string", "string.capwords('ab cd') + string.digits", "Ab Cd0123456789"),
        ("itertools", "[list(g) for k, g in itertools.groupby('aab')]", [["a", "a"], ["b"]]),
        ("itertools", "list(itertools.chain.from_iterable([[1], [2]]))", [1, 2]),
        ("functools", "functools.reduce(lambda a, b: a + b, [1, 2, 3])", 6),
        ("functools", "functools.partial(int, base=2)('101')", 5),
        ("collections", "collections.Counter('aab').most_common(1)", [("a", 2)]),
        ("collections", "dict(collections.ChainMap({'a': 1}, {'b': 2}))", {"a": 1, "b": 2}),
        ("collections", "list(collections.deque([1, 2, 3], maxlen=2))", [2, 3]),
        ("collections.abc", "isinstance({}, collections.abc.Mapping)", True),
        ("urllib.parse", "urllib.parse.urlparse('https://u@a.b:8/c?d=1').port", 8),
        ("urllib.parse", "urllib.parse.parse_qs('a=1&a=2')", {"a": ["1", "2"]}),
        ("urllib.parse", "urllib.parse.urlencode({'a b': 'é'})", "a+b=%C3%A9"),
        ("csv", "list(csv.DictReader('a,b\\n1,2'.splitlines()))", [{"a": "1", "b": "2"}]),
        ("difflib", "difflib.get_close_matches('appl', ['apple', 'x'])", ["apple"]),
        ("difflib", "difflib.SequenceMatcher(None, 'abcd', 'abcx').ratio()", 0.75),
        ("copy", "copy.deepcopy({'a': [1]})", {"a": [1]}),
        (
            "operator",
            "sorted([{'a': 2}, {'a': 1}], key=operator.itemgetter('a'))",
            [{"a": 1}, {"a": 2}],
        ),
        ("operator", "operator.attrgetter('real', 'imag')(3)", (3, 0)),
        ("operator", "operator.methodcaller('split', ',')('a,b')", ["a", "b"]),
        (
            "unicodedata",
            "unicodedata.normalize('NFKD', 'é').encode('ascii', 'ignore').decode()",
            "e",
        ),
        ("ipaddress", "ipaddress.ip_address('10.0.0.1').is_private", True),
        (
            "ipaddress",
            "[str(h) for h in ipaddress.ip_network('10.0.0.0/30').hosts()]",
            ["10.0.0.1", "10.0.0.2"],
        ),
        ("zlib", "zlib.decompress(zlib.compress(b'abc' * 10)).decode()", "abc" * 10),
        ("struct", "struct.unpack('<I', struct.pack('<I', 7))[0]", 7),
        ("heapq", "heapq.nlargest(2, [1, 3, 2])", [3, 2]),
        ("bisect", "bisect.bisect([1, 2, 3], 2)", 2),
        ("calendar", "[calendar.monthrange(2024, 2), calendar.day_name[0]]", [(3, 29), "Monday"]),
        ("time", "time.gmtime(0).tm_year", 1970),
        ("time", "time.strftime('%Y', time.gmtime(0))", "1970"),
        ("email.utils", "email.utils.parseaddr('A B <a@b.c>')", ("A B", "a@b.c")),
        ("email.utils", "email.utils.parseaddr('a@b.c, d@e.f')", ("", "")),
        (
            "email.utils",
            "email.utils.getaddresses(['\"Q, R\" <q@r.s>, t@u.v'])",
            [("Q, R", "q@r.s"), ("", "t@u.v")],
        ),
        ("email.utils", "email.utils.formataddr(('Q, R', 'q@r.s'))", '"Q, R" <q@r.s>'),
        ("email.utils", "email.utils.formataddr(('Zoë', 'z@b.c'))", "=?utf-8?b?Wm/Dqw==?= <z@b.c>"),
        (
            "email.utils",
            "email.utils.parsedate_to_datetime('Mon, 20 Nov 1995 19:12:08 -0500').isoformat()",
            "1995-11-20T19:12:08-05:00",
        ),
        (
            "email.utils, datetime",
            "email.utils.format_datetime(datetime.datetime(1995, 11, 20, 1, tzinfo=datetime.UTC))",
            "Mon, 20 Nov 1995 01:00:00 +0000",
        ),
    ],
)
def test_example(imports: str, expression: str, expected: object) -> None:
    """The example gives what Python gives."""
    assert returned(f"import {imports}", f"return {expression}") == expected


def test_digests_are_those_of_hashlib() -> None:
    """Every digest and every keyed digest equals the library's."""
    value = returned(
        "import hashlib, hmac",
        "names = 'md5 sha1 sha224 sha256 sha384 sha512 sha3_256 blake2b blake2s'.split()",
        "found = {}",
        "for name in names:",
        "    digest = getattr(hashlib, name)",
        "    keyed = hmac.new(b'k' * 200, b'm', digest)",
        "    keyed.update(b'n')",
        "    found[name] = [digest(b'abc').hexdigest(), keyed.copy().hexdigest(), keyed.name]",
        "return found",
    )

    for name, (digest, keyed, title) in value.items():
        assert digest == hashlib.new(name, b"abc").hexdigest()
        theirs = hmac.new(b"k" * 200, b"mn", name)
        assert (keyed, title) == (theirs.hexdigest(), theirs.name)


def test_hmac_by_name_works_and_needs_a_digest() -> None:
    """A digest can be named; without one, hmac.new() says what it needs."""
    assert len(returned("import hmac", "return hmac.new(b'k', b'm', 'sha256').hexdigest()")) == 64
    assert "needs digestmod" in run_lines("import hmac", "return hmac.new(b'k', b'm')").says
    assert "key.encode()" in run_lines("import hmac", "return hmac.new('k', b'm', 'md5')").says


def test_named_identifiers_are_those_of_uuid() -> None:
    """uuid3 and uuid5 equal the library's, uuid4 is random and of version 4."""
    value = returned(
        "from uuid import uuid3, uuid4, uuid5, NAMESPACE_DNS, UUID",
        "a, b = uuid4(), uuid4()",
        "return [str(uuid3(NAMESPACE_DNS, 'a')), str(uuid5(NAMESPACE_DNS, 'a')),",
        "        a.version, a == b,",
        "        UUID(str(a)) == a]",
    )

    assert value == [
        str(uuid.uuid3(uuid.NAMESPACE_DNS, "a")),
        str(uuid.uuid5(uuid.NAMESPACE_DNS, "a")),
        4,
        False,
        True,
    ]


def test_csv_is_written_into_text() -> None:
    """Rows are written into a StringIO."""
    value = returned(
        "import csv",
        "from io import StringIO",
        "with StringIO() as out:",
        "    table = csv.DictWriter(out, fieldnames=['a', 'b'])",
        "    table.writeheader()",
        "    table.writerow({'a': 1, 'b': 'x,y'})",
        "    return out.getvalue()",
    )

    assert value == 'a,b\r\n1,"x,y"\r\n'


@pytest.mark.parametrize("keyword", ["cls", "object_hook", "object_pairs_hook", "parse_constant"])
def test_json_takes_no_classes_and_no_hooks(keyword: str) -> None:
    """json.loads refuses keywords that build objects, in its own name."""
    ran = run_lines("import json", f"return json.loads('{{}}', {keyword}=dict)")

    assert ran.says.startswith("TypeError: json.loads() got an unexpected keyword argument")


def test_expression_flags_are_numbers_and_debug_is_ignored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Flags combine as numbers; DEBUG, which writes to the worker's output, does nothing."""
    assert returned("import re", "return [re.I | re.M, bool(re.match('a', 'A', re.I + 128))]") == [
        10,
        True,
    ]
    assert capsys.readouterr().out == ""


def test_inflating_is_bounded() -> None:
    """A small text that inflates to more than the bound is refused."""
    ran = run_lines(
        "import zlib", "return len(zlib.decompress(zlib.compress(b'0' * (17 * 1024 * 1024))))"
    )

    assert ran.says == "ValueError: the data inflates to more than 16777216 bytes"


def test_cut_data_does_not_inflate() -> None:
    """Data that ends early is an error, as in Python."""
    ran = run_lines("import zlib", "return zlib.decompress(zlib.compress(b'abc')[:-1])")

    assert ran.failure is not None
    assert ran.failure.type == "error"


@pytest.mark.parametrize("value", ["handler", "math", "(x for x in [])", "len", "int"])
def test_copy_takes_values_only(value: str) -> None:
    """Functions, modules and generators cannot be copied."""
    ran = run_lines("import copy, math", f"return copy.copy({value})")

    assert ran.says.startswith("TypeError")


def test_deep_copy_has_no_memo() -> None:
    """The memo of deepcopy cannot be given: it could answer for any object."""
    assert run_lines("import copy", "return copy.deepcopy([], {})").says.startswith("TypeError")


def test_own_objects_are_copied() -> None:
    """Copies of user objects are equal and apart."""
    value = returned(
        "import copy",
        "class Box:",
        "    def __init__(self):",
        "        self.items = [1]",
        "box = Box()",
        "twin = copy.deepcopy(box)",
        "twin.items.append(2)",
        "return [box.items, twin.items, type(twin) is Box]",
    )

    assert value == [[1], [1, 2], True]


def test_wraps_copies_the_name_only() -> None:
    """functools.wraps cannot be made to set other attributes, nor on other objects."""
    value = returned(
        "import functools",
        "def inner():",
        "    'text'",
        "@functools.wraps(inner)",
        "def outer():",
        "    return 1",
        "class Box:",
        "    name = 'own'",
        "functools.wraps(Box)(Box)",
        "return [repr(outer)[:18], outer(), functools.wraps(inner)(len) is len]",
    )

    assert value == ["<function handler.", 1, True]
    assert run_lines(
        "import functools", "return functools.wraps(len, assigned=('__class__',))(len)"
    ).says.startswith("TypeError")


def test_total_ordering_and_caches_work_on_user_code() -> None:
    """lru_cache, cache, cached_property and total_ordering decorate what users write."""
    value = returned(
        "import functools",
        "@functools.lru_cache(maxsize=None)",
        "def fib(n):",
        "    return n if n < 2 else fib(n - 1) + fib(n - 2)",
        "@functools.total_ordering",
        "class Size:",
        "    def __init__(self, n):",
        "        self.n = n",
        "    def __eq__(self, other):",
        "        return self.n == other.n",
        "    def __lt__(self, other):",
        "        return self.n < other.n",
        "    @functools.cached_property",
        "    def twice(self):",
        "        return self.n * 2",
        "return [fib(30), fib.cache_info().hits > 0, Size(2) >= Size(1), Size(4).twice]",
    )

    assert value == [832040, True, True, 8]
    assert run_lines("import functools", "functools.total_ordering(int)").says.startswith(
        "TypeError"
    )


@pytest.mark.parametrize(
    "getter",
    ["attrgetter('__class__')", "attrgetter('real.__class__')", "methodcaller('__repr__')"],
)
def test_operator_reads_through_the_guard(getter: str) -> None:
    """The getters attrgetter and methodcaller reach no further than a dot does."""
    ran = run_lines("import operator", f"return operator.{getter}(1)")

    assert ran.says.startswith("AttributeError")


def test_now_is_now() -> None:
    """The clock of the guest is the machine's."""
    before = dt.datetime.now(dt.UTC).timestamp()

    value = returned(
        "import time, datetime", "return [time.time(), datetime.datetime.now().timestamp()]"
    )

    assert all(before <= moment <= dt.datetime.now(dt.UTC).timestamp() for moment in value)


def test_deep_data_raises_instead_of_crashing() -> None:
    """JSON nested without end is an exception."""
    assert run_lines("import json", "return json.loads('[' * 200000)").says.startswith(
        "RecursionError"
    )


def test_values_are_json_where_they_should_be() -> None:
    """What json.dumps writes in the guest, any reader reads."""
    text = returned(
        "import json", "return json.dumps({'é': [1.5, None, True]}, ensure_ascii=False)"
    )

    assert json.loads(text) == {"é": [1.5, None, True]}
