"""`POST /v1/functions/{name}/executions` with `Prefer: respond-async`, and what its query says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Scope

from drivers.limits import CEILINGS
from runner.call import TOLD_TRIGGERS, Selector, Trigger
from runner.executions.execution import DEFAULT_ATTEMPTS, DEFAULT_PRIORITY
from runner.executions.ports import Added
from runner.executions.request import ExecutionRequest
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.moment import moment_of
from sanderling.api.page_bounds import MAX_NUMBER
from sanderling.api.problem import Header
from sanderling.kernel.ids import RequestId

WAITED_FOR = frozenset({"version", "timeout_s", "trigger"})
QUEUED = WAITED_FOR | {
    *("delay_s", "not_before", "deadline_s", "priority", "max_attempts", "lane"),
}
REPLAYED: Header = (b"idempotency-replayed", b"true")

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_PREFERENCE = re.compile(r"\s*respond-async\s*(;.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What headers ask for beyond the call itself."""

    is_queued: bool = False
    idempotency_key: str | None = None


def wishes_of(scope: Scope) -> Wishes:
    """Return what the headers of a request ask for.

    Raises:
        RequestInvalid: there are two idempotency keys.

    """
    is_queued = False
    keys: list[str] = []
    for name, value in scope["headers"]:
        if name == b"prefer":
            # Other preferences are left aside, as RFC 7240 asks.
            listed = value.decode("latin-1").split(",")
            is_queued = is_queued or any(map(_PREFERENCE.fullmatch, listed))
        elif name == b"idempotency-key":
            keys.append(value.decode("latin-1").strip())
    if len(keys) > 1:
        raise RequestInvalid([Misfit("header", "Idempotency-Key", "it came twice")])
    return Wishes(is_queued, keys[0] if keys else None)


def read_version(text: str | None) -> Selector | int:
    """Return the version that a query asks for.

    Raises:
        RequestInvalid: it is neither live, draft nor a number.

    """
    if text is None or text == Selector.LIVE:
        return Selector.LIVE
    if text == Selector.DRAFT:
        return Selector.DRAFT
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER)):
        number = int(text)
        if 0 < number <= MAX_NUMBER:
            return number
    raise _misfit("version", "it is live, draft or a version's number")


def read_trigger(text: str | None) -> Trigger:
    """Return what a query says that makes the call.

    Raises:
        RequestInvalid: callers do not say that of themselves.

    """
    if text is None:
        return Trigger.API
    if text in TOLD_TRIGGERS:
        return Trigger(text)
    raise _misfit("trigger", f"it is one of {', '.join(TOLD_TRIGGERS)}")


def read_timeout_s(text: str | None) -> float | None:
    """Return the timeout that a query asks for.

    Raises:
        RequestInvalid: it is no time that a call can have.

    """
    if text is None:
        return None
    timeout_s = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < timeout_s <= CEILINGS["wall_s"]:
        message = f"it is a number of seconds above 0 and at most {CEILINGS['wall_s']:g}"
        raise _misfit("timeout_s", message)
    return timeout_s


def queue_request(
    name: str,
    event_json: bytes,
    query: Mapping[str, str],
    *,
    request_id: RequestId,
    idempotency_key: str | None,
) -> ExecutionRequest:
    """Return the call to be queued that a request asks for.

    Raises:
        RequestInvalid: a parameter does not fit, or the draft is asked for.

    """
    version = read_version(query.get("version"))
    if version is Selector.DRAFT:
        raise _misfit("version", "a draft is tried at once; only what is published can be queued")
    return ExecutionRequest(
        function=name,
        event_json=event_json,
        request_id=request_id,
        version=None if version is Selector.LIVE else version,
        delay_s=_number(query, "delay_s"),
        not_before=_moment(query.get("not_before")),
        deadline_s=_number(query, "deadline_s"),
        priority=_whole(query, "priority", DEFAULT_PRIORITY),
        lane=query.get("lane"),
        max_attempts=_whole(query, "max_attempts", DEFAULT_ATTEMPTS),
        timeout_s=read_timeout_s(query.get("timeout_s")),
        trigger=read_trigger(query.get("trigger")),
        idempotency_key=idempotency_key,
    )


def queued_headers(added: Added) -> tuple[Header, ...]:
    """Return the headers of an answer that tells of a queued call."""
    location = (b"location", f"/v1/executions/{added.execution.id}".encode())
    applied = (b"preference-applied", b"respond-async")
    return (location, applied, REPLAYED) if added.is_replayed else (location, applied)


def _number(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise _misfit(name, "it is a number of seconds")
    return float(text)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text):
        raise _misfit(name, "it is a whole number")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else moment_of(text)
    except ValueError as error:
        raise _misfit("not_before", str(error)) from None


def _misfit(field: str, message: str) -> RequestInvalid:
    return RequestInvalid([Misfit("query", field, message)])
