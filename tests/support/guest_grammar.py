"""Random guest programs, grown from a grammar: the same number always grows the same program.

Most programs keep to the language, so that they get far when they run; some are spiced with what
the language refuses. Each statement of the handler has its own `try`, so that one that fails does
not hide the next.
"""

import random
from collections.abc import Callable, Sequence

_NAMES = ("a", "b", "c", "d", "e", "f", "g", "é", "ﬁ", "\U0001d431", "event", "context", "_")
_SPICES = (
    *("__class__", "_getattr_", "__builtins__", "_x", "__import__", "print", "super", "open"),
    *("gi_frame", "f_globals", "tb_frame", "x__roles__", "__metaclass__", "\uff3fa", "printed"),
)
_ATTRIBUTES = (
    *("append", "items", "keys", "get", "upper", "join", "split", "real", "copy", "format", "args"),
    *("call_id", "x", "y", "update", "pop", "add", "encode", "decode", "to_bytes", "sort", "send"),
    *("throw", "close", "count", "index", "translate", "format_map", "as_integer_ratio", "func"),
)
_INSPECTED = ("gi_frame", "f_back", "tb_next", "co_code", "__dict__", "__class__", "_", "__init__")
_CONSTANTS = (
    *("0", "1", "-1", "2.5", "1e308", "1j", "True", "None", "...", "10 ** 30", "''", "'a'", "'é'"),
    *("'\\ud800'", "'\\0'", "'{0}{x}'", "'{0.x}'", "'%s %d'", "b'ab'", "r'(a+)+$'", "float('nan')"),
    *("0xFFFF", "'\\N{SNOWMAN}'", "'x' * 40", "()", "[]", "{}", "{1}", "(1, 2)", "[3, 1]"),
)
_BINARY = ("+", "-", "*", "/", "//", "%", "@", "&", "|", "^", "<<", ">>")
_COMPARE = ("==", "!=", "<", ">=", "is", "is not", "in", "not in")
_BUILT_INS = (
    *("len", "str", "int", "float", "list", "dict", "set", "tuple", "sorted", "reversed", "sum"),
    *("min", "max", "abs", "repr", "iter", "next", "enumerate", "zip", "map", "filter", "range"),
    *("isinstance", "type", "getattr", "setattr", "hasattr", "bytes", "slice", "round", "hash"),
    *("property", "staticmethod", "classmethod", "format", "callable", "print", "any", "divmod"),
)
_FACADES: Sequence[tuple[str, Sequence[str]]] = (
    ("math", ("floor", "sqrt", "gcd", "isnan")),
    ("json", ("dumps", "loads")),
    ("re", ("sub", "findall", "compile", "split")),
    ("copy", ("copy", "deepcopy")),
    ("functools", ("partial", "reduce", "cache", "cmp_to_key", "wraps")),
    ("itertools", ("chain", "groupby", "tee", "islice", "product")),
    ("collections", ("Counter", "deque", "namedtuple", "ChainMap", "defaultdict")),
    ("operator", ("itemgetter", "attrgetter", "methodcaller", "add")),
    ("datetime", ("date", "datetime", "timedelta")),
    ("decimal", ("Decimal",)),
    ("statistics", ("mean", "mode")),
    ("base64", ("b64encode", "b64decode")),
    ("urllib.parse", ("quote", "urlsplit", "parse_qs")),
    ("string", ("capwords",)),
    ("textwrap", ("wrap", "dedent")),
    ("hashlib", ("sha256", "md5")),
    ("csv", ("reader", "writer")),
    ("difflib", ("unified_diff", "get_close_matches")),
    ("unicodedata", ("name", "normalize")),
    ("ipaddress", ("ip_address", "ip_network")),
    ("zlib", ("compress", "decompress")),
    ("random", ("choice", "shuffle")),
)
_EXCEPTIONS = ("Exception", "ValueError", "KeyError", "(TypeError, LookupError)", "OSError")
_SHOTS = (
    *("async def f():\n    await f()", "match a:\n    case 1: pass", "nonlocal a"),
    *("try:\n    pass\nexcept* ValueError:\n    pass", "from math import *", "import os, sys"),
    *("class K(metaclass=type): pass", "def f[T](x): pass", "type X = int", "exec('1')"),
    *("x = [i async for i in a]", "from . import a", "class K:\n    __slots__ = ()", "t'{a}'"),
    *("global _getattr_", "eval('1')", "super(K, a).x", "return ().__class__", "del __builtins__"),
)
_START = (
    "a, b, c, d = 1, 'text', [3, 1, 2], {'k': [1], 'x': 2}",
    "e = (x * 2 for x in [1, 2])",
    "f = lambda *p, **q: p",
    "def g(p=1, *q, r=2, **s):\n    yield p\n    return q",
    "é = ﬁ = \U0001d431 = 0.5",
)
_MOST_DEPTH = 4


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


