"""The hot route: one call, past the pipeline, to its outcome.

Plain ASGI: no model, no dependency and no second parse of the body stand in its way.
"""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from runner.answer import answer_json
from runner.call import CallRecord, CallRequest, Selector, Trigger
from runner.executions.once import Once, Replayed
from runner.executions.submission import Submission
from runner.gate import Gate
from runner.pipeline import Pipeline
from sanderling.access.errors import Unauthenticated
from sanderling.access.permission import Permission
from sanderling.access.principal import BearerKey
from sanderling.api.bearer import bearer_key
from sanderling.api.body import check_json_type
from sanderling.api.exchange import Exchange, exchange_of
from sanderling.api.execution_json import execution_json
from sanderling.api.known_body import read_known_body
from sanderling.api.problem import is_served, problem_of_call
from sanderling.api.query import read_query
from sanderling.api.queue_call import (
    QUEUED,
    REPLAYED,
    WAITED_FOR,
    Wishes,
    queue_request,
    queued_headers,
    read_timeout_s,
    read_trigger,
    read_version,
    wishes_of,
)
from sanderling.api.respond import send_bytes, send_problem

PATH = "/v1/functions/{name}/executions"
_NO_EVENT = b"null"


class Executions:
    """Answer `POST /v1/functions/{name}/executions`.

    An empty body is the event `null`, whatever its content type. The call goes on when its caller
    goes away, and is recorded. With `Prefer: respond-async` it is queued instead.
    """

    def __init__(self, pipeline: Pipeline, gate: Gate, submission: Submission, once: Once) -> None:
        """Run calls through `pipeline`, or `once` with a key; queue them with `submission`."""
        self._pipeline = pipeline
        self._gate = gate
        self._submission = submission
        self._once = once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] != "POST":
            raise HTTPException(405)
        exchange = exchange_of(scope)
        # The pipeline would refuse the same, but only after the body was read.
        credential = self.require_key(exchange)
        wishes = wishes_of(scope)
        query = read_query(scope, QUEUED if wishes.is_queued else WAITED_FOR)
        version = read_version(query.get("version"))
        timeout_s = read_timeout_s(query.get("timeout_s"))
        trigger = read_trigger(query.get("trigger"))
        body = await read_known_body(scope, receive, gate=self._gate, credential=credential)
        name = scope["path_params"]["name"]
        if wishes.is_queued:
            await self._queue(exchange, send, name, body, query, wishes)
            return
        request = self._request(
            exchange, name, body, version=version, timeout_s=timeout_s, trigger=trigger
        )
        if wishes.idempotency_key is not None:
            made = await self._once.call(request, wishes.idempotency_key, tell=exchange.count)
            if isinstance(made, Replayed):
                await send_bytes(send, made.answer, headers=(REPLAYED,))
                return
            record = made
        else:
            record = (await self._pipeline.call(request, tell=exchange.count)).record
        if is_served(record.outcome):
            await send_bytes(send, answer_json(record))
        else:
            await send_problem(send, exchange, problem_of_call(record))

    async def _queue(
        self,
        exchange: Exchange,
        send: Send,
        name: str,
        body: bytes,
        query: Mapping[str, str],
        wishes: Wishes,
    ) -> None:
        admitted = await self._gate.admit(self.require_key(exchange), Permission.FUNCTIONS_CALL)
        exchange.count(admitted.admission)
        if body:
            check_json_type(exchange)
        request = queue_request(
            name,
            body or _NO_EVENT,
            query,
            request_id=exchange.request_id,
            idempotency_key=wishes.idempotency_key,
        )
        added = await self._submission.submit(admitted.principal, request, tell=exchange.count)
        text = execution_json(added.execution)
        await send_bytes(send, text, status=202, headers=queued_headers(added))

    async def call(self, exchange: Exchange, name: str, body: bytes) -> CallRecord:
        """Return the record of one call whose body is whole, and that asks for nothing more.

        Raises:
            Unauthenticated: there is no key.
            ContentTypeRefused: there is a body and it does not say that it is JSON.

        And what the pipeline raises.

        """
        request = self._request(exchange, name, body)
        report = await self._pipeline.call(request, tell=exchange.count)
        return report.record

    def _request(
        self,
        exchange: Exchange,
        name: str,
        body: bytes,
        *,
        version: Selector | int = Selector.LIVE,
        timeout_s: float | None = None,
        trigger: Trigger = Trigger.API,
    ) -> CallRequest:
        credential = self.require_key(exchange)
        if body:
            check_json_type(exchange)
        return CallRequest(
            credential=credential,
            function=name,
            event_json=body or _NO_EVENT,
            request_id=exchange.request_id,
            version=version,
            timeout_s=timeout_s,
            trigger=trigger,
        )

    @staticmethod
    def require_key(exchange: Exchange) -> BearerKey:
        """Return the key that the request shows.

        Raises:
            Unauthenticated: there is none.

        """
        credential = bearer_key(exchange.authorization)
        if credential is None:
            raise Unauthenticated
        return credential
