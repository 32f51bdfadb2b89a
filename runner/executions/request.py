"""What is asked for when a call is queued, and whether it can be."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.limits import CEILINGS
from runner.call import Trigger
from runner.executions.errors import ExecutionRefused
from runner.executions.execution import (
    DEFAULT_ATTEMPTS,
    DEFAULT_PRIORITY,
    LEAST_PRIORITY,
    MOST_ATTEMPTS,
)
from sanderling.access.principal import Principal
from sanderling.kernel import jsontext
from sanderling.kernel.ids import ExecutionId, KeyId, RequestId, WorkspaceId

LONGEST_DELAY_S = 365 * 86_400.0
LONGEST_LANE = 128
LONGEST_KEY = 255

KEYS_LAST = timedelta(days=1)
"""How long an idempotency key stands for what it was used for."""


@dataclass(frozen=True, slots=True)
class ExecutionRequest:
    """A call to be queued.

    `version` None means the one that is live when it runs. It is due after `delay_s` seconds, or
    at `not_before`. From `deadline_s` seconds after now on it is not begun any more. Under an
    `idempotency_key` the same request gets the same execution again, for as long as `key_lasts`.
    """

    function: str
    event_json: bytes
    request_id: RequestId
    version: int | None = None
    trigger: Trigger = Trigger.API
    delay_s: float | None = None
    not_before: datetime | None = None
    deadline_s: float | None = None
    priority: int = DEFAULT_PRIORITY
    lane: str | None = None
    max_attempts: int = DEFAULT_ATTEMPTS
    timeout_s: float | None = None
    idempotency_key: str | None = None
    key_lasts: timedelta = KEYS_LAST
    replay_of: ExecutionId | None = None

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over what makes two requests the same."""
        not_before = self.not_before.isoformat() if self.not_before else None
        members = [
            *("execution", self.function, self.version, self.trigger.value, self.delay_s),
            *(not_before, self.deadline_s, self.priority, self.lane, self.max_attempts),
            *(self.timeout_s, self.replay_of),
        ]
        text = json.dumps(members, separators=(",", ":")).encode()
        return hashlib.sha256(b"%b\n%b" % (text, self.event_json)).hexdigest()

    def due_at(self, now: datetime) -> datetime:
        """Return when it may run at the earliest."""
        if self.not_before is not None:
            return max(self.not_before, now)
        return now + timedelta(seconds=self.delay_s or 0.0)

    def deadline_at(self, now: datetime) -> datetime | None:
        """Return from when on it is not begun any more."""
        return None if self.deadline_s is None else now + timedelta(seconds=self.deadline_s)


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who queues a call; idempotency keys of one `caller` are never those of another.

    `key_id` is None for the operator, and for parts of the house such as a trigger.
    """

    workspace_id: WorkspaceId
    caller: str
    key_id: KeyId | None = None

    @classmethod
    def of(cls, principal: Principal) -> "Submitter":
        """Return the submitter that a principal is."""
        key_id = principal.key_id
        return cls(principal.workspace_id, key_id or "operator", key_id)


def check_request(request: ExecutionRequest, now: datetime) -> None:
    """Pass a request that can be queued, as far as it alone is concerned.

    Raises:
        ExecutionRefused: a number is out of its range, or a word is none.
        InvalidJSON: the event is not strict JSON.

    """
    _check_times(request, now)
    _check(
        0 <= request.priority <= LEAST_PRIORITY,
        f"`priority` is 0, which goes first, to {LEAST_PRIORITY}",
    )
    _check(0 < request.max_attempts <= MOST_ATTEMPTS, f"`max_attempts` is 1 to {MOST_ATTEMPTS}")
    lane = request.lane
    _check(
        lane is None or (0 < len(lane) <= LONGEST_LANE and lane.isprintable()),
        f"`lane` is 1 to {LONGEST_LANE} printable characters",
    )
    if request.idempotency_key is not None:
        check_idempotency_key(request.idempotency_key)
    jsontext.decode(request.event_json)


def check_idempotency_key(key: str) -> None:
    """Pass a word that can be an idempotency key.

    Raises:
        ExecutionRefused: it is empty, too long, or has characters that headers cannot carry.

    """
    _check(
        0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable(),
        f"an idempotency key is 1 to {LONGEST_KEY} printable ASCII characters",
    )


def _check_times(request: ExecutionRequest, now: datetime) -> None:
    _check(
        request.delay_s is None or request.not_before is None,
        "`delay_s` and `not_before` both say when it is due; give one of them",
    )
    _check(
        request.delay_s is None or 0 <= request.delay_s <= LONGEST_DELAY_S,
        f"`delay_s` is 0 to {LONGEST_DELAY_S:.0f}, which is a year",
    )
    not_before = request.not_before
    _check(
        not_before is None or not_before <= now + timedelta(seconds=LONGEST_DELAY_S),
        "`not_before` is within a year",
    )
    _check(
        request.deadline_s is None or 0 < request.deadline_s <= 2 * LONGEST_DELAY_S,
        "`deadline_s` is above 0 and at most two years",
    )
    deadline_at = request.deadline_at(now)
    _check(
        deadline_at is None or deadline_at > request.due_at(now),
        "its deadline passes before it is due",
    )
    _check(
        request.timeout_s is None or 0 < request.timeout_s <= CEILINGS["wall_s"],
        f"`timeout_s` is above 0 and at most {CEILINGS['wall_s']:g}",
    )


def _check(is_fine: bool, reason: str) -> None:  # noqa: FBT001 - reads as the sentence it is.
    if not is_fine:
        raise ExecutionRefused(reason=reason)
