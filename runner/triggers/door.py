"""Requests below `/s`: who may come in, and what the function answers."""

from dataclasses import dataclass

import structlog

from drivers.port import Outcome, OutcomeKind
from runner.call import CallRecord, CallRequest, Trigger
from runner.errors import FunctionUnknown, VersionUnpublished
from runner.executions.errors import ExecutionRefused
from runner.executions.request import ExecutionRequest, Submitter
from runner.executions.submission import Submission
from runner.gate import Gate
from runner.pipeline import Pipeline
from runner.triggers.errors import (
    FunctionFailed,
    FunctionUnavailable,
    ReplyRefused,
    RouteBodyTooLarge,
    RouteMethodRefused,
    RouteUnmatched,
)
from runner.triggers.http_event import HTTPRequest, event_of
from runner.triggers.http_reply import Reply, made_reply, queued_reply, result_reply
from runner.triggers.route_pattern import read_path
from runner.triggers.routes import Match, Routes, with_head
from runner.triggers.trigger import HTTPMethod, ReplyShape
from sanderling.access.errors import KeyUnknown, Unauthenticated
from sanderling.access.principal import Credential, TriggerCaller
from sanderling.kernel.ids import RequestId, WorkspaceId
from sanderling.metering.ports import Rule

log = structlog.get_logger()

_ANSWERED = frozenset({OutcomeKind.OK})
_LATER = frozenset(
    {
        *(OutcomeKind.THROTTLED, OutcomeKind.SATURATED, OutcomeKind.NOT_DEPLOYED),
        *(OutcomeKind.DISABLED, OutcomeKind.MISCONFIGURED, OutcomeKind.PLATFORM_ERROR),
    }
)
"""Outcomes after which no code ran, and that are not the request's fault."""


@dataclass(frozen=True, slots=True)
class Knock:
    """The head of a request; `path` is what follows `/s`, still encoded, `address` the peer's."""

    workspace_id: WorkspaceId
    method: str
    path: bytes
    credential: Credential | None
    address: str


@dataclass(frozen=True, slots=True)
class Admittance:
    """A request that may come in: the trigger that takes it, and who calls the function."""

    match: Match
    credential: Credential

    @property
    def is_anonymous(self) -> bool:
        """Claim that nobody knows who is asking."""
        return isinstance(self.credential, TriggerCaller)


