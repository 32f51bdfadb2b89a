"""The reachability audit: what user code can hold never leads out of the language.

It walks from every built-in name, every facade and a collection of values that user code makes,
through every attribute the guard lets pass, every item and every `type()`.
"""

import builtins
import collections
import contextlib
import datetime as dt
import dis
import ipaddress
import operator
import os
import string
import sys
import types
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

from drivers.guest.language import attributes, tables
from drivers.guest.language.attributes import read_attribute, type_of
from drivers.guest.language.builtin_names import BUILTINS
from drivers.guest.language.catalogue import FACADES, open_facade, preload
from drivers.guest.language.classes import GuestClass
from drivers.guest.language.facade import Facade, values_of
from drivers.guest.language.globals import build_globals
from drivers.guest.language.sink import Sink
from support.language import compile_guest

SAMPLES = """
import base64, calendar, collections, csv, datetime, decimal, difflib, fractions, functools, hashlib
import hmac, html, ipaddress, itertools, json, math, operator, random, re, statistics
import string, struct
import textwrap, time, unicodedata, zlib, copy, heapq, bisect, secrets, collections.abc
import urllib.parse, email.utils
from dataclasses import dataclass, field, asdict
from io import StringIO
from uuid import uuid4, uuid5, NAMESPACE_DNS
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

@dataclass(order=True)
class Item:
    name: str
    tags: list = field(default_factory=list)
    def shout(self):
        return self.name.upper()

class Own(ValueError):
    kind = 'own'
    def __init__(self, code):
        self.code = code
    @property
    def twice(self):
        return self.code * 2
    @classmethod
    def make(cls):
        return cls(1)

class Text(str):
    pass

def numbers():
    yield 1

def caught(action):
    try:
        action()
    except Exception as e:
        return e

def loop(n):
    return loop(n + 1)

def nameless():
    return undefined

zone = ZoneInfo('Europe/Berlin')
moment = datetime.datetime(2024, 7, 1, tzinfo=zone)
pattern = re.compile('(?P<n>a)')
cached = functools.lru_cache(maxsize=2)(numbers)
point = collections.namedtuple('P', 'x y', defaults=[1])(1)
rows = csv.DictReader(['a,b', '1,2'])
first_row = list(rows)
matcher = difflib.SequenceMatcher(None, 'ab', 'abc')
result = urllib.parse.urlsplit('http://u:p@h:1/p?q#f')
samples = [
        handler_like := (lambda event, context: 1), numbers, numbers(), (x for x in []), Item,
    Item('a'),
    asdict(Item('a')), Own, Own(1), Own.make(), Own.twice, Text, Text('t'), Text('t').format,
        str.format, str.format_map, 'a'.format_map, [].append, len, print, [], {}, {}.items(),
    {}.keys(),
        {}.values(), (), set(), frozenset(), b'', 1, 1.5, 1j, True, None, ..., NotImplemented,
    range(3),
        slice(1), list[int], int | str, map(str, []), filter(None, []), zip(), enumerate([]),
    reversed([]),
        iter([]), iter({}), iter('a'), iter(int, 1), property(len), staticmethod(len),
    classmethod(len),
        moment, moment.date(), moment.time(), moment - moment, zone, moment.tzinfo,
    datetime.timezone.utc,
    moment.isocalendar(), moment.timetuple(), time.gmtime(0), pattern, pattern.match('a'),
    pattern.finditer('a'), pattern.groupindex, re.I, cached, cached.cache_info(),
    functools.partial(len, ()), functools.partial(len).func, functools.cmp_to_key(len),
    functools.cached_property(len), functools.wraps(numbers), functools.total_ordering,
    collections.Counter('a'), collections.defaultdict(list), collections.deque(),
        collections.OrderedDict(a=1).items(), collections.ChainMap({}), point, rows,
    rows.fieldnames,
        first_row, csv.reader([]), csv.writer(StringIO()), csv.DictWriter(StringIO(), ['a']),
    StringIO(),
    matcher, matcher.get_opcodes(), matcher.find_longest_match(0, 1, 0, 1), result, result.port,
    urllib.parse.urlparse('http://a'), urllib.parse.urldefrag('a#b'), decimal.Decimal('1.5'),
        decimal.Decimal('1.5').as_tuple(), fractions.Fraction(1, 3), hashlib.sha256(),
    hashlib.blake2b(),
    hmac.new(b'k', b'm', hashlib.md5), uuid4(), uuid5(NAMESPACE_DNS, 'a'), random.Random(3),
    ipaddress.ip_address('::1'), ipaddress.ip_network('10.0.0.0/30'),
    ipaddress.ip_interface('10.0.0.1/8'), ipaddress.ip_network('10.0.0.0/30').hosts(),
        struct.iter_unpack('B', b'a'), itertools.groupby([1]), itertools.chain([1]),
    itertools.tee([1]),
    operator.itemgetter(1), operator.attrgetter('a'), operator.methodcaller('a'),
    statistics.linear_regression([1, 2], [1, 2]), email.utils.parseaddr('A <a@b.c>'),
    email.utils.parsedate_to_datetime('Mon, 20 Nov 1995 19:12:08 -0500'), available_timezones(),
    ZoneInfoNotFoundError('x'), getattr, setattr, type, isinstance,
        caught(lambda: [].x), caught(lambda: {}['x']), caught(lambda: 1 / 0), caught(lambda:
    loop(0)),
    caught(nameless), caught(lambda: json.loads('[')), caught(lambda: next(numbers(), 1).x),
        caught(lambda: b'\\xff'.decode()), caught(lambda: '\\ud800'.encode()), caught(lambda:
    int('x')),
        caught(lambda: re.compile('(')), caught(lambda: ZoneInfo('No/Where')), caught(lambda:
    Own.make().nope),
        caught(lambda: next(iter([]))), caught(lambda: math.nope), caught(lambda: setattr(math,
    'a', 1)),
]
def handler(event, context):
    return None
"""

