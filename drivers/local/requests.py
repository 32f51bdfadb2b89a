"""Writes the frames that a worker is sent."""

import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from drivers.guest.channel import BIND, CALL, COMPILE, NONCE_BYTES, frame
from drivers.limits import Limits
from sanderling.kernel.jsontext import JSON

_LENGTH = struct.Struct(">I")
_HEADER = struct.Struct(">IB")
_EVENT = b'{"event":'
_CONTEXT = b',"context":'


def _prepared_encoder() -> Callable[[Any], str]:
    """Return a JSON writer that is prepared once; the library's own prepares for every value."""
    writer = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return writer.encode
    quote: Any = getattr(json.encoder, "encode_basestring_ascii")  # noqa: B009 - its type is not told.
    allows_nan = sorts_keys = skips_keys = False
    prepared: Any = make(
        {}, writer.default, quote, None, ":", ",", sorts_keys, skips_keys, allows_nan
    )

    def encoded(value: Any) -> str:
        return "".join(prepared(value, 0))

    return encoded


_encode = _prepared_encoder()


def _with_head(head: Mapping[str, JSON], rest: bytes) -> bytes:
    encoded = _encode(head).encode()
    return _LENGTH.pack(len(encoded)) + encoded + rest


def bind_frame(code: bytes, limits: Limits, *, calls: int) -> bytes:
    """Return the frame that gives a worker its function, to be called at most `calls` times."""
    head: dict[str, JSON] = {
        "memory_bytes": limits.memory_bytes,
        # The host watches the clock of each call; this bounds the process if the host cannot.
        "cpu_s": math.ceil(limits.cpu_s) * calls + 1,
        "log_bytes": limits.log_bytes,
        "result_bytes": limits.result_bytes,
        "is_reused": calls > 1,
    }
    return frame(BIND, _with_head(head, code))


def call_frame(nonce: bytes, context: Mapping[str, JSON], event_json: bytes) -> bytes:
    """Return the frame of one call: the nonce, then event and context as one JSON object.

    The event goes in as it is. Were it no JSON, it could at most stand for another event: the
    context comes last, and the last member of a name counts.
    """
    told = _encode(context).encode()
    length = 1 + NONCE_BYTES + len(_EVENT) + len(event_json) + len(_CONTEXT) + len(told) + 1
    parts = (_HEADER.pack(length, CALL), nonce, _EVENT, event_json, _CONTEXT, told, b"}")
    return b"".join(parts)


def compile_frame(source: bytes, nonce: bytes, limits: Limits, allowance: Limits) -> bytes:
    """Return the frame that asks for a compilation, which itself may take `allowance`."""
    head: dict[str, JSON] = {
        "nonce": nonce.decode(),
        "source_bytes": limits.source_bytes,
        "ast_nodes": limits.ast_nodes,
        "ast_depth": limits.ast_depth,
        "memory_bytes": allowance.memory_bytes,
        "cpu_s": math.ceil(allowance.cpu_s) + 1,
    }
    return frame(COMPILE, _with_head(head, source))
