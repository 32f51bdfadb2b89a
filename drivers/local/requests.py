"""Writes the frames that a worker is sent."""

import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from drivers.guest.channel import (
    BIND,
    BIND_HEAD,
    COMPILE,
    COMPILE_HEAD,
    NONCE_BYTES,
    frame,
)
from drivers.limits import Limits
from sanderling.kernel.jsontext import JSON

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


def bind_frame(code: bytes, limits: Limits, *, calls: int) -> bytes:
    """Return the frame that gives a worker its function, to be called at most `calls` times."""
    head = BIND_HEAD.pack(
        limits.memory_bytes,
        # The host watches the clock of each call; this bounds the process if the host cannot.
        math.ceil(limits.cpu_s) * calls + 1,
        limits.log_bytes,
        limits.result_bytes,
        calls > 1,
    )
    return frame(BIND, head + code)


def call_frame(kind: int, nonce: bytes, context: Mapping[str, JSON], event_json: bytes) -> bytes:
    """Return the frame of one call of this kind: its nonce, then event and context as one object.

    The event goes in as it is. Were it no JSON, it could at most stand for another event: the
    context comes last, and the last member of a name counts.
    """
    told = _encode(context).encode() if context else b"{}"
    length = 1 + NONCE_BYTES + len(_EVENT) + len(event_json) + len(_CONTEXT) + len(told) + 1
    parts = (_HEADER.pack(length, kind), nonce, _EVENT, event_json, _CONTEXT, told, b"}")
    return b"".join(parts)


def compile_frame(source: bytes, nonce: bytes, limits: Limits, allowance: Limits) -> bytes:
    """Return the frame that asks for a compilation, which itself may take `allowance`."""
    head = COMPILE_HEAD.pack(
        allowance.memory_bytes,
        math.ceil(allowance.cpu_s) + 1,
        limits.source_bytes,
        limits.ast_nodes,
        limits.ast_depth,
        nonce,
    )
    return frame(COMPILE, head + source)
