"""`/s/{path}`: requests that call functions by the triggers of a workspace.

`/s/PATH` is the default workspace, `/s/@WORKSPACE_ID/PATH` any other one. No pattern starts with
`@`, so neither address ever stands for the other.
"""

from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from runner.triggers.door import Door, Knock
from runner.triggers.errors import RouteUnmatched
from runner.triggers.http_event import HTTPRequest
from runner.triggers.http_reply import EMPTY, Reply
from sanderling.api.bearer import bearer_key
from sanderling.api.body import read_body
from sanderling.api.exchange import exchange_of
from sanderling.api.respond import send_bytes
from sanderling.api.services import Services
from sanderling.kernel.ids import WorkspaceId, is_id

PATH = "/s"

_WORKSPACE = b"/@"
_NOWHERE = "unknown"
_LONGEST_ID = 64


class TriggerDoor:
    """Answer requests below `/s`."""

    def __init__(self, services: Services) -> None:
        """Stand in front of the door of `services`."""
        self._door: Door = services.door
        self._default: Callable[[], WorkspaceId] = services.default_workspace_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whoever may not come in is told so before the body is read."""
        exchange = exchange_of(scope)
        exchange.is_guests = True
        raw = _raw_path(scope)
        workspace_id, path = self._address(raw)
        client = scope.get("client")
        admittance = await self._door.admit(
            Knock(
                workspace_id=workspace_id,
                method=scope["method"],
                path=path,
                credential=bearer_key(exchange.authorization),
                address=client[0] if client else _NOWHERE,
            )
        )
        request = HTTPRequest(
            method=scope["method"],
            path=raw.decode("ascii"),
            query=scope["query_string"].decode("latin-1"),
            headers=scope["headers"],
            content_type=exchange.content_type or "",
            body=await read_body(receive),
        )
        reply = await self._door.call(admittance, request, exchange.request_id)
        await _send(send, reply)

    def _address(self, raw: bytes) -> tuple[WorkspaceId, bytes]:
        """Return the workspace and what follows it; `raw` starts with `/s`."""
        rest = raw[len(PATH) :]
        if not rest.startswith(_WORKSPACE):
            return self._default(), rest
        word, _, path = rest[len(_WORKSPACE) :].partition(b"/")
        workspace_id = word.decode("ascii", "replace")
        if len(word) > _LONGEST_ID or not is_id(workspace_id, "ws"):
            raise RouteUnmatched
        return WorkspaceId(workspace_id), b"/" + path


def _raw_path(scope: Scope) -> bytes:
    """Return the path as it was sent.

    The server decodes it as well, and then nobody can tell a slash from an encoded one.
    """
    raw: bytes = scope["raw_path"]
    if not raw.startswith(PATH.encode() + b"/") or not raw.isascii():
        # Encoded letters of `/s` itself: the router understood them, and nobody means that.
        raise RouteUnmatched
    return raw


async def _send(send: Send, reply: Reply) -> None:
    headers = tuple(
        (name.encode("ascii"), value.encode("ascii")) for name, value in reply.headers.items()
    )
    if reply.status in EMPTY:
        # Such a response ends with its head, so it says nothing of a body.
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b""})
        return
    await send_bytes(
        send,
        reply.body,
        status=reply.status,
        content_type=reply.content_type.encode("ascii"),
        headers=headers,
    )