DANGEROUS: dict[int, str] = {
    id(value): name
    for name, value in {
        "sys": sys,
        "os": os,
        "builtins": builtins,
        "builtins dict": builtins.__dict__,
        "sys.modules": sys.modules,
        "eval": eval,
        "exec": exec,
        "open": open,
        "compile": compile,
        "__import__": builtins.__import__,
        "globals": globals,
        "locals": locals,
        "vars": vars,
        "dir": dir,
        "input": input,
        "breakpoint": breakpoint,
        "getattr": getattr,
        "setattr": setattr,
        "delattr": delattr,
        "type": type,
        "super": super,
        "memoryview": memoryview,
        "attrgetter": operator.attrgetter,
        "methodcaller": operator.methodcaller,
        "Formatter": string.Formatter,
        "str.format": str.format,
        "str.format_map": str.format_map,
        "guest builtins": BUILTINS,
        "tables": tables.ALLOWED,
        "known": tables.KNOWN,
        "item writable": tables.ITEM_WRITABLE,
        "GuestClass": GuestClass,
        "Facade": Facade,
        "FunctionType": types.FunctionType,
        "MethodType": types.MethodType,
        "BaseException": BaseException,
        "SystemExit": SystemExit,
        "GeneratorExit": GeneratorExit,
        "KeyboardInterrupt": KeyboardInterrupt,
        "read_attribute": attributes.read_attribute,
    }.items()
}
MANY = 60
VALUES = (int, str, bytes, ipaddress.IPv4Address, ipaddress.IPv6Address, dt.date)
INNER = (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType)
SUSPICIOUS = frozenset(
    (
        "tb_frame",
        "tb_next",
        "gi_frame",
        "gi_code",
        "ag_frame",
        "cr_frame",
        "f_globals",
        "f_back",
        "f_builtins",
        "obj",
        "func",
        "fget",
        "fset",
        "fdel",
        "mro",
        "path",
        "with_traceback",
        "__class__",
        "__dict__",
        "__globals__",
        "__self__",
        "__func__",
        "__wrapped__",
        "__traceback__",
        "__context__",
        "__cause__",
        "__subclasses__",
        "__mro__",
        "__bases__",
        "__base__",
        "__closure__",
        "__code__",
        "__module__",
        "__init__",
        "__getattribute__",
        "__reduce__",
        "__reduce_ex__",
        "__builtins__",
        "format",
        "format_map",
        "from_file",
        "no_cache",
        "clear_cache",
        "register",
        "_values",
        "_name",
    )
)


