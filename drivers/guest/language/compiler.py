"""Compiles a function's source for the guest, in a process of its own.

Guarantee: any text gives either code that the guards can hold, or `CodeRejected`; never another
exception. The parser itself is attack surface, hence the separate process.
"""

import ast
import warnings
from types import CodeType

from drivers.guest.language import hints
from drivers.guest.language.rejection import CodeRejected, Problem
from drivers.guest.language.transformer import GuestTransformer

_PLACED = (ast.stmt, ast.expr)
FILENAME = "<function>"
"""The file name in every code object of a user; frames of any other name are ours."""


def compile_source(source: str, *, source_bytes: int, ast_nodes: int, ast_depth: int) -> CodeType:
    """Return the guarded code of `source`.

    Raises:
        CodeRejected: the source is too large, is no Python, or uses what the guest does not have.

    """
    _check_text(source, source_bytes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's advice on the source has no reader here.
        tree = _parsed(source)
        _check_size(tree, ast_nodes, ast_depth)
        return _transformed(tree)


def _check_text(source: str, source_bytes: int) -> None:
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise CodeRejected(line, None, "The source is not valid Unicode text.") from None
    if size > source_bytes:
        reason = f"The source has {size} bytes; at most {source_bytes} are allowed."
        raise CodeRejected(None, None, reason, hints.SMALLER)
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        raise CodeRejected(line, None, "The source holds a NUL character.")


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source, FILENAME)
    except SyntaxError as error:
        raise _syntax(error) from None
    except (ValueError, OverflowError) as error:
        raise CodeRejected(None, None, f"The source cannot be read: {error}.") from None
    except (RecursionError, MemoryError):
        raise _too_deep() from None


def _check_size(tree: ast.Module, ast_nodes: int, ast_depth: int) -> None:
    """Count without recursion, because the depth is what is in doubt."""
    nodes = 0
    level: list[ast.AST] = [tree]
    depth = 0
    line: int | None = None
    while level:
        depth += 1
        nodes += len(level)
        if depth > ast_depth:
            reason = f"The code is nested deeper than {ast_depth} levels."
            raise CodeRejected(line, None, reason, hints.FLATTER)
        if nodes > ast_nodes:
            reason = f"The source has more than {ast_nodes} syntax elements."
            raise CodeRejected(None, None, reason, hints.SMALLER)
        line = next((node.lineno for node in level if isinstance(node, _PLACED)), line)
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _transformed(tree: ast.Module) -> CodeType:
    transformer = GuestTransformer()
    try:
        transformer.visit(tree)
        if transformer.problems:
            first, *others = sorted(transformer.problems, key=_place)
            raise CodeRejected(first.line, first.column, first.reason, first.hint, tuple(others))
        return compile(tree, FILENAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _syntax(error) from None
    except (ValueError, OverflowError) as error:
        raise CodeRejected(None, None, f"The source cannot be compiled: {error}.") from None
    except (RecursionError, MemoryError):
        raise _too_deep() from None


def _place(problem: Problem) -> tuple[bool, int, int]:
    return (problem.line is None, problem.line or 0, problem.column or 0)


def _syntax(error: SyntaxError) -> CodeRejected:
    # CPython advises a function that is not here; only its first half is said.
    message = (error.msg or "invalid syntax").partition("; use sys.")[0]
    return CodeRejected(error.lineno, error.offset or None, f"{message[:1].upper()}{message[1:]}.")


def _too_deep() -> CodeRejected:
    return CodeRejected(None, None, "The code is nested too deeply.", hints.FLATTER)
