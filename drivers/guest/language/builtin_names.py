"""The built-in names of guest code; one table for all calls, which no user code can reach."""

from __future__ import annotations

import builtins

from drivers.guest.language.attributes import (
    begin_change,
    delete_named,
    finish_change,
    has_named,
    read_attribute,
    read_named,
    read_super,
    type_of,
    write_attributes,
    write_items,
    write_named,
)
from drivers.guest.language.classes import allow_base, make_class
from drivers.guest.language.imports import guarded_import
from drivers.guest.language.tables import KNOWN, STANDS_FOR

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

_PLAIN = (
    "None False True Ellipsis NotImplemented __build_class__ "
    "abs all any ascii bin bool bytes callable chr classmethod complex dict divmod enumerate "
    "filter float format frozenset hash hex int isinstance issubclass iter len list map max min "
    "next object oct ord pow property range repr reversed round set slice sorted staticmethod "
    "str sum tuple zip"
)
_EXCEPTIONS = (
    "ArithmeticError AssertionError AttributeError BlockingIOError BrokenPipeError BufferError "
    "BytesWarning ChildProcessError ConnectionAbortedError ConnectionError "
    "ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError EncodingWarning "
    "EnvironmentError Exception FileExistsError FileNotFoundError FloatingPointError "
    "FutureWarning IOError ImportError ImportWarning IndentationError IndexError "
    "InterruptedError IsADirectoryError KeyError LookupError MemoryError ModuleNotFoundError "
    "NameError NotADirectoryError NotImplementedError OSError OverflowError "
    "PendingDeprecationWarning PermissionError ProcessLookupError RecursionError ReferenceError "
    "ResourceWarning RuntimeError RuntimeWarning StopIteration SyntaxError SyntaxWarning "
    "SystemError TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError "
    "UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning "
    "ValueError Warning ZeroDivisionError"
)
_GUARDS: dict[str, object] = {
    "__import__": guarded_import,
    "__metaclass__": make_class,
    "_augget_": begin_change,
    "_augset_": finish_change,
    "_getattr_": read_attribute,
    "_super_": read_super,
    "_write_": write_items,
    "_writeattr_": write_attributes,
    "delattr": delete_named,
    "getattr": read_named,
    "hasattr": has_named,
    "setattr": write_named,
    "type": type_of,
}


def _built() -> dict[str, object]:
    names = {name: getattr(builtins, name) for name in (*_PLAIN.split(), *_EXCEPTIONS.split())}
    for kind, instead in STANDS_FOR.items():
        names[kind.__name__] = instead
    for value in names.values():
        if isinstance(value, type):
            KNOWN.add(value)
            if issubclass(value, Exception):
                allow_base(value)
    for name, guard in _GUARDS.items():
        if name[:1] != "_":
            # In errors it speaks of itself by the name that users call it by.
            named: Any = guard
            named.__name__ = named.__qualname__ = name
            named.__module__ = "builtins"
    return names | _GUARDS


BUILTINS = _built()
"""What `__builtins__` is in guest code. The guards live here, too: user code cannot bind or read
a name that starts with an underscore, so they cannot be replaced."""
