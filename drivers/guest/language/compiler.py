"""Compiles a function's source for the guest, in a process of its own.

Guarantee: any text gives either code that the guards can hold, or `CodeRejected`; never another
exception. The parser itself is attack surface, hence the separate process.
"""

import ast
import warnings
from types import CodeType

from drivers.guest.language import hints
from drivers.guest.language.lines import Lines
from drivers.guest.language.rejection import CodeRejected, Excess, Problem
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
        tree = _parsed(source, ast_depth)
        _check_size(tree, ast_nodes, ast_depth)
        return _transformed(tree, Lines(source), ast_depth)


def _check_text(source: str, source_bytes: int) -> None:
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise _rejected("The source is not valid Unicode text.", line=line) from None
    if size > source_bytes:
        reason = f"The source has {size} bytes; at most {source_bytes} are allowed."
        raise _too_much(reason, hints.SMALLER, Excess("source_bytes", source_bytes, size))
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        raise _rejected("The source holds a NUL character.", line=line)


def _parsed(source: str, ast_depth: int) -> ast.Module:
    try:
        return ast.parse(source, FILENAME)
    except SyntaxError as error:
        raise CodeRejected(_syntax(error)) from None
    except (ValueError, OverflowError) as error:
        raise _rejected(f"The source cannot be read: {error}.") from None
    except (RecursionError, MemoryError):
        raise _too_deep(ast_depth) from None


def _check_size(tree: ast.Module, ast_nodes: int, ast_depth: int) -> None:
    """Count without recursion, because the depth is what is in doubt."""
    nodes = 0
    level: list[ast.AST] = [tree]
    depth = 0
    line: int | None = None
    while level:
        depth += 1
        nodes += len(level)
        if depth <= ast_depth + 1:
            line = next((node.lineno for node in level if isinstance(node, _PLACED)), line)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if nodes > ast_nodes:
        reason = f"The source has {nodes} syntax elements; at most {ast_nodes} are allowed."
        raise _too_much(reason, hints.SMALLER, Excess("ast_nodes", ast_nodes, nodes))
    if depth > ast_depth:
        reason = f"The code is nested {depth} levels deep; at most {ast_depth} are allowed."
        raise _too_much(reason, hints.FLATTER, Excess("ast_depth", ast_depth, depth), line=line)


def _transformed(tree: ast.Module, lines: Lines, ast_depth: int) -> CodeType:
    transformer = GuestTransformer(lines=lines)
    try:
        transformer.visit(tree)
        if transformer.problems:
            raise CodeRejected(*sorted(transformer.problems, key=_place))
        return compile(tree, FILENAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise CodeRejected(_late_syntax(error, lines)) from None
    except (ValueError, OverflowError) as error:
        raise _rejected(f"The source cannot be compiled: {error}.") from None
    except (RecursionError, MemoryError):
        raise _too_deep(ast_depth) from None


def _place(problem: Problem) -> tuple[bool, int, int]:
    return (problem.line is None, problem.line or 0, problem.column or 0)


def _syntax(error: SyntaxError) -> Problem:
    column = error.offset or None
    is_inside = column is not None and error.end_lineno == error.lineno
    end_column = error.end_offset if is_inside and (error.end_offset or 0) > (column or 0) else None
    return Problem(error.lineno, column, _told(error), "", end_column)


def _late_syntax(error: SyntaxError, lines: Lines) -> Problem:
    """Place what the compiler found after the parser, which counts bytes."""
    if error.lineno is None or not error.offset:
        return Problem(error.lineno, None, _told(error))
    end = error.end_offset if error.end_lineno == error.lineno else None
    stop = end - 1 if end is not None and end > error.offset else None
    return lines.problem(error.lineno, error.offset - 1, stop, (_told(error), ""))


def _told(error: SyntaxError) -> str:
    # CPython advises a function that is not here; only its first half is said.
    message = (error.msg or "invalid syntax").partition("; use sys.")[0]
    return f"{message[:1].upper()}{message[1:]}."


def _rejected(reason: str, *, line: int | None = None) -> CodeRejected:
    return CodeRejected(Problem(line, None, reason))


def _too_much(reason: str, hint: str, excess: Excess, *, line: int | None = None) -> CodeRejected:
    return CodeRejected(Problem(line, None, reason, hint), excess=excess)


def _too_deep(ast_depth: int) -> CodeRejected:
    # The parser gives up far beyond the ceiling of the limit, so nobody counted.
    excess = Excess("ast_depth", ast_depth, None)
    return _too_much("The code is nested too deeply.", hints.FLATTER, excess)
