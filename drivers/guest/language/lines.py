"""The lines of a source, as the interpreter counts them, and places in them in characters."""

import ast

from drivers.guest.language.rejection import Problem


def split_lines(source: str) -> list[str]:
    """Return the lines of `source`; `str.splitlines` knows more kinds of ends than Python does."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def column_at(line: str, offset: int) -> int:
    """Return the column, from 1, of the character at the byte `offset` of `line` in UTF-8."""
    if line.isascii():
        return min(offset, len(line)) + 1
    return len(line.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore")) + 1


class Lines:
    """Turn what the parser tells of places into problems."""

    def __init__(self, source: str) -> None:
        self._lines = split_lines(source)

    def place(self, node: ast.AST, reason: str, hint: str) -> Problem:
        """Return a problem at `node`, whose offsets count bytes."""
        line: int | None = getattr(node, "lineno", None)
        start: int | None = getattr(node, "col_offset", None)
        if line is None or start is None:
            return Problem(line, None, reason, hint)
        end: int | None = getattr(node, "end_col_offset", None)
        is_inside = end is not None and getattr(node, "end_lineno", None) == line
        return self.problem(line, start, end if is_inside else None, (reason, hint))

    def problem(self, line: int, start: int, end: int | None, told: tuple[str, str]) -> Problem:
        """Return a problem at these bytes; without an end it goes on to the end of the line."""
        reason, hint = told
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        end_column = len(text.rstrip()) + 1 if end is None else column_at(text, end)
        return Problem(line, column_at(text, start), reason, hint, end_column)
