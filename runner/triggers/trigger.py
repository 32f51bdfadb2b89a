"""Triggers, as values: what makes calls of a function happen, and how."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runner.triggers.errors import TriggerRefused
from runner.triggers.record_pattern import check_updated_fields, read_event_name
from runner.triggers.route_pattern import read_pattern
from sanderling.kernel.ids import FunctionId, TriggerId, WorkspaceId
from sanderling.kernel.jsontext import InvalidJSON, decode
from sanderling.schedule.catch_up import LARGEST_CATCH_UP, CatchUp, CatchUpRule
from sanderling.schedule.cron import Cron, parse_cron
from sanderling.schedule.errors import CronRefused, TimeZoneRefused
from sanderling.schedule.overlap import Overlap

MAX_HEADERS = 32
MAX_TRIGGERS = 500
"""The most triggers that one workspace may have: each request may be compared with all of them."""

MAX_JITTER_S = 3600
MAX_PAYLOAD = 64 * 1024
"""Bytes of JSON that a cron trigger hands to its function each time."""

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
    CRON = "cron"


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


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """Moments, by a cron expression on the clocks of a time zone.

    `catch_up` says what becomes of moments at which no worker was there; `catch_up_most` bounds
    `all`. `overlap` says what becomes of one that comes while the last call is not over. Each call
    is put off by a share of `jitter_s`, always the same for the same moment. `payload_json` is
    handed to the function.
    """

    expression: str
    zone: str = "UTC"
    catch_up: CatchUp = CatchUp.ONE
    catch_up_most: int = 10
    overlap: Overlap = Overlap.SKIP
    jitter_s: int = 0
    payload_json: str = "{}"

    def __post_init__(self) -> None:
        """Refuse what could never be kept to.

        Raises:
            TriggerRefused: a setting does not fit.

        """
        try:
            parse_cron(self.expression, self.zone)
        except CronRefused as refusal:
            raise TriggerRefused(field="expression", reason=_in_words(refusal)) from None
        except TimeZoneRefused as refusal:
            raise TriggerRefused(field="zone", reason=_in_words(refusal)) from None
        if not 0 < self.catch_up_most <= LARGEST_CATCH_UP:
            reason = f"choose 1 to {LARGEST_CATCH_UP}; what is older than those runs is left out"
            raise TriggerRefused(field="catch_up_most", reason=reason)
        if not 0 <= self.jitter_s <= MAX_JITTER_S:
            reason = f"choose 0 to {MAX_JITTER_S} seconds"
            raise TriggerRefused(field="jitter_s", reason=reason)
        _check_payload(self.payload_json)

    @property
    def kind(self) -> TriggerKind:
        """Return the kind of the trigger that has these settings."""
        return TriggerKind.CRON

    @property
    def cron(self) -> Cron:
        """Return the schedule, checked."""
        return parse_cron(self.expression, self.zone)

    @property
    def catch_up_rule(self) -> CatchUpRule:
        """Return what to do about moments that nobody saw."""
        return CatchUpRule(self.catch_up, self.catch_up_most)


Settings = HTTPRoute | RecordWatch | CronSchedule


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


def _in_words(refusal: CronRefused | TimeZoneRefused) -> str:
    """Return the refusal as the reason of another one: in one line, without its last full stop."""
    return " ".join(str(refusal).split()).removesuffix(".")


def _check_payload(text: str) -> None:
    if len(text.encode(errors="replace")) > MAX_PAYLOAD:
        raise TriggerRefused(
            field="payload",
            reason=f"it has more than {MAX_PAYLOAD} bytes; let the function fetch what is larger",
        )
    try:
        decode(text.encode(errors="surrogatepass"))
    except InvalidJSON as refusal:
        raise TriggerRefused(field="payload", reason=str(refusal.facts["reason"])) from None
