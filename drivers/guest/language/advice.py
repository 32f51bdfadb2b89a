"""What to do about the mistakes that nearly everybody makes, told with the exception."""

from __future__ import annotations

from drivers.guest.language.hints import NAME_HINTS
from drivers.guest.language.likeness import nearest

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_MAX_KEY = 60
_NONE = (
    "A value here is None: dict.get() found no key, or a function has no return. Check for it "
    "with `is None` first."
)
_MIXED = "Text and numbers do not mix: write int(text), float(text), str(number) or an f-string."
_ENDLESS = "A function calls itself without an end: check what should stop it, or write a loop."
_UNBOUND = (
    "A name that a function assigns anywhere is its own: give it a value before it is read, or "
    "declare it with `global`."
)
_EXHAUSTED = "next() found nothing more: give it a default, as in next(items, None)."
_NO_NUMBER = "This text is no number: Decimal() takes text such as '12.50', without blanks inside."
_MODULE = (
    "This is a module: call a function of it, or import the name, as in "
    "`from datetime import datetime`."
)
_LONG = "int() and str() take at most 4300 digits; hex() and int(text, 16) have no such bound."
_BY_TYPE: Mapping[type[BaseException], str] = {
    RecursionError: _ENDLESS,
    StopIteration: _EXHAUSTED,
    UnboundLocalError: _UNBOUND,
}


def advise(error: BaseException, message: str, place: TracebackType | None) -> str:
    """Return what to write instead, or nothing; `place` is the innermost frame of the user's.

    Exact types only: a user's subclass could answer with code.
    """
    kind = type(error)
    if kind is NameError:
        return _for_name(error, place)
    if kind is KeyError:
        return _for_key(error.args)
    if kind is AttributeError or kind is TypeError:
        return _for_value(message)
    if kind is ValueError and message.startswith("Exceeds the limit ("):
        return _LONG
    if message == "[<class 'decimal.ConversionSyntax'>]":
        return _NO_NUMBER
    return _BY_TYPE.get(kind, "")


def _for_name(error: BaseException, place: TracebackType | None) -> str:
    name: object = getattr(error, "name", None)
    if type(name) is not str:
        return ""
    if name in NAME_HINTS:
        return NAME_HINTS[name]
    if place is None:
        return ""
    frame = place.tb_frame
    known = {*frame.f_locals, *frame.f_globals, *frame.f_builtins}
    names = [each[:_MAX_KEY] for each in known if type(each) is str and each[:1] != "_"]
    meant = nearest(name[:_MAX_KEY], names)
    return f"Did you mean {meant!r}?" if meant else ""


def _for_key(args: tuple[object, ...]) -> str:
    key = args[0] if len(args) == 1 else None
    if type(key) is not str:
        return ""
    return f"There is no such key; where it may be missing, write .get({key[:_MAX_KEY]!a})."


def _for_value(message: str) -> str:
    if "'NoneType'" in message:
        return _NONE
    if message == "'module' object is not callable":
        return _MODULE
    is_mixed = message.startswith(("can only concatenate str", "unsupported operand type"))
    if is_mixed and ("'str'" in message or "str " in message):
        return _MIXED
    return ""
