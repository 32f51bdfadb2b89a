"""Tells a guest exception in the user's own terms: type, message, causes, and their lines only."""

from __future__ import annotations

from itertools import islice

from drivers.guest.language.advice import advise

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from types import CodeType, TracebackType

FILENAME = "<function>"
"""The file name in every code object of a user, as the compiler sets it."""

MAX_LINES = 20
MAX_MESSAGE = 2000
MAX_CAUSES = 4
MAX_CAUSE_LINES = 8
MAX_CAUSE_MESSAGE = 500
_MAX_NAME = 100
_MAX_CHAIN = 32


class Step:
    """One line of the user's own stack; `line` counts from 1.

    What failed are the bytes `start` to `end` of the line in UTF-8, counted from 0, as the
    interpreter keeps them. `end` is None where it is on a later line, both where nothing is known.
    """

    __slots__ = ("end", "function", "line", "start")

    def __init__(self, line: int, start: int | None, end: int | None, function: str) -> None:
        self.line = line
        self.start = start
        self.end = end
        self.function = function


class Cause:
    """An earlier exception; `is_explicit` when user code named it with `from`."""

    __slots__ = ("is_explicit", "message", "steps", "type")

    def __init__(
        self, kind: str, message: str, steps: tuple[Step, ...], *, is_explicit: bool
    ) -> None:
        self.type = kind
        self.message = message
        self.steps = steps
        self.is_explicit = is_explicit


class Failure:
    """What a guest exception says; `steps` run from the outermost call to the failing line."""

    __slots__ = ("causes", "hint", "message", "steps", "type")

    def __init__(
        self,
        kind: str,
        message: str,
        steps: tuple[Step, ...],
        hint: str,
        causes: tuple[Cause, ...],
    ) -> None:
        self.type = kind
        self.message = message
        self.steps = steps
        self.hint = hint
        self.causes = causes


def describe(error: BaseException) -> Failure:
    """Return what `error` says, bounded in size; never raises for what the guest put into it."""
    message = _message(error, MAX_MESSAGE)
    return Failure(
        _kind(error),
        message,
        _steps(error.__traceback__, MAX_LINES),
        advise(error, message, _innermost(error.__traceback__)),
        _causes(error),
    )


def clean(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`, without what UTF-8 does not have."""
    return text[:limit].encode("utf-8", "replace").decode()


def _kind(error: BaseException) -> str:
    return clean(type(error).__name__, _MAX_NAME)


def _message(error: BaseException, limit: int) -> str:
    try:
        return clean(str(error), limit)
    except BaseException:  # noqa: BLE001 - the text of an exception is user code's, whatever it raises
        return "<unprintable>"


def _causes(error: BaseException) -> tuple[Cause, ...]:
    """Tell what led to `error`, nearest first; what the library raised inside itself is left out.

    User code can make the chain endless, or a circle.
    """
    causes: list[Cause] = []
    told = [error]
    for _ in range(_MAX_CHAIN):
        explicit = error.__cause__
        earlier = explicit
        if explicit is None and not error.__suppress_context__:
            earlier = error.__context__
        if earlier is None or any(earlier is one for one in told) or len(causes) == MAX_CAUSES:
            break
        steps = _steps(earlier.__traceback__, MAX_CAUSE_LINES)
        if steps or explicit is not None:
            message = _message(earlier, MAX_CAUSE_MESSAGE)
            is_explicit = explicit is not None
            causes.append(Cause(_kind(earlier), message, steps, is_explicit=is_explicit))
        told.append(earlier)
        error = earlier
    return tuple(causes)


def _of_user(traceback: TracebackType | None, most: int) -> list[TracebackType]:
    last: list[TracebackType] = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == FILENAME:
            last.append(traceback)
            del last[:-most]
        traceback = traceback.tb_next
    return last


def _innermost(traceback: TracebackType | None) -> TracebackType | None:
    last = _of_user(traceback, 1)
    return last[0] if last else None


def _steps(traceback: TracebackType | None, most: int) -> tuple[Step, ...]:
    return tuple(_step(part) for part in _of_user(traceback, most))


def _step(part: TracebackType) -> Step:
    code = part.tb_frame.f_code
    line = part.tb_lineno or code.co_firstlineno
    start, end = _range(code, part.tb_lasti, line)
    name = "module" if code.co_name == "<module>" else code.co_name
    return Step(line, start, end, clean(name, _MAX_NAME))


def _range(code: CodeType, lasti: int, line: int) -> tuple[int | None, int | None]:
    found = next(islice(code.co_positions(), max(lasti, 0) // 2, None), None)
    if found is None or found[0] != line or found[2] is None:
        return None, None
    return found[2], found[3] if found[1] == line else None
