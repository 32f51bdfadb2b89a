"""What each word of a corpus accepts as its end, as data, and the judgement by it.

The rule behind the table: an attack may end earlier than its author says, and never later. From
early to late, its source is refused, it fails, it meets a limit of time or memory, it gets a
result. What ends earlier met the same wall sooner, or one before it, and nothing was handed out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.corpus import Attack, Expectation, Walls
from drivers.limits import Limits
from drivers.port import Deployment, Outcome, OutcomeKind
from sanderling.kernel.jsontext import JSON

CLEAN = "clean"
"""What a call returns that found nothing of an earlier one."""

REFUSALS = frozenset(
    {
        *("AttributeError", "BlockingIOError", "ImportError", "LookupError"),
        *("ModuleNotFoundError", "OSError", "PermissionError", "RuntimeError", "ValueError"),
    }
)
"""How plain Python tells that the system refused something, or that it is not there to begin with.

A file that is not found is no refusal: the kernel went and looked for it. Nor is a mistake in the
attack itself, such as a NameError: then nothing was tried.
"""

REFUSED_NUMBERS = (1, 13, 38)
"""EPERM, EACCES and ENOSYS: not allowed, not allowed here, not there."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The outcomes that a word accepts: those that it means, and those that are earlier ends."""

    meant: frozenset[OutcomeKind]
    earlier: frozenset[OutcomeKind] = frozenset()


_REFUSED = frozenset({OutcomeKind.BAD_CODE})
_FAILED = frozenset(
    {
        OutcomeKind.USER_ERROR,
        OutcomeKind.BAD_RESULT,
        OutcomeKind.RESULT_TOO_LARGE,
        # A native crash or a kill stays in its worker, and is as good an end as an exception.
        OutcomeKind.CRASHED,
    }
)
_FULL = frozenset({OutcomeKind.OUT_OF_MEMORY})
_LATE = frozenset({OutcomeKind.TIMEOUT})

ENDS: Mapping[Expectation, Ends] = {
    Expectation.OK: Ends(frozenset({OutcomeKind.OK})),
    Expectation.COMPILE_ERROR: Ends(_REFUSED),
    # Memory that is refused is an exception like any other, and how much there is in a structure
    # differs between versions of Python.
    Expectation.RUNTIME_ERROR: Ends(_FAILED, _REFUSED | _FULL),
    # As memory that may be executed is refused: with a MemoryError.
    Expectation.BLOCKED: Ends(frozenset({OutcomeKind.USER_ERROR, OutcomeKind.CRASHED}), _FULL),
    Expectation.MEMORY_LIMIT: Ends(_FULL, _REFUSED | _FAILED | _LATE),
    Expectation.TIMEOUT: Ends(_LATE, _REFUSED | _FAILED | _FULL),
}
"""The accepted ends of each word; `is_met` adds conditions to `blocked` and `memory_limit`."""

MOST_RESIDENT_BYTES = 2 * Limits().memory_bytes
"""What a worker can hold at most under the usual memory limit: idle, it is smaller than that."""

_SAID_REFUSED = re.compile(
    rf"blocked|\[Errno (?:{'|'.join(map(str, REFUSED_NUMBERS))})\]"
    rf"|(?:{'|'.join(sorted(REFUSALS))})\b"
)


def is_met(attack: Attack, observed: Outcome | Deployment) -> bool:
    """Claim that one run of `attack` ended as its author says, or earlier.

    `blocked` behind all walls is as `runtime_error`, because there the language refuses in many
    words. Behind those of the system alone an exception has to be one of `REFUSALS`, and an attack
    may catch it and return it: -1 as C tells it, with or without the number of the error, or a
    text that names the error; of several attempts a list or an object of such texts, each of them.
    Time may run out before memory where memory was bounded meanwhile.
    """
    match _word_for(attack):
        case Expectation.BLOCKED:
            return _is_blocked(observed)
        case Expectation.MEMORY_LIMIT if observed.kind is OutcomeKind.TIMEOUT:
            return isinstance(observed, Outcome) and _is_bounded(observed)
        case word:
            return observed.kind in ENDS[word].meant | ENDS[word].earlier


def is_meant(attack: Attack, kind: OutcomeKind) -> bool:
    """Claim that `kind` is the very end that the author means, not an earlier one."""
    ends = ENDS[_word_for(attack)]
    return kind not in ends.earlier


def is_met_twice(attack: Attack, first: Outcome | Deployment, second: Outcome | Deployment) -> bool:
    """Claim that of two calls in one worker the first ended as it should and the second is clean.

    Where `ok` is expected the first has to be clean as well.
    """
    is_first_met = _is_clean(first) if attack.expect is Expectation.OK else is_met(attack, first)
    return is_first_met and _is_clean(second)


def _word_for(attack: Attack) -> Expectation:
    if attack.expect is Expectation.BLOCKED and attack.layer is Walls.FULL:
        return Expectation.RUNTIME_ERROR
    return attack.expect


def _is_clean(observed: Outcome | Deployment) -> bool:
    return isinstance(observed, Outcome) and observed.result == CLEAN


def _is_bounded(outcome: Outcome) -> bool:
    return outcome.memory_bytes is not None and outcome.memory_bytes <= MOST_RESIDENT_BYTES


def _is_blocked(observed: Outcome | Deployment) -> bool:
    if observed.kind is OutcomeKind.OK:
        return isinstance(observed, Outcome) and _says_refused(observed.result)
    if observed.kind is OutcomeKind.USER_ERROR:
        return observed.error is not None and observed.error.type in REFUSALS
    ends = ENDS[Expectation.BLOCKED]
    return observed.kind in ends.meant | ends.earlier


def _says_refused(value: JSON) -> bool:
    if isinstance(value, str):
        return _SAID_REFUSED.match(value) is not None
    if isinstance(value, list):
        # What a C function returned, and errno.
        returned, number = value if len(value) == 2 else (None, None)  # noqa: PLR2004 - a pair.
        is_told_by_number = _is_minus_one(returned) and number in REFUSED_NUMBERS
        return is_told_by_number or _are_refusals(value)
    if isinstance(value, dict):
        return _are_refusals(list(value.values()))
    return _is_minus_one(value)


def _are_refusals(values: list[JSON]) -> bool:
    """Claim that an attack made several attempts and tells of each, in words, that it failed."""
    return bool(values) and all(isinstance(value, str) and _says_refused(value) for value in values)


def _is_minus_one(value: JSON) -> bool:
    return type(value) is int and value == -1
