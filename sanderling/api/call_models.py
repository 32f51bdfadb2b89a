"""Outcomes and calls as they look over HTTP.

These models describe; what is sent comes from `runner.outcome_json`, as bytes, so that large
results are not taken apart again. A test holds the two together.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from drivers.port import Isolation, OutcomeKind
from runner.call import Part, Trigger, Withholding
from sanderling.api.function_models import Name, Number

CallIdText = Annotated[str, Field(pattern="^call_[0-9A-HJKMNP-TV-Z]{26}$")]


class Described(BaseModel):
    """A body that is described here and made elsewhere; it has these members and no others."""

    model_config = ConfigDict(extra="forbid")


class TraceLineShown(Described):
    """One line of the user's own stack.

    `text` is the line as it stands in the source. What failed in it are the characters from
    `column` up to, but without, `end_column`; all three numbers count from 1.
    """

    line: int
    function: str
    text: str
    column: int | None
    end_column: int | None


class GuestCauseShown(Described):
    """An earlier exception; `is_explicit` means `raise ... from` it."""

    type: str
    message: str
    trace: list[TraceLineShown]
    is_explicit: bool


class CodeProblemShown(Described):
    """One thing in a source that functions cannot have; `hint` says what to write instead."""

    message: str
    line: int | None
    column: int | None
    end_column: int | None
    hint: str
    text: str


class GuestErrorShown(Described):
    """What went wrong in, or with, user code; every text comes from the guest.

    `causes` are earlier exceptions, nearest first. `problems` are all that the compiler found; the
    first is told by the other members as well.
    """

    type: str
    message: str
    trace: list[TraceLineShown]
    line: int | None
    column: int | None
    end_column: int | None
    hint: str
    causes: list[GuestCauseShown]
    problems: list[CodeProblemShown]


class LimitHitShown(Described):
    """The limit that ended a call, with numbers in that limit's unit."""

    name: str
    allowed: float
    observed: float | None


class OutcomeRow(Described):
    """What happened to a call, without its logs and its result."""

    outcome: OutcomeKind
    error: GuestErrorShown | None
    detail: str
    logs_dropped_bytes: int
    duration_ms: float
    cpu_ms: float | None
    memory_bytes: int | None
    limit: LimitHitShown | None
    isolation: Isolation
    layers: list[str]
    waived: list[str]
    driver: str
    retry_after_s: float | None


class CallAnswer(OutcomeRow):
    """The outcome of a call that was made just now; `version` is null for a draft."""

    call_id: CallIdText
    function: Name
    version: Number | None
    result: JsonValue
    logs: str


class WithheldShown(Described):
    """A part of a call that is not kept as it was.

    `size_bytes` is what the part had; `sha256` tells which it was where nothing of it is kept.
    """

    part: Part
    reason: Withholding
    size_bytes: int
    sha256: str | None


class CallRow(OutcomeRow):
    """A call as lists show it; `version` is null for a draft, `key_id` for the operator.

    `queued_ms` is how long the call waited before the driver got it, null where nobody knows.
    `execution_id` is there for the attempt of an execution, `replay_of` for a replay.
    """

    id: CallIdText
    function: Name
    function_id: str
    version: Number | None
    digest: str
    trigger: Trigger
    key_id: str | None
    request_id: str
    started_at: datetime
    queued_ms: float | None
    execution_id: str | None
    replay_of: CallIdText | None
    withheld: list[WithheldShown]


class CallShown(CallRow):
    """A call with what went in and what came out, as far as it is kept; `withheld` tells.

    `event` is null when the function was not given it for its size.
    """

    event: JsonValue
    result: JsonValue
    logs: str


class CallPage(Described):
    """Calls, newest first; `next_cursor` continues after them and is null at the end."""

    items: list[CallRow]
    next_cursor: str | None
