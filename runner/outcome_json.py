"""Outcomes as JSON: the one form in which the command line, the API and the client show them.

Times are kept to the microsecond, which is finer than a driver measures. The result is the value,
not its spelling: white space and the order of keys in an object may differ.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from drivers.port import GuestError, Isolation, LimitHit, Outcome, OutcomeKind, TraceLine
from runner.errors import OutcomeUnreadableError
from sanderling.kernel import jsontext
from sanderling.kernel.jsontext import JSON

Word = TypeVar("Word", bound=StrEnum)

_MS_DIGITS = 3
_S_DIGITS = 6


def outcome_json(outcome: Outcome) -> dict[str, JSON]:
    """Return every fact of `outcome`; what is not known is null."""
    return {**_plain(outcome), "result": outcome.result}


def outcome_text(outcome: Outcome, more: Mapping[str, JSON] | None = None) -> bytes:
    """Return the JSON text of `outcome` and of the members in `more`.

    The result, which the driver has checked, is copied without being parsed again.
    """
    members = jsontext.encode({**_plain(outcome), **(more or {})})
    return b'%b,"result":%b}' % (members[:-1], outcome.result_json or b"null")


def outcome_from_json(value: JSON) -> Outcome:
    """Return the outcome that `outcome_json` was given; members it does not know are left out.

    Raises:
        OutcomeUnreadableError: a member is missing or of another type.

    """
    members = _Members(value)
    kind = members.word("outcome", OutcomeKind)
    duration_ms = members.number("duration_ms")
    return Outcome(
        kind=kind,
        driver=members.text("driver"),
        duration_s=0.0 if duration_ms is None else _s(duration_ms),
        result_json=jsontext.encode(members.get("result")) if kind is OutcomeKind.OK else None,
        error=_error_from(members.get("error")),
        detail=members.text("detail"),
        logs=members.text("logs"),
        logs_dropped_bytes=members.whole("logs_dropped_bytes") or 0,
        limit=_limit_from(members.get("limit")),
        cpu_s=None if (cpu_ms := members.number("cpu_ms")) is None else _s(cpu_ms),
        memory_bytes=members.whole("memory_bytes"),
        isolation=members.word("isolation", Isolation),
        layers=members.texts("layers"),
        waived=members.texts("waived"),
        retry_after_s=members.number("retry_after_s"),
    )


def _plain(outcome: Outcome) -> dict[str, JSON]:
    return {
        "outcome": outcome.kind.value,
        "error": _error_json(outcome.error),
        "detail": outcome.detail,
        "logs": outcome.logs,
        "logs_dropped_bytes": outcome.logs_dropped_bytes,
        "duration_ms": _ms(outcome.duration_s),
        "cpu_ms": None if outcome.cpu_s is None else _ms(outcome.cpu_s),
        "memory_bytes": outcome.memory_bytes,
        "limit": _limit_json(outcome.limit),
        "isolation": outcome.isolation.value,
        "layers": list(outcome.layers),
        "waived": list(outcome.waived),
        "driver": outcome.driver,
        "retry_after_s": outcome.retry_after_s,
    }


def _ms(duration_s: float) -> float:
    return round(duration_s * 1000, _MS_DIGITS)


def _s(duration_ms: float) -> float:
    return round(duration_ms / 1000, _S_DIGITS)


def _error_json(error: GuestError | None) -> JSON:
    if error is None:
        return None
    return {
        "type": error.type,
        "message": error.message,
        "trace": [
            {"line": line.line, "function": line.function, "text": line.text}
            for line in error.trace
        ],
        "line": error.line,
        "column": error.column,
        "hint": error.hint,
    }


def _error_from(value: JSON) -> GuestError | None:
    if value is None:
        return None
    members = _Members(value)
    return GuestError(
        type=members.text("type"),
        message=members.text("message"),
        trace=tuple(_trace_line_from(line) for line in members.items("trace")),
        line=members.whole("line"),
        column=members.whole("column"),
        hint=members.text("hint"),
    )


def _trace_line_from(value: JSON) -> TraceLine:
    members = _Members(value)
    return TraceLine(members.whole("line") or 0, members.text("function"), members.text("text"))


def _limit_json(limit: LimitHit | None) -> JSON:
    if limit is None:
        return None
    return {"name": limit.name, "allowed": limit.allowed, "observed": limit.observed}


def _limit_from(value: JSON) -> LimitHit | None:
    if value is None:
        return None
    members = _Members(value)
    return LimitHit(
        members.text("name"), members.number("allowed") or 0, members.number("observed")
    )


class _Members:
    """Reads one object's members, each as the type that is expected there."""

    def __init__(self, value: JSON) -> None:
        if not isinstance(value, dict):
            raise OutcomeUnreadableError(reason="an object is expected")
        self._members = value

    def get(self, name: str) -> JSON:
        if name not in self._members:
            raise OutcomeUnreadableError(reason=f"`{name}` is missing")
        return self._members[name]

    def text(self, name: str) -> str:
        value = self.get(name)
        if not isinstance(value, str):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a string")
        return value

    def number(self, name: str) -> float | None:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a number")
        return value

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if not isinstance(value, (int, type(None))):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a whole number")
        return value

    def items(self, name: str) -> list[JSON]:
        value = self.get(name)
        if not isinstance(value, list):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a list")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        values = self.items(name)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) < len(values):
            raise OutcomeUnreadableError(reason=f"`{name}` holds something else than strings")
        return texts

    def word(self, name: str, words: type[Word]) -> Word:
        value = self.text(name)
        try:
            return words(value)
        except ValueError as error:
            raise OutcomeUnreadableError(reason=f"`{name}` is not a word known here") from error
