"""A call, from what was asked to what is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from drivers.port import Outcome
from sanderling.access.principal import Credential
from sanderling.kernel.ids import CallId, ExecutionId, FunctionId, KeyId, RequestId, WorkspaceId


class Trigger(StrEnum):
    """What made a call happen."""

    API = "api"
    WORKFLOW = "workflow"
    MANUAL = "manual"
    HTTP = "http"
    RECORD = "record"
    CRON = "cron"


TOLD_TRIGGERS = (Trigger.API, Trigger.WORKFLOW, Trigger.MANUAL)
"""What callers may say that they are; the others are known without their word."""


class Selector(StrEnum):
    """Which code of a function a call means, where it names no version number."""

    LIVE = "live"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What a caller asks for.

    `event_json` is the body as it came, not yet parsed. `version` is live, draft or a number.
    `timeout_s` may shorten the time that the function has, never lengthen it. `call_id` is there
    where the call was numbered before it begins, `execution_id` where it is an attempt of that
    execution; `replay_of` is the earlier call that this one repeats.
    """

    credential: Credential | None
    function: str
    event_json: bytes
    request_id: RequestId
    version: Selector | int = Selector.LIVE
    trigger: Trigger = Trigger.API
    timeout_s: float | None = None
    execution_id: ExecutionId | None = None
    replay_of: CallId | None = None
    call_id: CallId | None = None


class Part(StrEnum):
    """A part of a call that may be kept otherwise than it was."""

    EVENT = "event"
    RESULT = "result"
    LOGS = "logs"
    ERROR = "error"
    """What went wrong: error and detail."""


class Withholding(StrEnum):
    """Why a part is not kept as it was."""

    REDACTED = "redacted"
    """A rule took values out of it; the rest is there."""
    TOO_LARGE = "too_large"
    """It is larger than what is kept; nothing of it is there."""
    TURNED_OFF = "turned_off"
    """Parts of this kind are not kept here."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """One part that is not kept as it was.

    `size_bytes` is what it had; `digest`, SHA-256 in hex, is that of a part which is too large.
    """

    part: Part
    reason: Withholding
    size_bytes: int
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it is kept and shown.

    `version` is None for a draft. `event_json` is what the handler was given; `null` stands for
    one that was too large to take, or is withheld. `queued_s` is how long the call waited between
    being admitted, or due, and being handed to the driver; None where nobody knows. `withheld`
    tells which parts are kept otherwise than they were.
    """

    id: CallId
    workspace_id: WorkspaceId
    function_id: FunctionId
    function_name: str
    version: int | None
    digest: str
    trigger: Trigger
    key_id: KeyId | None
    request_id: RequestId
    started_at: datetime
    event_json: bytes
    outcome: Outcome
    queued_s: float | None = None
    execution_id: ExecutionId | None = None
    replay_of: CallId | None = None
    withheld: tuple[Withheld, ...] = ()


def newest_first(records: Iterable[CallRecord]) -> list[CallRecord]:
    """Return the records by the moment they started; ids decide between equal moments."""
    return sorted(records, key=lambda record: (record.started_at, record.id), reverse=True)
