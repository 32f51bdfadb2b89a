"""`POST /v1/calls/{call_id}/replay`: a kept call, made again."""

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from runner.answer import answer_json
from runner.call import Selector
from runner.gate import Gate
from runner.replays import AskedReplay, Replays
from sanderling.access.errors import Unauthenticated
from sanderling.api.bearer import bearer_key
from sanderling.api.body import check_json_type
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.exchange import exchange_of
from sanderling.api.known_body import read_known_body
from sanderling.api.problem import is_served, problem_of_call
from sanderling.api.query import read_query
from sanderling.api.queue_call import read_timeout_s, read_version
from sanderling.api.respond import send_bytes, send_problem
from sanderling.kernel import jsontext
from sanderling.kernel.jsontext import JSON

PATH = "/v1/calls/{call_id}/replay"
SAME = "same"
_MEMBERS = frozenset({"event", "version"})


class Replay:
    """Answer one replay as the call itself is answered; an empty body is as `{}`."""

    def __init__(self, replays: Replays, gate: Gate) -> None:
        """Make calls again with `replays`, for those whom `gate` knows."""
        self._replays = replays
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] != "POST":
            raise HTTPException(405)
        exchange = exchange_of(scope)
        credential = bearer_key(exchange.authorization)
        if credential is None:
            # The use-case would say the same, but only after the body was read.
            raise Unauthenticated
        timeout_s = read_timeout_s(read_query(scope, {"timeout_s"}).get("timeout_s"))
        body = await read_known_body(scope, receive, gate=self._gate, credential=credential)
        if body:
            check_json_type(exchange)
        asked = read_replay(scope["path_params"]["call_id"], body, timeout_s)
        report = await self._replays.replay(
            credential, asked, request_id=exchange.request_id, tell=exchange.count
        )
        if is_served(report.record.outcome):
            await send_bytes(send, answer_json(report.record))
        else:
            await send_problem(send, exchange, problem_of_call(report.record))


def read_replay(call_id: str, body: bytes, timeout_s: float | None) -> AskedReplay:
    """Return what the body of a request asks for.

    Raises:
        InvalidJSON: it is not strict JSON.
        RequestInvalid: it is no object with `event` and `version`, both optional.

    """
    asked = jsontext.decode(body) if body else {}
    if not isinstance(asked, dict):
        raise RequestInvalid([Misfit("body", "", "it is an object with event and version")])
    unknown = [Misfit("body", name, "there is no such member") for name in asked.keys() - _MEMBERS]
    if unknown:
        raise RequestInvalid(unknown)
    event_json = jsontext.encode(asked["event"]) if "event" in asked else None
    return AskedReplay(call_id, event_json, _version(asked.get("version", "live")), timeout_s)


def _version(asked: JSON) -> Selector | int | None:
    if asked == SAME:
        return None
    if isinstance(asked, (str, int)) and not isinstance(asked, bool):
        try:
            return read_version(str(asked))
        except RequestInvalid:
            pass
    message = "it is live, same, draft or a version's number"
    raise RequestInvalid([Misfit("body", "version", message)])
