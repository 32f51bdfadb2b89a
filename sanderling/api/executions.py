"""The hot route: one call, past the pipeline, to its outcome.

Plain ASGI: no model, no dependency and no second parse of the body stand in its way.
"""

import re

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from drivers.limits import CEILINGS
from runner.call import CallRecord, CallRequest, Selector
from runner.pipeline import Pipeline
from sanderling.access.errors import Unauthenticated
from sanderling.access.principal import BearerKey
from sanderling.api.bearer import bearer_key
from sanderling.api.body import check_json_type, read_body
from sanderling.api.call_json import answer_json
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.exchange import Exchange, exchange_of
from sanderling.api.page_bounds import MAX_NUMBER
from sanderling.api.problem import is_served, problem_of_call
from sanderling.api.query import read_query
from sanderling.api.respond import send_bytes, send_problem

PATH = "/v1/functions/{name}/executions"
_KNOWN = frozenset({"version", "timeout_s"})
_NO_EVENT = b"null"
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


class Executions:
    """Answer `POST /v1/functions/{name}/executions`.

    An empty body is the event `null`, whatever its content type. The call goes on when its caller
    goes away, and is recorded.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        """Run calls through `pipeline`."""
        self._pipeline = pipeline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] != "POST":
            raise HTTPException(405)
        exchange = exchange_of(scope)
        # The pipeline would refuse the same, but only after the body was read.
        self.require_key(exchange)
        query = read_query(scope, _KNOWN)
        version, timeout_s = _version(query.get("version")), _timeout_s(query.get("timeout_s"))
        body = await read_body(receive)
        name = scope["path_params"]["name"]
        record = await self.call(exchange, name, body, version=version, timeout_s=timeout_s)
        if is_served(record.outcome):
            await send_bytes(send, answer_json(record))
        else:
            await send_problem(send, exchange, problem_of_call(record))

    async def call(
        self,
        exchange: Exchange,
        name: str,
        body: bytes,
        *,
        version: Selector | int = Selector.LIVE,
        timeout_s: float | None = None,
    ) -> CallRecord:
        """Return the record of one call whose body is whole.

        Raises:
            Unauthenticated: there is no key.
            ContentTypeRefused: there is a body and it does not say that it is JSON.

        And what the pipeline raises.

        """
        credential = self.require_key(exchange)
        if body:
            check_json_type(exchange)
        request = CallRequest(
            credential=credential,
            function=name,
            event_json=body or _NO_EVENT,
            request_id=exchange.request_id,
            version=version,
            timeout_s=timeout_s,
        )
        report = await self._pipeline.call(request, tell=exchange.count)
        return report.record

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


def _version(text: str | None) -> Selector | int:
    if text is None or text == Selector.LIVE:
        return Selector.LIVE
    if text == Selector.DRAFT:
        return Selector.DRAFT
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER)):
        number = int(text)
        if 0 < number <= MAX_NUMBER:
            return number
    raise RequestInvalid([Misfit("query", "version", "it is live, draft or a version's number")])


def _timeout_s(text: str | None) -> float | None:
    if text is None:
        return None
    timeout_s = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < timeout_s <= CEILINGS["wall_s"]:
        message = f"it is a number of seconds above 0 and at most {CEILINGS['wall_s']:g}"
        raise RequestInvalid([Misfit("query", "timeout_s", message)])
    return timeout_s
