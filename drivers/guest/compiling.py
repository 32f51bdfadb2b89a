"""Compiles one source inside a worker and answers with marshalled code."""

import json
import marshal

from drivers.guest.channel import CODE, ERROR, Channel, frame
from drivers.guest.function import split_head
from drivers.guest.language.compiler import compile_source
from drivers.guest.language.rejection import CodeRejected


def compile_frame(body: bytes, channel: Channel) -> None:
    """Serve one compile frame: a head with the limits, then the source in UTF-8."""
    head_json, source = split_head(body)
    head = json.loads(head_json)
    try:
        code = compile_source(
            source.decode("utf-8", "surrogatepass"),
            source_bytes=head["source_bytes"],
            ast_nodes=head["ast_nodes"],
            ast_depth=head["ast_depth"],
        )
        answer = frame(CODE, marshal.dumps(code))
    except CodeRejected as rejected:
        answer = frame(ERROR, _told(head["nonce"], rejected))
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
