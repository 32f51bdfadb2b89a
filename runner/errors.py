"""Why a call or a change is turned away before any user code is touched."""

from collections.abc import Sequence
from typing import ClassVar

from drivers.port import Deployment
from sanderling.kernel.errors import Fault, Refusal
from sanderling.metering.ports import RuleState, Scope


class FunctionUnknown(Refusal):
    """There is no function {name!r} in this workspace.

    `sanderling functions list` shows what there is.
    """

    code: ClassVar[str] = "function_unknown"

    def __init__(self, *, name: str) -> None:
        """Keep at most the first 80 characters of the name."""
        super().__init__(name=name[:80])


class FunctionExists(Refusal):
    """There is already a function {name!r} in this workspace.

    Change its draft instead, or choose another name.
    """

    code: ClassVar[str] = "function_exists"

    def __init__(self, *, name: str) -> None:
        """Keep the name."""
        super().__init__(name=name)


class VersionUnpublished(Refusal):
    """The function {name!r} has no published version yet.

    Publish its draft, or call the draft itself.
    """

    code: ClassVar[str] = "version_unpublished"

    def __init__(self, *, name: str) -> None:
        """Keep the function's name."""
        super().__init__(name=name)


class VersionUnknown(Refusal):
    """The function {name!r} has no version {number}.

    `sanderling functions versions {name}` shows what there is.
    """

    code: ClassVar[str] = "version_unknown"

    def __init__(self, *, name: str, number: int) -> None:
        """Keep the function's name and the number that was asked for."""
        super().__init__(name=name, number=number)


class CodeRejected(Refusal):
    """The code cannot be published: {reason}."""

    code: ClassVar[str] = "code_rejected"

    def __init__(self, *, reason: str, deployment: Deployment) -> None:
        """Keep the driver's report, with line, column and hint where known."""
        super().__init__(
            # A driver speaks in whole sentences; here the reason ends one that has its own stop.
            reason=reason.removesuffix("."),
            line=deployment.error.line if deployment.error else None,
            column=deployment.error.column if deployment.error else None,
            hint=deployment.error.hint if deployment.error else "",
        )
        self.deployment = deployment


class DefinitionRefused(Refusal):
    """The function cannot be kept: {reason}."""

    code: ClassVar[str] = "definition_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that says what is allowed and holds no part of the source."""
        super().__init__(reason=reason)


class DeploymentError(Fault):
    """The driver did not take the code, which may be sound: {reason}.

    Nothing was published; try again shortly.
    """

    code: ClassVar[str] = "deployment_error"

    def __init__(self, *, reason: str, outcome: str) -> None:
        """Keep the driver's reason and its outcome word."""
        super().__init__(reason=reason, outcome=outcome)


class OutcomeUnreadableError(Fault):
    """What came back is not an outcome: {reason}.

    The other side may be another version, or no Sanderling at all.
    """

    code: ClassVar[str] = "outcome_unreadable"

    def __init__(self, *, reason: str) -> None:
        """Keep the member that is wrong, without its value."""
        super().__init__(reason=reason)


class CallUnknown(Refusal):
    """There is no call {call_id} in this workspace."""

    code: ClassVar[str] = "call_unknown"

    def __init__(self, *, call_id: str) -> None:
        """Keep at most the first 80 characters of the id."""
        super().__init__(call_id=call_id[:80])


class ReplayRefused(Refusal):
    """The call {call_id} cannot be made again as it was: {reason}.

    Give an event to replay it with, or choose the live version.
    """

    code: ClassVar[str] = "replay_refused"

    def __init__(self, *, call_id: str, reason: str) -> None:
        """Keep the call, and what is missing of it."""
        super().__init__(call_id=call_id, reason=reason)


class ExportsBusy(Refusal):
    """{running} exports run already.

    Try again when one of them has ended.
    """

    code: ClassVar[str] = "exports_busy"

    def __init__(self, *, running: int) -> None:
        """Keep how many run in this process."""
        super().__init__(running=running)


class CursorRefused(Refusal):
    """The cursor was not made by this list.

    Leave it out to start again at the first page.
    """

    code: ClassVar[str] = "cursor_refused"


class RateLimited(Refusal):
    """Too many requests: {rule} allows {limit} in {window_s:g} seconds.

    Try again in {resets_in_s:g} seconds.
    """

    code: ClassVar[str] = "rate_limited"

    def __init__(
        self,
        *,
        rule: str,
        limit: int,
        window_s: float,
        resets_in_s: float,
        states: Sequence[RuleState] = (),
        scope: Scope = Scope.PROCESS,
    ) -> None:
        """Keep the rule that refused and the seconds after which it would admit."""
        super().__init__(rule=rule, limit=limit, window_s=window_s, resets_in_s=resets_in_s)
        self.resets_in_s = resets_in_s
        self.states = tuple(states)
        self.scope = scope
