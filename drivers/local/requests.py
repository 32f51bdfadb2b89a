"""Writes the frames that a worker is sent."""

import json
import math
import struct
from collections.abc import Mapping

from drivers.guest.channel import BIND, CALL, COMPILE, frame
from drivers.limits import Limits
from sanderling.kernel.jsontext import JSON

_LENGTH = struct.Struct(">I")
_HEADER = struct.Struct(">IBI")
_KIND_AND_LENGTH = 5

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


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


def call_frame(nonce: str, context: Mapping[str, JSON], event_json: bytes) -> bytes:
    """Return the frame of one call; the event goes in as it is, apart from everything else."""
    head = f'{{"nonce":"{nonce}","context":{_encode(context)}}}'.encode()
    length = _KIND_AND_LENGTH + len(head) + len(event_json)
    return b"".join((_HEADER.pack(length, CALL, len(head)), head, event_json))


def compile_frame(source: bytes, nonce: str, limits: Limits, allowance: Limits) -> bytes:
    """Return the frame that asks for a compilation, which itself may take `allowance`."""
    head: dict[str, JSON] = {
        "nonce": nonce,
        "source_bytes": limits.source_bytes,
        "ast_nodes": limits.ast_nodes,
        "ast_depth": limits.ast_depth,
        "memory_bytes": allowance.memory_bytes,
        "cpu_s": math.ceil(allowance.cpu_s) + 1,
    }
    return frame(COMPILE, _with_head(head, source))
