"""One HTTP request and what becomes of it."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sanderling.kernel.ids import RequestId
from sanderling.metering.ports import Admission, RuleState, Scope

_KEY = "sanderling.exchange"


@dataclass(slots=True)
class Exchange:
    """What the edge knows of one request; written by the edge and by the route that serves it.

    `states` are the rate limits that counted the request, in this `scope`. `is_guests` marks an
    answer that user code had a part in. Held by one task, so without a lock.
    """

    request_id: RequestId
    authorization: str | None = None
    content_type: str | None = None
    states: Sequence[RuleState] = field(default=())
    scope: Scope = Scope.PROCESS
    problem: str | None = None
    status: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    is_guests: bool = False
    has_started: bool = False
    is_complete: bool = False

    def count(self, admission: Admission) -> None:
        """Note how the rate limits stand after they counted the request."""
        self.states = admission.states
        self.scope = admission.scope


def attach(scope: MutableMapping[str, Any], exchange: Exchange) -> None:
    """Make `exchange` findable by whoever serves this request."""
    scope[_KEY] = exchange


def exchange_of(scope: MutableMapping[str, Any]) -> Exchange:
    """Return the exchange that the edge attached."""
    return cast("Exchange", scope[_KEY])