class Door:
    """Let requests in by the triggers of their workspace, and answer with what functions give.

    Whoever has no key is told no more than that something went wrong.
    """

    def __init__(
        self, routes: Routes, gate: Gate, pipeline: Pipeline, submission: Submission
    ) -> None:
        """Find triggers in `routes`; carry calls through `pipeline`, or queue them."""
        self._routes = routes
        self._gate = gate
        self._pipeline = pipeline
        self._submission = submission

    async def admit(self, knock: Knock) -> Admittance:
        """Return who may come in; to be asked before the body is read.

        Requests without a key are counted, for their workspace and for the address they come
        from, apart from the requests of the API. So are those that lead nowhere.

        Raises:
            RouteUnmatched: no trigger takes this path, or the workspace is not there.
            RouteMethodRefused: triggers take this path, and none this method.
            Unauthenticated: the trigger wants a key; KeyMalformed, KeyUnknown, KeyExpired: no good,
                or the key is another workspace's.
            RateLimited: too many requests without a key.

        """
        path = read_path(knock.path)
        # Whoever makes up workspaces or paths is stopped before a database is asked.
        is_costly = path is None or not self._routes.is_known(knock.workspace_id)
        if is_costly:
            await self._count(knock, is_address_counted=False, is_led=False)
        match = await self._find(knock, path, is_address_counted=is_costly)
        if not match.route.is_auth_required:
            await self._count(knock, is_address_counted=is_costly, is_led=True)
            return Admittance(match, TriggerCaller(knock.workspace_id))
        if knock.credential is None:
            raise Unauthenticated
        principal = await self._gate.authenticate(knock.credential)
        if principal.workspace_id != knock.workspace_id:
            # A key of another workspace is one that nobody knows here.
            raise KeyUnknown
        return Admittance(match, knock.credential)

    async def call(
        self, admittance: Admittance, request: HTTPRequest, request_id: RequestId
    ) -> Reply:
        """Return what the function answers.

        Raises:
            InvalidJSON: the body says that it is JSON, and is not.
            RouteRequestRefused: the body or the query cannot be handed over.
            RouteBodyTooLarge: the function takes no event of this size.
            Forbidden: the key's principal may not call functions.
            RateLimited: a rule is used up; nothing was counted.
            FunctionFailed: there is no answer of the function.
            FunctionUnavailable: nothing of it has run.
            ReplyRefused: what it answered is not allowed.

        """
        match = admittance.match
        event_json = event_of(match.route, request, match.parameters)
        carry = self._queue if match.route.is_queued else self._call
        try:
            return await carry(admittance, event_json, request_id)
        except (FunctionUnknown, VersionUnpublished):
            if admittance.is_anonymous:
                raise FunctionUnavailable from None
            raise

    async def _call(
        self, admittance: Admittance, event_json: bytes, request_id: RequestId
    ) -> Reply:
        match = admittance.match
        report = await self._pipeline.call(
            CallRequest(
                credential=admittance.credential,
                function=match.trigger.function_name,
                event_json=event_json,
                request_id=request_id,
                trigger=Trigger.HTTP,
            )
        )
        return _reply(match, report.record)

    async def _queue(
        self, admittance: Admittance, event_json: bytes, request_id: RequestId
    ) -> Reply:
        trigger = admittance.match.trigger
        queued = ExecutionRequest(
            function=trigger.function_name,
            event_json=event_json,
            request_id=request_id,
            trigger=Trigger.HTTP,
        )
        try:
            if isinstance(admittance.credential, TriggerCaller):
                submitter = Submitter(trigger.workspace_id, caller=f"trigger:{trigger.id}")
                added = await self._submission.submit_for(submitter, queued)
            else:
                principal = await self._gate.authenticate(admittance.credential)
                await self._gate.limit(self._gate.api_rules(principal))
                added = await self._submission.submit(principal, queued)
        except ExecutionRefused:
            # The route sets every number itself, so only the size of the event is left.
            raise RouteBodyTooLarge from None
        return queued_reply(added.execution.id)

    async def _find(
        self, knock: Knock, path: tuple[str, ...] | None, *, is_address_counted: bool
    ) -> Match:
        if knock.method not in set(HTTPMethod):
            raise RouteMethodRefused(
                method=knock.method, allowed=with_head({method.value for method in HTTPMethod})
            )
        if path is None:
            raise RouteUnmatched
        try:
            return await self._routes.find(knock.workspace_id, knock.method, path)
        except (RouteUnmatched, RouteMethodRefused):
            await self._count(knock, is_address_counted=is_address_counted, is_led=False)
            raise

    async def _count(self, knock: Knock, *, is_address_counted: bool, is_led: bool) -> None:
        """Count a request without a key by each rule once; its workspace's if it `is_led` in."""
        rules: tuple[Rule, ...] = ()
        if is_led:
            by_workspace, by_address = self._gate.anonymous_rules(knock.workspace_id, knock.address)
            rules = (by_workspace,) if is_address_counted else (by_workspace, by_address)
        elif not is_address_counted:
            rules = (self._gate.lost_rule(knock.address),)
        if rules:
            await self._gate.limit(rules)


def _reply(match: Match, record: CallRecord) -> Reply:
    outcome = record.outcome
    if outcome.kind is OutcomeKind.PAYLOAD_TOO_LARGE:
        raise RouteBodyTooLarge
    if outcome.kind in _LATER:
        raise FunctionUnavailable(resets_in_s=outcome.retry_after_s)
    if outcome.kind not in _ANSWERED:
        raise FunctionFailed(call_id=record.id)
    if match.route.reply is ReplyShape.RESULT:
        return result_reply(outcome.result_json or b"null")
    return _made(record, outcome)


def _made(record: CallRecord, outcome: Outcome) -> Reply:
    try:
        return made_reply(outcome.result)
    except ReplyRefused as refusal:
        log.info("reply.refused", call_id=record.id, reason=str(refusal.facts["reason"]))
        raise
