"""Reads the bodies of answering frames, believing nothing."""

from dataclasses import dataclass
from typing import Any, cast

from drivers.port import CodeProblem, GuestCause, GuestError, OutcomeKind, TraceLine
from drivers.replies.frames import ProtocolViolated
from drivers.replies.places import Places, whole
from sanderling.kernel.jsontext import InvalidJSON, decode, encode

_MOST_TEXT = 4096
_MOST_STEPS = 32
_STEP_PARTS = 4
_MOST_CAUSES = 8
_MOST_CAUSE_STEPS = 16
_CAUSE_PARTS = 4
_MOST_PROBLEMS = 32
_PROBLEM_PARTS = 5
_EXCESS_PARTS = 2
_MOST_COUNTED = 1 << 53
_NOWHERE = CodeProblem("")

_KINDS = frozenset(
    {
        OutcomeKind.USER_ERROR,
        OutcomeKind.OUT_OF_MEMORY,
        OutcomeKind.BAD_RESULT,
        OutcomeKind.RESULT_TOO_LARGE,
        OutcomeKind.BAD_CODE,
    }
)


@dataclass(frozen=True, slots=True)
class Excess:
    """The limit that a source goes beyond, and by what the guest counted, if it did."""

    name: str
    observed: int | None


@dataclass(frozen=True, slots=True)
class GuestFailure:
    """An error frame, checked; `size` is what a result that is too large measured."""

    kind: OutcomeKind
    error: GuestError
    size: int | None = None
    excess: Excess | None = None


def read_result(body: bytes, nonce: bytes, *, is_nonce_required: bool) -> bytes:
    """Return the strict JSON of the result inside `body`.

    Our own guest writes the nonce first and then the value, which is taken out as it is. Without
    the nonce a result counts only where the worker serves no second call: there the socket alone
    says whose answer it is.

    Raises:
        ProtocolViolated: it is not the answer to the call of this nonce, or not strict JSON.

    """
    prefix = b'{"nonce":"%s","value":' % nonce
    if body.startswith(prefix) and body.endswith(b"}"):
        value = body[len(prefix) : -1]
        try:
            decode(value)
        except InvalidJSON as refused:
            raise ProtocolViolated(reason=f"a result that is not strict JSON: {refused}") from None
        return value
    if is_nonce_required:
        raise ProtocolViolated(reason="a result without the nonce of its call")
    return encode(_members_of(body, "value")["value"])


def _members_of(body: bytes, *required: str) -> dict[str, Any]:
    try:
        members = decode(body)
    except InvalidJSON as refused:
        raise ProtocolViolated(reason=f"an answer that is not strict JSON: {refused}") from None
    if not isinstance(members, dict) or not set(required) <= members.keys():
        raise ProtocolViolated(reason="an answer that is not an object of the right form")
    return members


def read_failure(body: bytes, nonce: bytes, source: str) -> GuestFailure:
    """Return what an error frame says, cut to size; lines of `source` are put to its steps.

    Raises:
        ProtocolViolated: it is not the answer to the call of this nonce, or not of its form.

    """
    members = _members_of(body, "nonce", "kind")
    if members["nonce"] != nonce.decode():
        raise ProtocolViolated(reason="an error without the nonce of its call")
    kind = members["kind"]
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ProtocolViolated(reason="an error of a kind that is not known")
    places = Places(source)
    trace = _trace(members.get("trace"), places, _MOST_STEPS)
    problems = _problems(members.get("problems"), places)
    # The last of the user's lines is the place, or the first thing that the compiler found.
    place = problems[0] if problems else trace[-1] if trace else _NOWHERE
    error = GuestError(
        type=_text(members.get("type")),
        message=_text(members.get("message")),
        trace=trace,
        line=place.line,
        column=place.column,
        end_column=place.end_column,
        hint=problems[0].hint if problems else _text(members.get("hint")),
        causes=_causes(members.get("causes"), places),
        problems=problems,
    )
    return GuestFailure(
        OutcomeKind(kind),
        error,
        _counted(members.get("size")),
        _excess(members.get("limit")),
    )


def _text(value: object) -> str:
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _listed(value: object, most: int) -> list[object]:
    return cast("list[object]", value)[:most] if isinstance(value, list) else []


def _parts(value: object, count: int, what: str) -> list[object]:
    parts = _listed(value, count + 1)
    if len(parts) != count:
        raise ProtocolViolated(reason=f"{what} that is not of its form")
    return parts


def _trace(value: object, places: Places, most: int) -> tuple[TraceLine, ...]:
    steps: list[TraceLine] = []
    for step in _listed(value, most):
        line, start, end, function = _parts(step, _STEP_PARTS, "a step of a stack")
        number = whole(line)
        if number is None:
            raise ProtocolViolated(reason="a step of a stack without its line")
        steps.append(places.trace_line(number, start, end, _text(function)))
    return tuple(steps)


def _causes(value: object, places: Places) -> tuple[GuestCause, ...]:
    causes: list[GuestCause] = []
    for cause in _listed(value, _MOST_CAUSES):
        kind, message, is_explicit, trace = _parts(cause, _CAUSE_PARTS, "a cause")
        steps = _trace(trace, places, _MOST_CAUSE_STEPS)
        causes.append(GuestCause(_text(kind), _text(message), steps, is_explicit is True))
    return tuple(causes)


def _problems(value: object, places: Places) -> tuple[CodeProblem, ...]:
    problems: list[CodeProblem] = []
    for problem in _listed(value, _MOST_PROBLEMS):
        line, column, end, reason, hint = _parts(problem, _PROBLEM_PARTS, "a problem")
        problems.append(places.problem((line, column, end), _text(reason), _text(hint)))
    return tuple(problems)


def _excess(value: object) -> Excess | None:
    if value is None:
        return None
    name, observed = _parts(value, _EXCESS_PARTS, "a limit")
    return Excess(_text(name), _counted(observed))


def _counted(value: object) -> int | None:
    """Return a number that counts something, and that whoever is told can hold."""
    return value if type(value) is int and 0 <= value < _MOST_COUNTED else None
