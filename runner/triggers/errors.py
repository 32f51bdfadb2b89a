"""Why a trigger is not kept, and why an address leads to none."""

from collections.abc import Sequence
from typing import ClassVar

from sanderling.kernel.errors import Refusal

_LONGEST = 80


class TriggerRefused(Refusal):
    """The trigger cannot be kept: {field}: {reason}."""

    code: ClassVar[str] = "trigger_refused"

    def __init__(self, *, field: str, reason: str) -> None:
        """Keep the setting that does not fit and what is allowed there."""
        super().__init__(field=field, reason=reason)


class TriggerUnknown(Refusal):
    """There is no trigger {trigger_id} in this workspace.

    `sanderling triggers list` shows what there is.
    """

    code: ClassVar[str] = "trigger_unknown"

    def __init__(self, *, trigger_id: str) -> None:
        """Keep at most the first 80 characters of the id."""
        super().__init__(trigger_id=trigger_id[:_LONGEST])


class TriggersFull(Refusal):
    """The workspace has {limit} triggers, and no more are kept.

    Delete those that are not needed; one trigger with parameters can take many addresses.
    """

    code: ClassVar[str] = "triggers_full"

    def __init__(self, *, limit: int) -> None:
        """Keep the most that a workspace may have."""
        super().__init__(limit=limit)


class RouteUnmatched(Refusal):
    """No trigger takes this address.

    Look at path and method; a trigger that is disabled takes nothing.
    """

    code: ClassVar[str] = "route_unmatched"


class RouteMethodRefused(Refusal):
    """No trigger takes {method} at this address.

    It takes {allowed}.
    """

    code: ClassVar[str] = "route_method_refused"

    def __init__(self, *, method: str, allowed: Sequence[str]) -> None:
        """Keep the method that came, cut to 20 characters, and those that would do."""
        self.allow = ", ".join(allowed)
        super().__init__(method=method[:20], allowed=self.allow)


class RouteRequestRefused(Refusal):
    """The request cannot be handed to a function: {reason}."""

    code: ClassVar[str] = "route_request_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that repeats no part of the request."""
        super().__init__(reason=reason)


class RouteBodyTooLarge(Refusal):
    """The request is larger than the function takes.

    Send less; with the body, `rawBody` counts towards it as well.
    """

    code: ClassVar[str] = "route_body_too_large"


class FunctionFailed(Refusal):
    """The function gave no answer.

    Its owner sees more with `sanderling calls show {call_id}`.
    """

    code: ClassVar[str] = "function_failed"

    def __init__(self, *, call_id: str) -> None:
        """Keep the call's id and nothing of what went wrong: anybody may be reading."""
        super().__init__(call_id=call_id)


class FunctionUnavailable(Refusal):
    """The function cannot be called at this moment.

    Try again shortly; nothing of it has run.
    """

    code: ClassVar[str] = "function_unavailable"

    def __init__(self, *, resets_in_s: float | None = None) -> None:
        """Keep how long to wait, where that is known; whoever asks is told no cause."""
        super().__init__()
        self.resets_in_s = resets_in_s


class ReplyRefused(Refusal):
    """The function's response cannot be sent: {reason}.

    It is `statusCode`, `headers`, `body` and `isBase64Encoded`; see the page on HTTP routes.
    """

    code: ClassVar[str] = "reply_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that repeats no value of the response."""
        super().__init__(reason=reason)


class RecordEventRefused(Refusal):
    """The record event cannot be kept: {reason}."""

    code: ClassVar[str] = "record_event_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep what is allowed, no part of the event."""
        super().__init__(reason=reason)
