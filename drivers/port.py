"""The driver port: deploy and run untrusted source, and say what happened as a value.

Every implementation passes `tests/contract/test_driver_contract.py`.
When what a driver stands on is away (no worker, no zygote, no cloud), it fails closed: the call
gets an outcome that says so, and user code never runs with less isolation than promised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, NewType, Protocol, Self, TypeAlias

from drivers.limits import Limits
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.kernel.jsontext import JSON, decode

Digest = NewType("Digest", str)
"""SHA-256, in hex, over everything that makes a version behave as it does."""


class OutcomeKind(StrEnum):
    """How a call ended; never two words for one cause, never one word for two."""

    OK = "ok"
    USER_ERROR = "user_error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    BAD_CODE = "bad_code"
    BAD_RESULT = "bad_result"
    RESULT_TOO_LARGE = "result_too_large"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    SATURATED = "saturated"
    THROTTLED = "throttled"
    NOT_DEPLOYED = "not_deployed"
    MISCONFIGURED = "misconfigured"
    PLATFORM_ERROR = "platform_error"
    UNKNOWN_OUTCOME = "unknown_outcome"
    DISABLED = "disabled"


GUEST_RAN = frozenset(
    {
        OutcomeKind.OK,
        OutcomeKind.USER_ERROR,
        OutcomeKind.TIMEOUT,
        OutcomeKind.OUT_OF_MEMORY,
        OutcomeKind.CRASHED,
        OutcomeKind.BAD_RESULT,
        OutcomeKind.RESULT_TOO_LARGE,
        OutcomeKind.UNKNOWN_OUTCOME,
    }
)
"""Outcomes after which user code ran, or may have run; the others are safe to try again."""


class Isolation(StrEnum):
    """What a process that ran a call is shared with."""

    CALL = "call"
    """Nothing: it served this call alone and ended."""
    FUNCTION = "function"
    """Other calls of the same version of the same function in the same workspace."""
    NONE = "none"
    """Code ran without proven operating-system isolation, or did not run at all."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of the user's own stack.

    `text` is the line as it stands in the source, indented. What failed in it are the characters
    from `column` up to, but without, `end_column`; all three numbers count from 1.
    """

    line: int
    function: str
    text: str = ""
    column: int | None = None
    end_column: int | None = None


@dataclass(frozen=True, slots=True)
class GuestCause:
    """An earlier exception that led to the one told.

    `is_explicit` says that user code named it, as in `raise ... from error`; otherwise the later
    one was raised while this one was being handled.
    """

    type: str
    message: str
    trace: tuple[TraceLine, ...] = ()
    is_explicit: bool = False


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """One thing in a source that the guest does not have; the place is as in `TraceLine`."""

    message: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    hint: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class GuestError:
    """What went wrong in, or with, user code; every text comes from the guest.

    `line`, `column` and `end_column` point into the source, where known, as in `TraceLine`. `hint`
    tells how to write it instead. `causes` are earlier exceptions, nearest first. `problems` are
    all that a compiler found, of which the first is told by the other members as well.
    """

    type: str
    message: str
    trace: tuple[TraceLine, ...] = ()
    line: int | None = None
    column: int | None = None
    hint: str = ""
    end_column: int | None = None
    causes: tuple[GuestCause, ...] = ()
    problems: tuple[CodeProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitHit:
    """The limit that ended a call, for example `wall_s`, with numbers in that limit's unit."""

    name: str
    allowed: float
    observed: float | None = None


