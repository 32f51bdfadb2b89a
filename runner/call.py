"""A call, from what was asked to what is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from drivers.port import Outcome
from sanderling.access.principal import Credential
from sanderling.kernel.ids import CallId, FunctionId, KeyId, RequestId, WorkspaceId


class Trigger(StrEnum):
    """What made a call happen."""

    API = "api"
    WORKFLOW = "workflow"
    MANUAL = "manual"


class Selector(StrEnum):
    """Which code of a function a call means, where it names no version number."""

    LIVE = "live"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What a caller asks for.

    `event_json` is the body as it came, not yet parsed. `version` is live, draft or a number.
    `timeout_s` may shorten the time that the function has, never lengthen it.
    """

    credential: Credential | None
    function: str
    event_json: bytes
    request_id: RequestId
    version: Selector | int = Selector.LIVE
    trigger: Trigger = Trigger.API
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it is kept and shown.

    `version` is None for a draft. `event_json` is what the handler was given; `null` stands for
    one that was too large to take.
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


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which records to list; None means any.

    `since` is inclusive and `until` exclusive, both over `started_at`.
    """

    function: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, record: CallRecord) -> bool:
        """Claim that `record` is one of those to list."""
        return (
            (self.function is None or record.function_name == self.function)
            and (self.outcome is None or record.outcome.kind == self.outcome)
            and (self.since is None or record.started_at >= self.since)
            and (self.until is None or record.started_at < self.until)
        )


def newest_first(records: Iterable[CallRecord]) -> list[CallRecord]:
    """Return the records by the moment they started; ids decide between equal moments."""
    return sorted(records, key=lambda record: (record.started_at, record.id), reverse=True)
