"""What to write instead: data only, shared by the compiler and by the reader of exceptions."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Mapping

IMPORT_HINTS: Mapping[str, str] = {
    "__future__": "Leave the line out: annotations are never evaluated here.",
    "abc": "Leave the base class out and raise NotImplementedError in the method instead.",
    "asyncio": "Handlers are plain functions: write the steps one after the other.",
    "dataclasses": "Import the names: from dataclasses import dataclass, field.",
    "enum": "Use constants at the top of the file, for example RED = 'red'.",
    "io": "Only in-memory text is there: from io import StringIO.",
    "logging": "Use print(): what it writes is kept with the call.",
    "numpy": "Use lists with math, statistics and itertools.",
    "os": "Files, processes and the environment are not reachable; take what you need from event.",
    "pandas": "Use csv.DictReader(text.splitlines()) with collections and statistics.",
    "pathlib": "There is no file system; take text from event and split it with str methods.",
    "pydantic": "Check the event with plain code, for example isinstance(event.get('age'), int).",
    "pytz": "Use from zoneinfo import ZoneInfo.",
    "requests": "Code here has no network; fetch before the call and pass the answer in event.",
    "sys": "The interpreter is not reachable; raise an exception to stop with an error.",
    "threading": "A call is one thread: write the steps one after the other.",
    "typing": "Leave the line out: annotations are never evaluated here.",
    "uuid": "Import the names: from uuid import uuid4.",
}

NAME_HINTS: Mapping[str, str] = {
    "BaseException": "Catch Exception instead.",
    "BaseExceptionGroup": "Raise one exception; groups are not available.",
    "ExceptionGroup": "Raise one exception; groups are not available.",
    "KeyboardInterrupt": "Catch Exception instead.",
    "SystemExit": "Return from the handler, or raise ValueError('why') to end with an error.",
    "bytearray": "Use bytes, or b''.join(parts).",
    "dir": "Names of objects cannot be listed; use the documented attributes.",
    "exit": "Return from the handler, or raise ValueError('why') to end with an error.",
    "globals": "Keep state in a dict of your own.",
    "id": "Compare with `is`, or use a key of your own.",
    "input": "There is no terminal; read what you need from event.",
    "locals": "Keep state in a dict of your own.",
    "memoryview": "Use bytes and slices of them.",
    "open": "There is no file system; take text from event and return what should be kept.",
    "quit": "Return from the handler, or raise ValueError('why') to end with an error.",
    "super": "Write super().method(...) in one piece, without arguments to super().",
    "vars": "Keep state in a dict of your own.",
}

STATEMENT_HINTS: Mapping[str, str] = {
    "AsyncFor": "Write a plain for loop.",
    "AsyncFunctionDef": "Write def instead of async def; a handler is a plain function.",
    "AsyncWith": "Write a plain with statement.",
    "Await": "Leave out await and call the function directly.",
    "Match": "Write if and elif, for example if event.get('kind') == 'order':.",
    "Nonlocal": "Keep the value in a dict of the outer function: state = {'n': 1}; state['n'] = 2.",
    "TemplateStr": "Write an f-string: f'Dear {name}'.",
    "TryStar": "Write except instead of except*.",
    "TypeAlias": "Leave the line out: annotations are never evaluated here.",
    "TypeVar": "Leave the type parameters out: annotations are never evaluated here.",
}

UNDERSCORE_NAME = "Choose a name that does not start with an underscore."
UNDERSCORE_METHOD = (
    "Of the special methods only __init__, __contains__, __eq__, __ne__, __lt__, __le__, __gt__ "
    "and __ge__ can be written; give others a plain name, for example def to_text(self)."
)
UNDERSCORE_ATTRIBUTE = (
    "Attributes that start with an underscore belong to the interpreter or to a class; use its "
    "public methods."
)
MAIN_BLOCK = "Leave the __main__ block out: the platform calls handler(event, context)."
SUPER_CALL = "Write super().method(...), without arguments to super(), inside a method of a class."
NO_HANDLER = "Add: def handler(event, context): return {...}"
SMALLER = "Split the work over several functions, or pass data in the event instead of the source."
FLATTER = "Name the steps: assign inner parts to variables and build long chains in a loop."
STAR_IMPORT = "Name what you need, for example from math import sqrt, floor."
METACLASS = "Leave the keyword out; classes take bases only."
