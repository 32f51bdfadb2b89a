"""Random sources: the compiler answers with code or a rejection, and guarded code stays guarded."""

import dis
from collections.abc import Iterator
from types import CodeType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.guest.language.builtin_names import BUILTINS
from drivers.guest.language.compiler import compile_source
from drivers.guest.language.rejection import CodeRejected
from support.language import run_guest

NAMES = st.sampled_from(
    (
        "a",
        "b",
        "event",
        "context",
        "handler",
        "print",
        "printed",
        "_",
        "_x",
        "__class__",
        "_getattr_",
        "_write_",
        "__builtins__",
        "super",
        "open",
        "type",
        "str",
        "math",
        "self",
        "gi_frame",
        "f_globals",
        "x__roles__",
        "__metaclass__",
        "\uff45val",
    )
)
PIECES = st.sampled_from(
    [
        "def f({n}, /, *{n}, **{n}): pass",
        "class {n}({n}): {n}: {n} = {n}",
        "import {n}",
        "from {n} import {n} as {n}",
        "global {n}",
        "nonlocal {n}",
        "{n}.{n} += {n}",
        "{n}[{n}] -= 1",
        "{n}.{n} = {n}.{n}",
        "del {n}.{n}",
        "del {n}[{n}]",
        "for {n}, *{n} in {n}: {n}",
        "with {n} as ({n}, {n}.{n}): {n}",
        "try: {n}\nexcept {n} as {n}: {n}",
        "async def {n}(): await {n}",
        "[{n} async for {n} in {n}]",
        "({n} := {n}.{n})",
        "lambda {n}, /, *, {n}={n}: {n}",
        "f'{{{n}.{n}!r:{{{n}}}}}'",
        "match {n}:\n case {n}: {n}",
        "{n}: {n}.{n} = {n}",
        "return {n}({n}, *{n}, {n}={n}, **{n})",
        "@{n}.{n}\ndef {n}(a: {n} = {n}) -> {n}: yield {n}",
        "{n} = {n}.{n}.{n}({n}).{n}",
        "print({n}, file={n})",
        "x = [{n}.{n} for {n} in {n} if {n}]",
        "raise {n} from {n}",
        "assert {n}, {n}",
        "\0",
        "(" * 50,
        "class K(metaclass={n}): __slots__ = {n}",
        "try: {n}\nexcept* {n}: {n}",
        "{n} |= {n}; {n} **= {n}",
    ]
)
READS = {"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"}
BOUND = {
    "STORE_NAME",
    "STORE_GLOBAL",
    "STORE_FAST",
    "STORE_DEREF",
    "DELETE_NAME",
    "DELETE_GLOBAL",
    "DELETE_FAST",
}
OURS = {
    "_",
    "__module__",
    "__qualname__",
    "__doc__",
    "__record_fields__",
    "__firstlineno__",
    "__static_attributes__",
    "__classcell__",
    "__class__",
    "__classdict__",
}

GUARDS = {name for name in BUILTINS if name.startswith("_")} | {"_", "__name__"}


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Make a source out of pieces, with names put into their holes."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 6))):
        piece = draw(PIECES)
        while "{n}" in piece and not piece.startswith("f'"):
            piece = piece.replace("{n}", draw(NAMES), 1)
        indent = draw(st.sampled_from(["", "    "]))
        lines.extend(indent + line for line in piece.split("\n"))
    return "def handler(event, context):\n    pass\n" + "\n".join(lines) + "\n"


def _compiled(source: str) -> CodeType | None:
    try:
        return compile_source(source, source_bytes=10_000, ast_nodes=2_000, ast_depth=80)
    except CodeRejected as rejected:
        told = rejected
    assert told.reason
    assert told.line is None or told.line >= 1
    assert told.column is None or told.column >= 1
    return None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_guarded(code: CodeType) -> bool:
    for part in _codes(code):
        for step in dis.get_instructions(part):
            if step.opname in READS:
                return False
            name = str(step.argval)
            if step.opname in BOUND and name.startswith("_") and name not in OURS:
                return False
            is_read = step.opname in {"LOAD_GLOBAL", "LOAD_NAME"} and name.startswith("_")
            if is_read and name not in GUARDS:
                return False
    return True


@given(st.text(max_size=200))
def test_any_text_is_code_or_rejected(text: str) -> None:
    """Text of any kind never raises anything but CodeRejected."""
    _compiled(text)


@given(st.binary(max_size=200))
def test_any_bytes_as_text_are_code_or_rejected(data: bytes) -> None:
    """The same holds for control characters and halves of characters."""
    _compiled(data.decode("utf-8", "surrogateescape"))


@pytest.mark.slow
@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(programs())
def test_any_program_is_guarded_or_rejected(source: str) -> None:
    """What compiles reads attributes through the guard only and binds no guarded name."""
    code = _compiled(source)

    assert code is None or _is_guarded(code), source


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(programs())
def test_any_program_runs_or_raises(source: str) -> None:
    """What compiles and runs ends with a value or an exception that can be told."""
    if _compiled(source) is None:
        return

    ran = run_guest(source, {"a": 1})

    assert ran.failure is None or ran.failure.type


@pytest.mark.parametrize("depth", [300, 1_000, 5_000])
@pytest.mark.parametrize(
    "shape", ["({})", "[{}]", "-{}", "{}+1", "{}.a", "{}(1)", "not {}", "{} if 1 else 2"]
)
def test_nesting_of_any_shape_is_rejected(shape: str, depth: int) -> None:
    """Deep nesting of every kind is a rejection, however deep."""
    before, after = shape.split("{}")
    source = f"def handler(event, context):\n    return {before * depth}1{after * depth}\n"

    with pytest.raises(CodeRejected):
        compile_source(source, source_bytes=1_000_000, ast_nodes=50_000, ast_depth=80)
