"""Reads the bodies of answering frames, believing nothing."""

from dataclasses import dataclass
from typing import Any, cast

from drivers.local.frames import ProtocolViolated
from drivers.local.strictness import check_strict
from drivers.port import GuestError, OutcomeKind, TraceLine
from sanderling.kernel.jsontext import InvalidJSON, decode, encode

_MOST_TEXT = 4096
_MOST_STEPS = 32
_STEP_PARTS = 3
_MOST_LINE = 10_000_000

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
class GuestFailure:
    """An error frame, checked; `size` is what a result that is too large measured."""

    kind: OutcomeKind
    error: GuestError
    size: int | None = None


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
            check_strict(value)
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
    trace, place = _steps(members.get("trace"), source.splitlines())
    error = GuestError(
        type=_text(members.get("type")),
        message=_text(members.get("message")),
        trace=trace,
        # Where the guest names no place, the last of the user's lines is it.
        line=_number(members.get("line")) or place[0],
        column=_number(members.get("column")) or place[1],
        hint=_text(members.get("hint")),
    )
    size = members.get("size")
    return GuestFailure(OutcomeKind(kind), error, size if type(size) is int else None)


_Place = tuple[int | None, int | None]


def _text(value: object) -> str:
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 < value < _MOST_LINE else None


def _steps(value: object, lines: list[str]) -> tuple[tuple[TraceLine, ...], _Place]:
    place: _Place = (None, None)
    if not isinstance(value, list):
        return (), place
    steps: list[TraceLine] = []
    for step in cast("list[object]", value)[:_MOST_STEPS]:
        parts = cast("list[object]", step) if isinstance(step, list) else []
        if len(parts) != _STEP_PARTS:
            raise ProtocolViolated(reason="a step of a stack that is not of its form")
        line, column = _number(parts[0]), _number(parts[1])
        if line is None:
            raise ProtocolViolated(reason="a step of a stack without its line")
        text = lines[line - 1].strip() if line <= len(lines) else ""
        steps.append(TraceLine(line, _text(parts[2]), text[:_MOST_TEXT]))
        place = (line, column)
    return tuple(steps), place