class Grammar:
    """Grow one program."""

    def __init__(self, seed: int) -> None:
        """Take the number of the program."""
        self._random = random.Random(seed)  # noqa: S311 - the same number must give the same program
        self._is_spiced = self._random.random() < 0.25
        self._in_loop = 0
        self._expressions: Sequence[Callable[[int], str]] = (
            *(self._call, self._call, self._method, self._method, self._facade, self._facade),
            *(self._binary, self._compare, self._item, self._display, self._comprehension),
            *(self._lambda, self._f_string, self._conditional, self._walrus, self._formatted),
        )
        self._statements: Sequence[Callable[[int], str]] = (
            *(self._assign, self._assign, self._augment, self._delete, self._if, self._for),
            *(self._while, self._try, self._with, self._raise, self._function, self._class),
            *(self._import, self._say, self._assert, self._annotated, self._decorated, self._drain),
        )

    def program(self) -> str:
        """Return the source of a whole program."""
        top = [self.statement(2) for _ in range(self._random.randrange(3))]
        body: list[str] = list(_START)
        count = self._random.randrange(1, 7)
        body.extend(self._guarded(self.statement(0)) for _ in range(count))
        body.append(f"return {self.expression(1)}")
        handler = "def handler(event, context):\n" + _indented("\n".join(body))
        return "\n".join([*map(self._guarded, top), handler]) + "\n"

    def _guarded(self, statement: str) -> str:
        if self._random.random() < 0.1:
            return statement
        told = "print(repr(problem)[:80])"
        return f"try:\n{_indented(statement)}\nexcept Exception as problem:\n    {told}"

    def _one_of(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def _name(self) -> str:
        if self._is_spiced and self._random.random() < 0.08:
            return self._one_of(_SPICES)
        return self._one_of(_NAMES)

    def _attribute(self) -> str:
        if self._is_spiced and self._random.random() < 0.1:
            return self._one_of(_INSPECTED)
        return self._one_of(_ATTRIBUTES)

    # Expressions

    def expression(self, depth: int) -> str:
        """Return an expression."""
        roll = self._random.random()
        if depth >= _MOST_DEPTH or roll < 0.25:
            return self._name()
        if roll < 0.45:
            return self._one_of(_CONSTANTS)
        if roll < 0.455:
            return "(" * 60 + "1" + ")" * 60
        return self._random.choice(self._expressions)(depth + 1)

    def _arguments(self, depth: int) -> str:
        given = [self.expression(depth) for _ in range(self._random.randrange(4))]
        if self._random.random() < 0.15:
            given.append(f"*{self.expression(depth)}")
        if self._random.random() < 0.15:
            given.append(f"{self._one_of(('key', 'default', 'x', 'sep'))}={self.expression(depth)}")
        if self._random.random() < 0.1:
            given.append(f"**{self.expression(depth)}")
        return ", ".join(given)

    def _call(self, depth: int) -> str:
        called = self._one_of(_BUILT_INS) if self._random.random() < 0.7 else self._name()
        return f"{called}({self._arguments(depth)})"

    def _method(self, depth: int) -> str:
        read = f"{self._part(depth)}.{self._attribute()}"
        return f"{read}({self._arguments(depth)})" if self._random.random() < 0.7 else read

    def _part(self, depth: int) -> str:
        return f"({self.expression(depth)})" if self._random.random() < 0.4 else self._name()

    def _facade(self, depth: int) -> str:
        module, names = self._random.choice(_FACADES)
        # Facades are imported by a statement; where none was, this is a name that is not there.
        return f"{module.partition('.')[0]}.{self._one_of(names)}({self._arguments(depth)})"

    def _binary(self, depth: int) -> str:
        left, right = self.expression(depth), self.expression(depth)
        if self._random.random() < 0.2:
            return f"{self._one_of(('-', '~', 'not '))}({left})"
        sign = self._one_of((*_BINARY, " and ", " or "))
        return f"({left}) {sign} ({right})"

    def _compare(self, depth: int) -> str:
        chain = [self.expression(depth) for _ in range(self._random.randrange(2, 4))]
        return "(" + f" {self._one_of(_COMPARE)} ".join(f"({part})" for part in chain) + ")"

    def _item(self, depth: int) -> str:
        index = self.expression(depth)
        if self._random.random() < 0.4:
            index = self._one_of((f"{index}:", ":", f":{index}:", f"::{index}", f"{index}, 1"))
        return f"{self._part(depth)}[{index}]"

    def _display(self, depth: int) -> str:
        parts = [self.expression(depth) for _ in range(self._random.randrange(1, 4))]
        inner = ", ".join(parts)
        pairs = ", ".join(f"({part}): {part}" for part in parts)
        starred = f"*({parts[0]}), {inner}"
        form = self._one_of(
            ("[{i}]", "({i},)", "{{{i}}}", "{{{p}}}", "[{s}]", "{{**({f}), 'n': 1}}")
        )
        return form.format(i=inner, p=pairs, s=starred, f=parts[0])

    def _comprehension(self, depth: int) -> str:
        item, source, test = (self.expression(depth) for _ in range(3))
        name = self._one_of(("i", "a", "(i, j)", "i, *j"))
        loop = f"for {name} in [{source}]" + (f" if {test}" if self._random.random() < 0.4 else "")
        form = self._one_of(("[{x} {l}]", "{{({x}) {l}}}", "(({x}) {l})", "{{({x}): 1 {l}}}"))
        return form.format(x=item, l=loop)

    def _lambda(self, depth: int) -> str:
        parameters = self._one_of(("", "p", "p, q=1", "*p", "**p", "p, /, q, *, r=2", self._name()))
        return f"(lambda {parameters}: {self.expression(depth)})"

    def _f_string(self, depth: int) -> str:
        inner = self._name() if depth > 2 else self._one_of(("a", "b[0]", "c", "d['k']", "é"))
        form = self._one_of(("{x}", "{x!r}", "{x:>10}", "{x:{a}}", "{x=}", "{{}}", "{x!s:^5}"))
        quote = '"' if "'" in inner else "'"
        return f"f{quote}{form.replace('x', inner, 1)}{quote}"

    def _conditional(self, depth: int) -> str:
        one, test, other = (self.expression(depth) for _ in range(3))
        return f"(({one}) if ({test}) else ({other}))"

    def _walrus(self, depth: int) -> str:
        return f"({self._name()} := {self.expression(depth)})"

    def _formatted(self, depth: int) -> str:
        template = self._one_of(("'{}'", "'{0!r:>{1}}'", "'{x}'", "'{0[0]}'", "'{0.__class__}'"))
        if self._random.random() < 0.3:
            return f"'%r %s' % ({self.expression(depth)}, {self.expression(depth)})"
        return f"{template}.format({self._arguments(depth)})"

    # Statements

    def statement(self, depth: int) -> str:
        """Return a statement, of one line or more."""
        if self._is_spiced and self._random.random() < 0.06:
            return self._one_of(_SHOTS)
        if depth >= _MOST_DEPTH:
            return self._assign(depth)
        return self._random.choice(self._statements)(depth + 1)

    def _block(self, depth: int) -> str:
        lines = [self.statement(depth) for _ in range(self._random.randrange(1, 3))]
        if self._in_loop and self._random.random() < 0.2:
            lines.append(self._one_of(("break", "continue")))
        return _indented("\n".join(lines))

    def _target(self, depth: int) -> str:
        roll = self._random.random()
        if roll < 0.6:
            return self._name()
        if roll < 0.8:
            return f"{self._name()}[{self.expression(depth)}]"
        return f"{self._name()}.{self._attribute()}"

    def _assign(self, depth: int) -> str:
        value = self.expression(depth)
        form = self._one_of(("{t} = {v}", "{t} = {v}", "{t}, *{n} = {v}", "{t} = {n} = {v}"))
        return form.format(t=self._target(depth), n=self._name(), v=value)

    def _augment(self, depth: int) -> str:
        return f"{self._target(depth)} {self._one_of(_BINARY)}= {self.expression(depth)}"

    def _annotated(self, depth: int) -> str:
        return f"{self._target(depth)}: {self.expression(depth)} = {self.expression(depth)}"

    def _delete(self, depth: int) -> str:
        return f"del {self._target(depth)}"

    def _say(self, depth: int) -> str:
        return f"print({self._arguments(depth)})"

    def _assert(self, depth: int) -> str:
        return f"assert {self.expression(depth)}, {self.expression(depth)}"

    def _raise(self, depth: int) -> str:
        what = self._one_of(("ValueError(1)", "KeyError('k')", "StopIteration", "MemoryError()"))
        return f"raise {what}" + self._one_of(("", " from None", f" from {self.expression(depth)}"))

    def _if(self, depth: int) -> str:
        text = f"if {self.expression(depth)}:\n{self._block(depth)}"
        return f"{text}\nelse:\n{self._block(depth)}" if self._random.random() < 0.3 else text

    def _for(self, depth: int) -> str:
        name = self._one_of(("a", "b", "(a, b)", "d['k']", "i"))
        source = self.expression(depth)
        return f"for {name} in {source}:\n{self._looped(depth)}"

    def _while(self, depth: int) -> str:
        return f"n = 0\nwhile n < 3:\n    n += 1\n{self._looped(depth)}"

    def _looped(self, depth: int) -> str:
        self._in_loop += 1
        try:
            return self._block(depth)
        finally:
            self._in_loop -= 1

    def _try(self, depth: int) -> str:
        handler = f"except {self._one_of(_EXCEPTIONS)} as {self._name()}:\n{self._block(depth)}"
        last = f"finally:\n{self._block(depth)}" if self._random.random() < 0.3 else ""
        return "\n".join(filter(None, (f"try:\n{self._block(depth)}", handler, last)))

    def _with(self, depth: int) -> str:
        return f"with {self.expression(depth)} as {self._target(depth)}:\n{self._block(depth)}"

    def _inside(self, depth: int) -> str:
        outer, self._in_loop = self._in_loop, 0
        try:
            return self._block(depth)
        finally:
            self._in_loop = outer

    def _function(self, depth: int) -> str:
        heads = ("def f(p=1)", "def g(*p, **q)", "def f(self, /, p: int = 2, *, q=3) -> str")
        end = self._one_of(("return p", "yield p", "yield from [p]", "return f(p)", "pass"))
        return f"{self._one_of(heads)}:\n{self._inside(depth)}\n    {end}"

    def _decorated(self, depth: int) -> str:
        return f"@{self._one_of(('staticmethod', 'f', 'property'))}\n{self._function(depth)}"

    def _class(self, depth: int) -> str:
        bases = ("", "(dict)", "(str)", "(ValueError)", "(object)", "(int)", "(A)", "(list, A)")
        special = self._one_of(("__init__", "__eq__", "__lt__", "__contains__", "x", "y"))
        method = f"def {special}(self, *p):\n{self._inside(depth + 1)}\n    return p"
        field = self._one_of(
            ("x: int = 1", "x = [1]", "y: str", "@property\ndef y(self): return 1")
        )
        body = _indented(f"{field}\n{method}")
        return f"class A{self._one_of(bases)}:\n{body}\na = A({self.expression(depth)})"

    def _import(self, depth: int) -> str:
        module, names = self._random.choice(_FACADES)
        if self._random.random() < 0.2:
            return f"from {module} import {self._one_of(names)} as {self._name()}"
        used = self.expression(depth)
        name = f"{module}.{self._one_of(names)}"
        return f"import {module}\nb = {name}({used})\nc = {name}({self._arguments(depth)})"

    def _drain(self, depth: int) -> str:
        return f"e = iter({self.expression(depth)})\nprint(next(e, None), *list(e)[:3])"


def program(seed: int) -> str:
    """Return the program of this number."""
    return Grammar(seed).program()
