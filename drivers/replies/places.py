"""Places in a source that a guest tells of, believed no further than the source itself goes."""

from functools import cached_property

from drivers.guest.language.lines import split_lines
from drivers.port import CodeProblem, TraceLine

_MOST_CODE = 400
_MOST_LINE = 10_000_000

Columns = tuple[int | None, int | None]


def whole(value: object, least: int = 1) -> int | None:
    """Return a number that can count lines or columns."""
    return value if type(value) is int and least <= value < _MOST_LINE else None


class Places:
    """Lines of one source, looked at only when something is told about them."""

    def __init__(self, source: str) -> None:
        """Take the source that the guest was given."""
        self._source = source
        self._bytes: dict[int, bytes] = {}

    @cached_property
    def _lines(self) -> list[str]:
        return split_lines(self._source)

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if number <= len(self._lines) else ""

    def trace_line(self, line: int, start: object, end: object, function: str) -> TraceLine:
        """Return one step of a stack; `start` and `end` count bytes of the line from 0."""
        column, end_column = self._columns(line, whole(start, 0), whole(end, 0))
        return TraceLine(line, function, self._text(line), column, end_column)

    def problem(self, place: tuple[object, object, object], message: str, hint: str) -> CodeProblem:
        """Return one problem; its columns count characters from 1."""
        line = whole(place[0])
        if line is None:
            return CodeProblem(message, hint=hint)
        column, end_column = whole(place[1]), whole(place[2])
        if column is None or (end_column is not None and end_column <= column):
            end_column = None
        return CodeProblem(message, line, column, end_column, hint, self._text(line))

    def _text(self, line: int) -> str:
        return self._line(line)[:_MOST_CODE].rstrip()

    def _columns(self, line: int, start: int | None, end: int | None) -> Columns:
        text = self._line(line)
        if start is None or not text:
            return None, None
        column = self._column(line, text, start)
        end_column = len(text.rstrip()) + 1 if end is None else self._column(line, text, end)
        return column, end_column if end_column > column else None

    def _column(self, line: int, text: str, offset: int) -> int:
        if text.isascii():
            return min(offset, len(text)) + 1
        encoded = self._bytes.get(line)
        if encoded is None:
            # Kept, so that a stack of many steps in one long line costs no more than one.
            encoded = self._bytes[line] = text.encode("utf-8", "replace")
        return len(encoded[:offset].decode("utf-8", "ignore")) + 1
