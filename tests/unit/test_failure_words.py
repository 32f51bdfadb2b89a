"""What errors say to people: every placeholder is filled from the facts that the error keeps."""

import ast
import importlib
import inspect
import string
import textwrap
from collections.abc import Iterator

import pytest

from sanderling.kernel.errors import Failure, Fault, Refusal
from support.house import ROOMS, module_name, python_files


def _below(root: type[Failure]) -> Iterator[type[Failure]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _below(kind)


def _failures() -> list[type[Failure]]:
    for path in python_files(*ROOMS):
        source = path.read_text()
        if "(Refusal):" in source or "(Fault):" in source:
            importlib.import_module(module_name(path))
    ours = {kind for kind in _below(Failure) if kind.__module__.partition(".")[0] in ROOMS}
    return sorted(ours - {Refusal, Fault}, key=lambda kind: kind.__qualname__)


def _facts(kind: type[Failure]) -> set[str]:
    """Return the names under which the constructor hands facts to the root."""
    if kind.__init__ is Failure.__init__:
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind.__init__)))
    return {
        keyword.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
        for keyword in node.keywords
        if keyword.arg is not None
    }


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


FAILURES = _failures()


def test_the_errors_of_every_room_are_found() -> None:
    """The walk misses no room that has any."""
    rooms = {kind.__module__.partition(".")[0] for kind in FAILURES}

    assert {"sanderling", "config", "drivers", "runner"} <= rooms


@pytest.mark.parametrize(
    "kind", FAILURES, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}"
)
def test_no_placeholder_is_left_open(kind: type[Failure]) -> None:
    """What stands in braces in the message or the advice is a fact that the error keeps."""
    assert _placeholders(f"{kind.message} {kind.hint}") <= _facts(kind)
