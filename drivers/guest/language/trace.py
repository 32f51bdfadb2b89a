"""Tells a guest exception in the user's own terms: type, message, and their lines only."""

from collections import deque
from types import CodeType, TracebackType

from drivers.guest.language.hints import NAME_HINTS

FILENAME = "<function>"
"""The file name in every code object of a user, as the compiler sets it."""

MAX_LINES = 20
MAX_MESSAGE = 2000
_MAX_NAME = 200
_MAX_TEXT = 200


class Step:
    """One line of the user's own stack; `line` and `column` count from 1."""

    __slots__ = ("column", "function", "line", "text")

    def __init__(self, line: int, column: int | None, function: str, text: str) -> None:
        self.line = line
        self.column = column
        self.function = function
        self.text = text


class Failure:
    """What a guest exception says; `steps` run from the outermost call to the failing line."""

    __slots__ = ("hint", "message", "steps", "type")

    def __init__(self, kind: str, message: str, steps: tuple[Step, ...], hint: str) -> None:
        self.type = kind
        self.message = message
        self.steps = steps
        self.hint = hint


def describe(error: BaseException, source: str = "") -> Failure:
    """Return what `error` says, bounded in size; never raises for what the guest put into it."""
    kind = _clean(type(error).__name__, _MAX_NAME)
    return Failure(kind, _message(error), _steps(error.__traceback__, source), _hint(error))


def _message(error: BaseException) -> str:
    try:
        return _clean(str(error), MAX_MESSAGE)
    except BaseException:  # noqa: BLE001 - the text of an exception is user code's, whatever it raises
        return "<unprintable>"


def _clean(text: str, limit: int) -> str:
    return text[:limit].encode("utf-8", "replace").decode()


def _steps(traceback: TracebackType | None, source: str) -> tuple[Step, ...]:
    last: deque[TracebackType] = deque(maxlen=MAX_LINES)
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == FILENAME:
            last.append(traceback)
        traceback = traceback.tb_next
    lines = source.splitlines() if source and last else []
    return tuple(_step(part, lines) for part in last)


def _step(part: TracebackType, lines: list[str]) -> Step:
    code = part.tb_frame.f_code
    line = part.tb_lineno or code.co_firstlineno
    text = lines[line - 1].strip()[:_MAX_TEXT] if 0 < line <= len(lines) else ""
    name = "module" if code.co_name == "<module>" else code.co_name
    return Step(line, _column(code, part.tb_lasti), _clean(name, _MAX_NAME), text)


def _column(code: CodeType, lasti: int) -> int | None:
    for index, (_, _, column, _) in enumerate(code.co_positions()):
        if index * 2 == lasti:
            return None if column is None else column + 1
    return None


def _hint(error: BaseException) -> str:
    """Tell what to write instead of a built-in that is not there."""
    # Exactly this type: a user's subclass could answer `name` with code.
    if type(error) is NameError and type(error.name) is str:
        return NAME_HINTS.get(error.name, "")
    return ""
