"""Queues calls: checked, counted once, kept, told to whoever runs them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from runner.call import Selector, Trigger
from runner.errors import RateLimited
from runner.executions.errors import ExecutionRefused, IdempotencyConflict
from runner.executions.execution import Execution
from runner.executions.ports import (
    Added,
    ExecutionStore,
    IdempotencyKey,
    KeyTaken,
    Submitted,
)
from runner.executions.request import ExecutionRequest, Submitter, check_request
from runner.gate import Gate
from runner.target import Target, Targets
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import Ids
from sanderling.metering.ports import Admission, Rule

log = structlog.get_logger()

MOST_IN_BATCH = 1000

Announce = Callable[[Sequence[Execution]], Awaitable[None]]
"""Tells whoever runs executions of new ones; never raises, and may be lost."""

Told = Callable[[Admission], None]


def _nobody(_: Admission) -> None:
    pass


class Submission:
    """Keep calls until they have an outcome.

    A submission that returns is kept: it runs once whatever ends meanwhile, or more often where
    that is declared to do no harm. Rate limits of executions are counted here, once, and not
    again for each attempt; those of the API are counted by whoever lets the request in. Every
    method raises `StoreUnavailableError` when the database is away; then nothing is kept.
    """

    def __init__(
        self,
        store: ExecutionStore,
        gate: Gate,
        targets: Targets,
        *,
        announce: Announce,
        ids: Ids,
        clock: Clock,
    ) -> None:
        """Keep executions in `store` and tell `announce` of each."""
        self._store = store
        self._gate = gate
        self._targets = targets
        self._announce = announce
        self._ids = ids
        self._clock = clock

    async def submit(
        self, principal: Principal, request: ExecutionRequest, *, tell: Told = _nobody
    ) -> Added:
        """Return the execution that is kept for `request`, new or known by its key.

        `tell` hears how the rate limits stand.

        Raises:
            Forbidden: the principal may not call functions.
            ExecutionRefused: a number is out of its range, or the event is too large.
            InvalidJSON: the event is not strict JSON.
            FunctionUnknown: the workspace has no such function.
            VersionUnpublished: it was never published; VersionUnknown: not under this number.
            RateLimited: a rule is used up; nothing was counted.
            IdempotencyConflict: the key stands for something else.

        """
        self._gate.permit(principal, Permission.FUNCTIONS_CALL)
        return await self.submit_for(Submitter.of(principal), request, tell=tell)

    async def submit_for(
        self, submitter: Submitter, request: ExecutionRequest, *, tell: Told = _nobody
    ) -> Added:
        """Return the execution that is kept for a part of the house, which needs no permission.

        Raises:
            Refusal: as `submit` does, but for `Forbidden`.

        """
        (added,) = await self._submit(submitter, [request], tell)
        if isinstance(added, Refusal):
            raise added
        return added

    async def submit_batch(
        self,
        principal: Principal,
        requests: Sequence[ExecutionRequest],
        *,
        tell: Told = _nobody,
    ) -> tuple[Added | Refusal, ...]:
        """Return for each request what is kept, or why it is not; one does not hinder another.

        Where a rate limit has room for some of a function's calls, the first ones are kept.

        Raises:
            Forbidden: the principal may not call functions.
            ExecutionRefused: it is empty, or more than fits in one batch.

        """
        self._gate.permit(principal, Permission.FUNCTIONS_CALL)
        if not 0 < len(requests) <= MOST_IN_BATCH:
            raise ExecutionRefused(reason=f"a batch holds 1 to {MOST_IN_BATCH} calls")
        return await self._submit(Submitter.of(principal), requests, tell)

    async def _submit(
        self, submitter: Submitter, requests: Sequence[ExecutionRequest], tell: Told
    ) -> tuple[Added | Refusal, ...]:
        answers: dict[int, Added | Refusal] = {}
        targets: dict[int, Target] = {}
        for index, request in enumerate(requests):
            try:
                targets[index] = await self._target(submitter, request)
            except Refusal as refusal:
                answers[index] = refusal
        runs = {n: each for n, each in targets.items() if _is_run(requests[n])}
        others = {n: each for n, each in targets.items() if n not in runs}
        answers |= await self._count(submitter, others, tell)
        booked = await self._book(submitter, runs, tell)
        answers |= {n: told for n, told in booked.items() if isinstance(told, RateLimited)}
        fresh = [index for index in targets if index not in answers]
        now = self._clock.now()
        submitted = [
            self._new(submitter, requests[n], targets[n], _due_at(requests[n], booked.get(n), now))
            for n in fresh
        ]
        added = await self._store.add(submitted)
        for index, told in zip(fresh, added, strict=True):
            key = requests[index].idempotency_key or ""
            answers[index] = IdempotencyConflict(key=key) if isinstance(told, KeyTaken) else told
        kept = [
            told.execution for told in added if isinstance(told, Added) and not told.is_replayed
        ]
        if kept:
            await self._announce(kept)
            log.debug("execution.queued", workspace_id=submitter.workspace_id, count=len(kept))
        return tuple(answers[index] for index in range(len(requests)))

    async def _target(self, submitter: Submitter, request: ExecutionRequest) -> Target:
        check_request(request, self._clock.now())
        target = await self._targets.find(
            submitter.workspace_id, request.function, request.version or Selector.LIVE
        )
        size, allowed = len(request.event_json), target.limits.event_bytes
        if size > allowed:
            raise ExecutionRefused(
                reason=f"the event has {size} bytes; this function takes at most {allowed}"
            )
        return target

    async def _count(
        self, submitter: Submitter, targets: dict[int, Target], tell: Told
    ) -> dict[int, RateLimited]:
        """Count what there is room for, function by function; return who is turned away."""
        api_rules = self._gate.rules_of(submitter.workspace_id)
        by_rules: dict[tuple[Rule, ...], list[int]] = defaultdict(list)
        for index, target in targets.items():
            by_rules[tuple(rule for rule in target.rules if rule not in api_rules)].append(index)
        refused: dict[int, RateLimited] = {}
        for rules, indexes in by_rules.items():
            try:
                tell(await self._gate.limit(rules, cost=len(indexes)))
            except RateLimited as refusal:
                room = await self._count_some(rules, refusal, len(indexes))
                refused |= dict.fromkeys(indexes[room:], refusal)
        return refused

    async def _book(
        self, submitter: Submitter, runs: dict[int, Target], tell: Told
    ) -> dict[int, Admission | RateLimited]:
        """Count the runs of workflows one by one: each is due when the line has come to it."""
        api_rules = self._gate.rules_of(submitter.workspace_id)
        told: dict[int, Admission | RateLimited] = {}
        for index, target in runs.items():
            rules = tuple(rule for rule in target.workflow_rules if rule not in api_rules)
            try:
                told[index] = admission = await self._gate.book(rules)
                tell(admission)
            except RateLimited as refusal:
                told[index] = refusal
        return told

    async def _count_some(self, rules: Sequence[Rule], refusal: RateLimited, wanted: int) -> int:
        room = min((state.remaining for state in refusal.states), default=0)
        if not 0 < room < wanted:
            return 0
        try:
            await self._gate.limit(rules, cost=room)
        except RateLimited:
            return 0
        return room

    def _new(
        self, submitter: Submitter, request: ExecutionRequest, target: Target, due_at: datetime
    ) -> Submitted:
        now = self._clock.now()
        key = None
        if request.idempotency_key is not None:
            key = IdempotencyKey(
                caller=submitter.caller,
                key=request.idempotency_key,
                body_digest=request.digest,
                created_at=now,
                expires_at=now + request.key_lasts,
            )
        execution = Execution(
            id=self._ids.execution(),
            workspace_id=submitter.workspace_id,
            function_id=target.function_id,
            function_name=target.function_name,
            version=request.version,
            trigger=request.trigger,
            key_id=submitter.key_id,
            request_id=request.request_id,
            event_json=request.event_json,
            created_at=now,
            due_at=due_at,
            deadline_at=request.deadline_at(now),
            timeout_s=request.timeout_s,
            priority=request.priority,
            lane=request.lane,
            max_attempts=request.max_attempts,
            replay_of=request.replay_of,
        )
        return Submitted(execution, key)


def _is_run(request: ExecutionRequest) -> bool:
    return request.trigger is Trigger.WORKFLOW


def _due_at(
    request: ExecutionRequest, booked: Admission | RateLimited | None, now: datetime
) -> datetime:
    asked_at = request.due_at(now)
    if not isinstance(booked, Admission):
        return asked_at
    return max(asked_at, now + timedelta(seconds=booked.wait_s))
