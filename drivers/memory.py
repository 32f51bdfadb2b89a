"""A driver for tests: it knows handlers by the source text they stand for and runs no user code."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import isawaitable
from types import TracebackType
from typing import Self, TypeAlias, Union

from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    GuestError,
    Health,
    HealthState,
    Invocation,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
    TellLog,
)
from sanderling.kernel.jsontext import JSON, InvalidJSON, decode, encode

Answer = Union[JSON, Awaitable[JSON]]  # noqa: UP007 - JSON is a text at run time, which `|` refuses.
Handler: TypeAlias = Callable[[JSON, Mapping[str, JSON]], Answer]

_MARK = "# outcome: "


@dataclass(slots=True)
class _Journal:
    """What the handler of one call logged, up to its limit."""

    most_bytes: int
    tell_log: TellLog | None
    text: str = ""
    dropped_bytes: int = 0

    def write(self, text: str) -> None:
        if len((self.text + text).encode()) > self.most_bytes:
            self.dropped_bytes += len(text.encode())
            return
        self.text += text
        if self.tell_log is not None:
            self.tell_log(text)


_journal: ContextVar[_Journal] = ContextVar("journal")


def log_text(text: str) -> None:
    """Log `text`, as a guest's `print` does; for handlers, while they run."""
    _journal.get().write(text)


class Scripted(Exception):
    """Raised by a handler to end its call with an outcome other than ok."""

    def __init__(
        self,
        kind: OutcomeKind,
        *,
        error: GuestError | None = None,
        limit: LimitHit | None = None,
        detail: str = "",
    ) -> None:
        """Keep what the outcome is to say."""
        super().__init__(kind)
        self.kind = kind
        self.error = error
        self.limit = limit
        self.detail = detail


def _script_of(source: str) -> Handler:
    """Return the handler of a source nobody scripted: its first line names an outcome, or echo."""
    word = source.partition("\n")[0].removeprefix(_MARK) if source.startswith(_MARK) else ""
    if not word:
        return lambda event, _context: event
    scripted = Scripted(OutcomeKind(word.strip()), detail="Scripted by the source.")

    def raise_scripted(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
        raise scripted

    return raise_scripted


async def _answer(handler: Handler, event: JSON, context: Mapping[str, JSON]) -> JSON:
    value = handler(event, context)
    return await value if isawaitable(value) else value


class MemoryDriver:
    """Answer calls from a table of handlers, keyed by source text.

    A source that is not in the table answers with its event, unless its first line reads
    `# outcome: WORD`: then deploying (for bad_code) or calling (for the rest) ends in that word.
    A source in `rejections` cannot be deployed. A handler may return a value, return an
    awaitable, raise `Scripted`, or raise anything else for user_error; it logs with `log_text`.
    Limits on event, result, log and wall time hold as in other drivers.
    """

    name = "memory"

    def __init__(
        self,
        handlers: Mapping[str, Handler] | None = None,
        *,
        rejections: Mapping[str, Deployment] | None = None,
    ) -> None:
        """Take the table of handlers and, by source, what deploying says no with."""
        self._handlers = dict(handlers or {})
        self._rejections = dict(rejections or {})
        self._deployed: dict[ArtifactKey, Artifact] = {}

    async def __aenter__(self) -> Self:
        """Start nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget every artifact."""
        self._deployed.clear()

    def _handler_of(self, source: str) -> Handler:
        return self._handlers.get(source) or _script_of(source)

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Remember `artifact`, unless it is scripted to be bad_code."""
        rejected = self._rejections.get(artifact.source)
        if rejected is None and artifact.source.startswith(_MARK + OutcomeKind.BAD_CODE):
            error = GuestError(type="SyntaxError", message="scripted", line=1, column=1)
            rejected = Deployment(OutcomeKind.BAD_CODE, error=error)
        if rejected is not None:
            return rejected
        self._deployed[artifact.key] = artifact
        return Deployment(OutcomeKind.OK)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run the handler of the deployed source."""
        artifact = self._deployed.get(invocation.key)
        if artifact is None:
            return Outcome(OutcomeKind.NOT_DEPLOYED, driver=self.name)
        size = len(invocation.event_json)
        if size > artifact.limits.event_bytes:
            hit = LimitHit("event_bytes", artifact.limits.event_bytes, size)
            return Outcome(OutcomeKind.PAYLOAD_TOO_LARGE, driver=self.name, limit=hit)
        started_s = time.monotonic()
        journal = _Journal(artifact.limits.log_bytes, invocation.tell_log)
        token = _journal.set(journal)
        try:
            outcome = await self._run(artifact, invocation)
        finally:
            _journal.reset(token)
        return outcome._replace(
            duration_s=time.monotonic() - started_s,
            logs=journal.text,
            logs_dropped_bytes=journal.dropped_bytes,
        )

    async def _run(self, artifact: Artifact, invocation: Invocation) -> Outcome:
        wall_s = min(artifact.limits.wall_s, invocation.timeout_s or artifact.limits.wall_s)
        handler = self._handler_of(artifact.source)
        try:
            event = decode(invocation.event_json)
            async with asyncio.timeout(wall_s):
                value = await _answer(handler, event, dict(invocation.context))
        except Scripted as scripted:
            return Outcome(
                scripted.kind,
                driver=self.name,
                error=scripted.error,
                limit=scripted.limit,
                detail=scripted.detail,
            )
        except TimeoutError:
            hit = LimitHit("wall_s", wall_s, wall_s)
            return Outcome(OutcomeKind.TIMEOUT, driver=self.name, limit=hit)
        except Exception as error:  # noqa: BLE001 - a handler stands for user code; all is its outcome.
            raised = GuestError(type=type(error).__name__, message=str(error))
            return Outcome(OutcomeKind.USER_ERROR, driver=self.name, error=raised)
        return self._outcome_of(value, artifact)

    def _outcome_of(self, value: JSON, artifact: Artifact) -> Outcome:
        try:
            result_json = encode(value)
        except InvalidJSON as refused:
            error = GuestError(type="BadResult", message=refused.detail)
            return Outcome(OutcomeKind.BAD_RESULT, driver=self.name, error=error)
        if len(result_json) > artifact.limits.result_bytes:
            hit = LimitHit("result_bytes", artifact.limits.result_bytes, len(result_json))
            return Outcome(OutcomeKind.RESULT_TOO_LARGE, driver=self.name, limit=hit)
        return Outcome(OutcomeKind.OK, driver=self.name, result_json=result_json)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget one artifact."""
        self._deployed.pop(key, None)

    def capabilities(self) -> Capabilities:
        """Offer no isolation."""
        return Capabilities(driver=self.name, isolations=frozenset({Isolation.NONE}))

    async def health(self) -> Health:
        """Report ok."""
        return Health(HealthState.OK)
