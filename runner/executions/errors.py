"""Why something is not queued, or not done to what is."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class ExecutionUnknown(Refusal):
    """There is no execution {execution_id} in this workspace.

    `sanderling executions list` shows what there is.
    """

    code: ClassVar[str] = "execution_unknown"

    def __init__(self, *, execution_id: str) -> None:
        """Keep at most the first 80 characters of the id."""
        super().__init__(execution_id=execution_id[:80])


class ExecutionRefused(Refusal):
    """The call cannot be queued like this: {reason}."""

    code: ClassVar[str] = "execution_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that says what is allowed."""
        super().__init__(reason=reason)


class ExecutionNotEnded(Refusal):
    """The execution {execution_id} has not ended, so it cannot be replayed.

    Wait for its end, or cancel it first.
    """

    code: ClassVar[str] = "execution_not_ended"

    def __init__(self, *, execution_id: str) -> None:
        """Keep the id."""
        super().__init__(execution_id=execution_id)


class IdempotencyConflict(Refusal):
    """The idempotency key {key!r} was used for something else.

    Send what was sent with it before, or use a new key.
    """

    code: ClassVar[str] = "idempotency_conflict"

    def __init__(self, *, key: str) -> None:
        """Keep the key."""
        super().__init__(key=key)


class IdempotencyInFlight(Refusal):
    """The call with the idempotency key {key!r} is being made at this moment.

    Send it again in {retry_after_s:g} seconds; it is then answered as that call was.
    """

    code: ClassVar[str] = "idempotency_in_flight"

    def __init__(self, *, key: str, retry_after_s: float) -> None:
        """Keep the key and a time after which asking again makes sense."""
        super().__init__(key=key, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class FollowersFull(Refusal):
    """{limit} executions of this workspace are followed from this process already.

    End one, or ask for the execution with `wait_s` instead.
    """

    code: ClassVar[str] = "followers_full"

    def __init__(self, *, limit: int) -> None:
        """Keep the bound."""
        super().__init__(limit=limit)
