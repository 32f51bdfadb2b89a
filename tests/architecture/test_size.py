"""Files and functions stay small enough to be read."""

import ast

from support.house import all_code, parsed, shown

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def test_no_file_passes_400_lines() -> None:
    """A file is one noun."""
    sizes = {shown(path): len(path.read_text().splitlines()) for path in all_code()}

    assert sizes
    assert {path: lines for path, lines in sizes.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_passes_60_lines() -> None:
    """A function fits a glance."""
    sizes = {
        f"{shown(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in all_code()
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }

    assert sizes
    assert {name: lines for name, lines in sizes.items() if lines > MAX_FUNCTION_LINES} == {}


def test_no_file_is_named_after_nothing() -> None:
    """A file is named for the thing that it holds."""
    nameless = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

    assert [shown(path) for path in all_code() if path.stem in nameless] == []