def _samples() -> dict[str, object]:
    preload()
    names = build_globals(Sink(1000))
    exec(compile_guest(SAMPLES), names)  # noqa: S102 - running guest code is what is tested
    found: Any = names["samples"]
    return {f"samples[{index}]": value for index, value in enumerate(found)} | {
        name: value for name, value in names.items() if not name.startswith("__")
    }


def _neighbours(value: Any, path: str) -> Iterator[tuple[str, object]]:
    names = set(values_of(value)) if type(value) is Facade else set(dir(value))
    for name in names | SUSPICIOUS:
        try:
            yield f"{path}.{name}", read_attribute(value, name)
        except Exception:  # noqa: BLE001, S112 - a property may raise anything; then nothing is reached
            continue
    with contextlib.suppress(TypeError):
        yield f"type({path})", type_of(value)
    if isinstance(value, dict):
        for key, item in list(dict[Any, Any].items(value))[:200]:  # pyright: ignore[reportUnknownArgumentType] - anything
            yield f"{path}[{key!r}]", item
    elif isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        for index, item in enumerate(list(value)[:200]):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - anything
            yield f"{path}[{index}]", item


def _reached(roots: dict[str, object]) -> dict[str, object]:
    """Return everything that can be reached, by its shortest path."""
    found: dict[str, object] = {}
    seen: dict[int, object] = {}
    per_type: collections.Counter[type] = collections.Counter()
    waiting = collections.deque((path, value, 0) for path, value in roots.items())
    while waiting:
        path, value, depth = waiting.popleft()
        # Properties make new values without end, for example addresses of addresses.
        if id(value) in seen or (per_type[type(value)] > MANY and isinstance(value, VALUES)):
            continue
        per_type[type(value)] += 1
        seen[id(value)] = value
        found[path] = value
        if depth < 6 and id(value) not in DANGEROUS and not isinstance(value, INNER):
            waiting.extend((step, next_, depth + 1) for step, next_ in _neighbours(value, path))
    return found


def _roots() -> dict[str, object]:
    public = {name: value for name, value in BUILTINS.items() if not name.startswith("_")}
    facades: dict[str, object] = {f"import {name}": open_facade(name) for name in FACADES}
    context = Facade("context", {"request_id": "r", "data": {"a": [1]}})
    return {**public, **facades, **_samples(), "context": context}


@pytest.fixture(scope="module")
def reached() -> dict[str, object]:
    """Everything that user code can reach."""
    return _reached(_roots())


@pytest.mark.slow
def test_nothing_dangerous_can_be_reached(reached: dict[str, object]) -> None:
    """No module, frame, code, traceback, raw built-in or table of ours can be reached."""
    found = {
        path: DANGEROUS.get(id(value), type(value).__name__)
        for path, value in reached.items()
        if id(value) in DANGEROUS or isinstance(value, INNER)
    }
    assert found == {}
    assert len(reached) > 2000


@pytest.mark.slow
def test_no_format_of_the_interpreter_can_be_reached(reached: dict[str, object]) -> None:
    """The C method str.format is nowhere to be had, bound or unbound."""
    methods = (types.BuiltinMethodType, types.MethodDescriptorType)
    found = [
        path
        for path, value in reached.items()
        if isinstance(value, methods)
        and value.__name__ in {"format", "format_map"}
        and value is not format
    ]
    assert found == []


@pytest.mark.slow
def test_facades_share_nothing_that_can_be_changed() -> None:
    """What all calls share is immutable: a change in one call could be seen by the next."""
    facades: dict[str, object] = {name: open_facade(name) for name in FACADES}
    reached = _reached(facades)

    mutable = (list, dict, set, bytearray, collections.deque)
    assert [path for path, value in reached.items() if isinstance(value, mutable)] == []


def test_guarded_code_reads_no_attribute_by_itself() -> None:
    """Compiled guest code has no instruction that reads an attribute past the guard."""
    found = [
        (code.co_name, step.opname, step.argval)
        for code in _codes(compile_guest(SAMPLES))
        for step in dis.get_instructions(code)
        if step.opname in {"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"}
    ]

    assert found == []


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
