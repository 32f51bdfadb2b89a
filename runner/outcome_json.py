"""Outcomes as JSON: the one form in which the command line, the API and the client show them.

Times are kept to the microsecond, which is finer than a driver measures. The result is the value,
not its spelling: white space and the order of keys in an object may differ.
"""

from functools import lru_cache

from drivers.port import Isolation, Outcome, OutcomeKind
from runner.error_json import error_from_json, error_json, limit_from_json, limit_json
from runner.json_members import Members
from sanderling.kernel import jsontext
from sanderling.kernel.jsontext import JSON

_MS_DIGITS = 3
_S_DIGITS = 6


def outcome_json(outcome: Outcome) -> dict[str, JSON]:
    """Return every fact of `outcome`; what is not known is null."""
    return {**_plain(outcome), "result": outcome.result}


def outcome_text(outcome: Outcome, more: bytes = b"") -> bytes:
    """Return the JSON text of `outcome`, with the members in `more` before the result.

    `more` is JSON that stands between braces. The result, which the driver has checked, is copied
    without being parsed again.

    Raises:
        InvalidJSON: a text has half a surrogate pair.

    """
    members = _ordinary_text(outcome) if _is_ordinary(outcome) else jsontext.encode(_plain(outcome))
    result = outcome.result_json or b"null"
    return b'%b%b%b,"result":%b}' % (members[:-1], b"," if more else b"", more, result)


def _is_ordinary(outcome: Outcome) -> bool:
    """Claim that nothing went wrong that would have to be told, as after nearly every call."""
    return (
        outcome.error is None
        and outcome.limit is None
        and outcome.retry_after_s is None
        and not outcome.detail
        and not outcome.logs
    )


def _ordinary_text(outcome: Outcome) -> bytes:
    cpu_s, memory_bytes = outcome.cpu_s, outcome.memory_bytes
    return (
        b'{"outcome":"%b","error":null,"detail":"","logs":"","logs_dropped_bytes":%d,'
        b'"duration_ms":%b,"cpu_ms":%b,"memory_bytes":%b,"limit":null,%b'
    ) % (
        outcome.kind.encode(),
        outcome.logs_dropped_bytes,
        repr(_ms(outcome.duration_s)).encode(),
        b"null" if cpu_s is None else repr(_ms(cpu_s)).encode(),
        b"null" if memory_bytes is None else b"%d" % memory_bytes,
        _walls_text(outcome.isolation, outcome.layers, outcome.waived, outcome.driver),
    )


@lru_cache(256)
def _walls_text(
    isolation: Isolation, layers: tuple[str, ...], waived: tuple[str, ...], driver: str
) -> bytes:
    members: dict[str, JSON] = {
        "isolation": isolation.value,
        "layers": list(layers),
        "waived": list(waived),
        "driver": driver,
        "retry_after_s": None,
    }
    return jsontext.encode(members)[1:]


def outcome_from_json(value: JSON) -> Outcome:
    """Return the outcome that `outcome_json` was given; members it does not know are left out.

    Raises:
        OutcomeUnreadableError: a member is missing or of another type.

    """
    members = Members(value)
    kind = members.word("outcome", OutcomeKind)
    duration_ms = members.number("duration_ms")
    return Outcome(
        kind=kind,
        driver=members.text("driver"),
        duration_s=0.0 if duration_ms is None else _s(duration_ms),
        result_json=jsontext.encode(members.get("result")) if kind is OutcomeKind.OK else None,
        error=error_from_json(members.get("error")),
        detail=members.text("detail"),
        logs=members.text("logs"),
        logs_dropped_bytes=members.whole("logs_dropped_bytes") or 0,
        limit=limit_from_json(members.get("limit")),
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
        "error": error_json(outcome.error),
        "detail": outcome.detail,
        "logs": outcome.logs,
        "logs_dropped_bytes": outcome.logs_dropped_bytes,
        "duration_ms": _ms(outcome.duration_s),
        "cpu_ms": None if outcome.cpu_s is None else _ms(outcome.cpu_s),
        "memory_bytes": outcome.memory_bytes,
        "limit": limit_json(outcome.limit),
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
