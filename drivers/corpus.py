"""A corpus of hostile functions, read from text: one JSON object on each line.

Everything here is a value. Reading is all or nothing: what is wrong anywhere in the text is told
at once, with the numbers of its lines, and nothing is run.
"""

import codecs
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Never, TypeVar, cast

from sanderling.kernel.errors import Refusal

_MOST_TOLD = 8
_TWICE = "twice"
_RUNS = ("once", _TWICE)
_NEEDED = ("id", "category", "source", "expect", "layer")
_FIELDS = frozenset({*_NEEDED, "run", "note"})

_Word = TypeVar("_Word", bound=StrEnum)


class Expectation(StrEnum):
    """How the author of an entry says that it ends; `expectations` says what each one accepts."""

    OK = "ok"
    RUNTIME_ERROR = "runtime_error"
    BLOCKED = "blocked"
    COMPILE_ERROR = "compile_error"
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"


class Walls(StrEnum):
    """Which walls an entry is let loose on."""

    FULL = "full"
    """All of them, as any function."""
    OS = "os"
    """Those of the operating system alone: the source is run as plain Python."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One entry; `runs_twice` says that two calls of it share one reused worker."""

    id: str
    category: str
    source: str
    expect: Expectation
    layer: Walls
    runs_twice: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Every entry in the order of its file, and the names of fields that mean nothing here."""

    attacks: tuple[Attack, ...]
    ignored_fields: tuple[str, ...] = ()


class CorpusRefused(Refusal):
    """The corpus is not one: {reason}.

    Each line is a JSON object with id, category, source, expect, layer and, where two calls are to
    share a worker, run.
    """

    code: ClassVar[str] = "corpus_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep what is wrong, with the lines where it is."""
        super().__init__(reason=reason)


class _Flaw(Exception):
    """What is wrong with one line."""


def read_corpus(text: bytes) -> Corpus:
    """Return the entries of `text`; lines of blanks are passed over.

    Raises:
        CorpusRefused: a line is no entry, two share an id, or there is none.

    """
    attacks: list[Attack] = []
    lines: dict[str, int] = {}
    ignored: set[str] = set()
    flaws: list[str] = []
    # At line feeds alone: a string may hold what Unicode also counts as the end of a line.
    for number, line in enumerate(text.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = _entry(line)
            attack = _attack(entry)
            _check_is_new(attack.id, number, lines)
        except _Flaw as flaw:
            flaws.append(f"line {number}: {flaw}")
        else:
            attacks.append(attack)
            ignored |= entry.keys() - _FIELDS
    if flaws:
        raise CorpusRefused(reason=_told(flaws))
    if not attacks:
        raise CorpusRefused(reason="it has no entry")
    return Corpus(tuple(attacks), tuple(sorted(ignored)))


def _check_is_new(name: str, number: int, lines: dict[str, int]) -> None:
    first = lines.setdefault(name, number)
    if first != number:
        raise _Flaw(f"id {_quoted(name)} is that of line {first}")


def _told(flaws: list[str]) -> str:
    more = len(flaws) - _MOST_TOLD
    return "; ".join(flaws[:_MOST_TOLD]) + (f"; and {more} more lines" if more > 0 else "")


def _entry(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            line.decode(), object_pairs_hook=_members, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise _Flaw(f"byte {error.start + 1} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _Flaw(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise _Flaw("it is nested too deep") from error
    except ValueError as error:
        raise _Flaw("a number has too many digits") from error
    if not isinstance(value, dict):
        raise _Flaw("not a JSON object")
    return cast("dict[str, Any]", value)


def _members(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise _Flaw(f"field {_quoted(name)} stands there twice")
        members[name] = value
    return members


def _refuse_constant(name: str) -> Never:
    raise _Flaw(f"{name} is not a JSON number")


def _attack(entry: dict[str, Any]) -> Attack:
    missing = [name for name in _NEEDED if name not in entry]
    if missing:
        raise _Flaw(f"field {' and '.join(missing)} missing")
    for name in ("id", "category"):
        if not _text(entry, name).strip():
            raise _Flaw(f"field {name} is empty")
    return Attack(
        id=_text(entry, "id"),
        category=_text(entry, "category"),
        source=_text(entry, "source"),
        expect=_word(entry, "expect", Expectation),
        layer=_word(entry, "layer", Walls),
        runs_twice=_runs_twice(entry),
        note=_text(entry, "note") if "note" in entry else "",
    )


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise _Flaw(f"field {name} is not text")
    return value


def _word(entry: dict[str, Any], name: str, words: type[_Word]) -> _Word:
    text = _text(entry, name)
    if text not in set(words):
        raise _Flaw(f"{name} {_quoted(text)} is none of {', '.join(words)}")
    return words(text)


def _runs_twice(entry: dict[str, Any]) -> bool:
    run: object = entry.get("run", _RUNS[0])
    if run not in _RUNS:
        told = _quoted(run) if isinstance(run, str) else "of another form"
        raise _Flaw(f"run {told} is none of {', '.join(_RUNS)}")
    return run == _TWICE


def _quoted(text: str) -> str:
    shown = text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - enough to find it.
    return repr(shown)
