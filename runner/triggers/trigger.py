"""Triggers, as values: what makes calls of a function happen, and how."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runner.triggers.errors import TriggerRefused
from runner.triggers.record_pattern import check_updated_fields, read_event_name
from runner.triggers.route_pattern import read_pattern
from sanderling.kernel.ids import FunctionId, TriggerId, WorkspaceId

MAX_HEADERS = 32
MAX_TRIGGERS = 500
"""The most triggers that one workspace may have: each request may be compared with all of them."""

_HEADER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

WITHHELD_HEADERS = frozenset(
    {
        # Credentials: a function must not be able to act as whoever called it.
        *("authorization", "cookie", "set-cookie", "proxy-authorization", "proxy-authenticate"),
        # What concerns one connection, or where a message ends, is true of that connection alone.
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"),
        *("upgrade", "content-length", "expect", "http2-settings"),
    }
)
"""Request headers that no function is given."""


class TriggerKind(StrEnum):
    """What a trigger waits for."""

    HTTP = "http"
    RECORD = "record"


class HTTPMethod(StrEnum):
    """Methods that a trigger can take; a `HEAD` is served as the `GET` it stands for."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class EventShape(StrEnum):
    """What a function is given of a request: all of it, or its body alone."""

    REQUEST = "request"
    BODY = "body"


class ReplyShape(StrEnum):
    """What a function's result is: the JSON to answer with, or a response it made itself."""

    RESULT = "result"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class HTTPRoute:
    """Requests at `/s` and then `path`.

    `forwarded_request_headers` are the only ones that the function sees, in small letters.
    With `is_queued` the caller gets 202 at once and the call is made later.
    """

    path: str
    http_method: HTTPMethod
    is_auth_required: bool = True
    forwarded_request_headers: tuple[str, ...] = ()
    event: EventShape = EventShape.REQUEST
    reply: ReplyShape = ReplyShape.RESULT
    is_queued: bool = False

    def __post_init__(self) -> None:
        """Refuse what no request could be answered by.

        Raises:
            TriggerRefused: a setting does not fit, or two do not fit together.

        """
        read_pattern(self.path)
        _check_headers(self.forwarded_request_headers)
        if self.event is EventShape.BODY and self.forwarded_request_headers:
            raise TriggerRefused(
                field="forwarded_request_headers",
                reason="a function that is given the body alone sees no headers",
            )
        if self.is_queued and self.reply is ReplyShape.RESPONSE:
            raise TriggerRefused(
                field="is_queued",
                reason="whoever gets 202 at once does not see the function's response",
            )

    @property
    def kind(self) -> TriggerKind:
        """Return the kind of the trigger that has these settings."""
        return TriggerKind.HTTP


@dataclass(frozen=True, slots=True)
class RecordWatch:
    """Changes of records, such as `company.updated`.

    `updated_fields` lets through only those updates that touch one of them; empty means any.
    Operations other than an update are not narrowed by it.
    """

    event_name: str
    updated_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no event could match.

        Raises:
            TriggerRefused: a setting does not fit.

        """
        check_updated_fields(read_event_name(self.event_name), self.updated_fields)

    @property
    def kind(self) -> TriggerKind:
        """Return the kind of the trigger that has these settings."""
        return TriggerKind.RECORD


Settings = HTTPRoute | RecordWatch


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger of one function.

    Among the HTTP triggers of a workspace the first that takes a request, by `position`, gets it.
    """

    id: TriggerId
    workspace_id: WorkspaceId
    function_id: FunctionId
    function_name: str
    settings: Settings
    created_at: datetime
    updated_at: datetime
    position: int = 0
    is_enabled: bool = True

    @property
    def kind(self) -> TriggerKind:
        """What it waits for."""
        return self.settings.kind


def _check_headers(names: tuple[str, ...]) -> None:
    def refuse(reason: str) -> TriggerRefused:
        return TriggerRefused(field="forwarded_request_headers", reason=reason)

    if len(names) > MAX_HEADERS:
        raise refuse(f"it has more than {MAX_HEADERS} names")
    if len(set(names)) < len(names):
        raise refuse("a name came twice")
    for name in names:
        if not _HEADER.fullmatch(name):
            raise refuse("a name is small letters, digits and -, as in x-signature")
        if name in WITHHELD_HEADERS:
            raise refuse(f"{name} is never given to a function")