class Outcome(NamedTuple):
    """What happened to one call.

    `result_json` is strict JSON and present exactly when `kind` is ok. `detail` is a sentence for
    people and says what to do where something can be done; it never holds a secret of the host.
    `duration_s` is the wall time at the driver; `cpu_s` and `memory_bytes` (peak resident) are
    what the guest used, where the driver can know. `layers` names the walls proven to stand
    around the call, `waived` those an operator gave up.
    """

    kind: OutcomeKind
    driver: str
    duration_s: float = 0.0
    result_json: bytes | None = None
    error: GuestError | None = None
    detail: str = ""
    logs: str = ""
    logs_dropped_bytes: int = 0
    limit: LimitHit | None = None
    cpu_s: float | None = None
    memory_bytes: int | None = None
    isolation: Isolation = Isolation.NONE
    layers: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    retry_after_s: float | None = None

    @property
    def result(self) -> JSON:
        """The value that the handler returned; None unless `kind` is ok."""
        return None if self.result_json is None else decode(self.result_json)


@dataclass(frozen=True, slots=True)
class ArtifactKey:
    """Names one deployed version; workers are never shared between two keys."""

    workspace_id: WorkspaceId
    function_id: FunctionId
    digest: Digest


@dataclass(frozen=True, slots=True)
class Artifact:
    """One immutable version of a function; `isolation` is call or function.

    A draft is tried a few times and then changed: a driver may spare what pays off only later.
    """

    key: ArtifactKey
    source: str
    limits: Limits = field(default_factory=Limits)
    isolation: Isolation = Isolation.CALL
    is_draft: bool = False


_NO_CONTEXT: Mapping[str, JSON] = {}

TellLog: TypeAlias = Callable[[str], None]
"""Hears the next piece of what a guest logs; it never waits and never raises."""


class Invocation(NamedTuple):
    """One call of a deployed artifact.

    `event_json` is strict JSON. `context` becomes the handler's second argument; its values are
    plain JSON and it holds no secret. `timeout_s` may shorten the artifact's `wall_s`, never
    lengthen it. `is_idempotent` says that running it twice does no harm, so that a driver may
    send it once more when an answer was lost.
    `tell_log` hears what the guest logs while it runs, where a driver can tell before the end; the
    whole log is in the outcome all the same.
    """

    call_id: CallId
    key: ArtifactKey
    event_json: bytes
    context: Mapping[str, JSON] = _NO_CONTEXT
    timeout_s: float | None = None
    is_idempotent: bool = False
    tell_log: TellLog | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """What `deploy` did: `kind` is ok, or why this artifact cannot be called.

    `limit` is there when the source goes beyond one of its limits.
    """

    kind: OutcomeKind
    error: GuestError | None = None
    detail: str = ""
    limit: LimitHit | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a driver offers; `layers` are proven, `waived` were given up by the operator.

    `python` is the version that guests run on, empty where the driver cannot know.
    """

    driver: str
    isolations: frozenset[Isolation]
    layers: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    python: str = ""


class HealthState(StrEnum):
    """Whether something can do its work."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Health:
    """How a part is; `reasons` are sentences, empty exactly when `state` is ok."""

    state: HealthState
    reasons: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])


class Driver(Protocol):
    """Run untrusted source.

    Entered and left once, on the event loop that uses it; leaving ends every process it started
    and lets calls in flight finish within their own deadlines.
    """

    @property
    def name(self) -> str:
        """The word that outcomes carry, for example `local`."""
        ...

    async def __aenter__(self) -> Self:
        """Start what calls need.

        Raises:
            DriverError: a required part cannot be had; nothing was left running.

        """
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process and free every file descriptor that the driver took."""
        ...

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Make `artifact` callable, or say why it cannot be; never raises for user code.

        Deploying the same artifact again changes nothing and is cheap.
        """
        ...

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one call and return what happened; never raises for user code or the back end.

        Returns `not_deployed` when the key is unknown here; the caller deploys and calls again.
        Cancelling the awaiting task ends the guest.
        """
        ...

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact and end its idle workers; an unknown key is no fault."""
        ...

    def capabilities(self) -> Capabilities:
        """Say what this driver can do, from what was proven at start."""
        ...

    async def health(self) -> Health:
        """Say whether a call would be served now, and if not, why."""
        ...
