"""Compiles one source inside a worker and answers with marshalled code."""

import json
import marshal

from drivers.guest.channel import CODE, COMPILE_HEAD, ERROR, Channel, frame
from drivers.guest.language.compiler import compile_source
from drivers.guest.language.rejection import CodeRejected


def compile_frame(body: bytes, channel: Channel) -> None:
    """Serve the body of one compile frame."""
    _, _, source_bytes, ast_nodes, ast_depth, nonce = COMPILE_HEAD.unpack_from(body)
    try:
        code = compile_source(
            body[COMPILE_HEAD.size :].decode("utf-8", "surrogatepass"),
            source_bytes=source_bytes,
            ast_nodes=ast_nodes,
            ast_depth=ast_depth,
        )
        answer = frame(CODE, marshal.dumps(code))
    except CodeRejected as rejected:
        answer = frame(ERROR, _told(nonce.decode(), rejected))
    channel.write(answer)


def _told(nonce: str, rejected: CodeRejected) -> bytes:
    excess = rejected.excess
    members = {
        "nonce": nonce,
        "kind": "bad_code",
        "type": "CodeRejected",
        "message": rejected.reason,
        "problems": [
            [each.line, each.column, each.end_column, each.reason, each.hint]
            for each in rejected.problems
        ],
        "limit": None if excess is None else [excess.name, excess.observed],
    }
    return json.dumps(members, ensure_ascii=False).encode("utf-8", "replace")
