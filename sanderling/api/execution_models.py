"""Executions as they look over HTTP.

As with calls, what is sent comes from elsewhere as bytes; a test holds the two together.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from runner.call import Trigger
from runner.executions.execution import DEFAULT_ATTEMPTS, DEFAULT_PRIORITY, ExecutionStatus
from runner.executions.request import ExecutionRequest
from runner.executions.submission import MOST_IN_BATCH
from sanderling.api.call_models import CallAnswer, Described
from sanderling.api.function_models import Asked, Name, Number
from sanderling.api.moment import Moment
from sanderling.api.page_bounds import MAX_NUMBER
from sanderling.kernel import jsontext
from sanderling.kernel.ids import RequestId

ExecutionIdText = Annotated[str, Field(pattern="^exec_[0-9A-HJKMNP-TV-Z]{26}$")]


class ExecutionRow(Described):
    """A queued call as lists show it.

    `version` is null where the one that is live at the time runs. `outcome` is the word of the last
    attempt, or the code of what ended the execution instead, and null before the first; `detail`
    says why it waits on, or ended. `call_id` is the last attempt's.
    """

    id: ExecutionIdText
    function: Name
    function_id: str
    version: Number | None
    trigger: Trigger
    key_id: str | None
    request_id: str
    status: ExecutionStatus
    priority: Annotated[int, Field(ge=0, le=9)]
    lane: str | None
    attempts: int
    max_attempts: int
    created_at: datetime
    due_at: datetime
    deadline_at: datetime | None
    timeout_s: float | None
    started_at: datetime | None
    finished_at: datetime | None
    call_id: str | None
    outcome: str | None
    detail: str
    is_cancel_asked: bool
    replay_of: str | None


class ExecutionShown(ExecutionRow):
    """A queued call with its event, and with the answer to its last attempt once it has ended."""

    event: JsonValue
    answer: CallAnswer | None


class ExecutionPage(Described):
    """Executions, newest first; `next_cursor` continues after them and is null at the end."""

    items: list[ExecutionRow]
    next_cursor: str | None


class AskedExecution(Asked):
    """One call to be queued.

    It is due after `delay_s` seconds, or at `not_before`; `priority` 0 goes first and 9 last among
    those of the workspace. Calls of one `lane` never overlap. `deadline_s` seconds after now it is
    not begun any more. Under an `idempotency_key` the same call is queued once, for a day.
    """

    function: str
    event: JsonValue = None
    version: Annotated[int | None, Field(ge=1, le=MAX_NUMBER)] = None
    delay_s: float | None = None
    not_before: Moment | None = None
    deadline_s: float | None = None
    priority: int = DEFAULT_PRIORITY
    lane: str | None = None
    max_attempts: int = DEFAULT_ATTEMPTS
    timeout_s: float | None = None
    idempotency_key: str | None = None

    def request(self, request_id: RequestId) -> ExecutionRequest:
        """Return what was asked for."""
        return ExecutionRequest(
            function=self.function,
            event_json=jsontext.encode(self.event),
            request_id=request_id,
            **self.model_dump(exclude={"function", "event"}),
        )


class AskedBatch(Asked):
    """Calls to be queued, each on its own."""

    executions: Annotated[
        list[AskedExecution], Field(json_schema_extra={"minItems": 1, "maxItems": MOST_IN_BATCH})
    ]


class BatchItem(Described):
    """What became of one call of a batch: an execution, or the problem that it met."""

    index: Annotated[int, Field(ge=0)]
    execution: ExecutionShown | None
    is_replayed: bool
    problem: Annotated[
        dict[str, JsonValue] | None, Field(description="An RFC 9457 problem, as the API has them.")
    ]


class BatchAnswer(Described):
    """What became of each call of a batch, in its order."""

    items: list[BatchItem]
