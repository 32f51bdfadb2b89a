"""Writes what the runner is sent and reads what it answers, believing nothing.

A request has `v` (1), `do` (call or compile), `nonce`, `event`, `context`, `wall_s`, and for the
shared runner `function`: its source with what `function.json` would hold. An answer has `v`,
`stage` (call or compile), `ending` in the words of `Ending` or `too_large` with `size`, `kind` and
`body` of the answering frame, `log`, `dropped_bytes`, `violation`, the wait `status` of a worker
that died, `cpu_s`, `wall_s`, `peak_bytes`, the `layers` that held, `python` and `is_cold`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from drivers.aws_lambda.bundle import about_function
from drivers.guest.layers import LANGUAGE, LAYERS
from drivers.limits import Limits
from drivers.port import Artifact
from drivers.replies.exchange import Death, Ending, Reply
from sanderling.kernel.jsontext import JSON, InvalidJSON, decode

MOST_PAYLOAD_BYTES = 6 * 1024 * 1024
"""What AWS Lambda takes in one request."""

COMPILE_NONCE = b"0" * 16
"""The nonce that the runner compiles under; an answer to it holds nothing to mix up."""

_VERSION = 1
_MOST_TEXT = 200
# What is counted ends in databases and in JSON, which both hold it exactly up to here.
_MOST_COUNTED = 1 << 53
_MOST_STATUS = 0xFFFF


class Stage(Enum):
    """What the runner was at when it answered."""

    CALL = "call"
    COMPILE = "compile"


class EnvelopeBroken(Exception):
    """What came back is no envelope of our runner."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer of the runner; `size` is there when it was too large to be sent."""

    stage: Stage
    reply: Reply
    layers: tuple[str, ...]
    python: str
    is_cold: bool
    size: int | None = None


def function_of_artifact(artifact: Artifact) -> dict[str, object]:
    """Return the member `function` that brings `artifact` along."""
    source = artifact.source
    return {**about_function(source, artifact.limits), "source": source}


def call_request(
    event_json: bytes,
    context: Mapping[str, JSON],
    *,
    nonce: bytes,
    wall_s: float,
    function: Mapping[str, object] | None = None,
) -> bytes:
    """Return the request for one call; the event goes in as it is."""
    members: dict[str, object] = {
        "v": _VERSION,
        "do": Stage.CALL.value,
        "nonce": nonce.decode(),
        "context": dict(context),
        "wall_s": wall_s,
    }
    if function is not None:
        members["function"] = function
    head = json.dumps(members, separators=(",", ":")).encode()
    # The event comes first, so that whatever it is the members after it count.
    return b'{"event":' + event_json + b"," + head[1:]


def compile_request(function: Mapping[str, object] | None = None) -> bytes:
    """Return the request to say whether the function compiles."""
    members: dict[str, object] = {"v": _VERSION, "do": Stage.COMPILE.value}
    if function is not None:
        members["function"] = function
    return json.dumps(members).encode()


def read_answer(payload: bytes, limits: Limits) -> Envelope:
    """Return what the runner answered.

    Raises:
        EnvelopeBroken: it is no answer of our runner.

    """
    try:
        members = decode(payload)
    except InvalidJSON as refused:
        raise EnvelopeBroken from refused
    if not isinstance(members, dict) or members.get("v") != _VERSION:
        raise EnvelopeBroken
    try:
        return _read(members, limits)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise EnvelopeBroken from wrong


def _read(members: dict[str, Any], limits: Limits) -> Envelope:
    size: int | None = None
    ending = members["ending"]
    if ending == "too_large":
        size, ending = _whole(members["size"]), Ending.ANSWERED.value
    status, peak_bytes = members["status"], _whole(members["peak_bytes"])
    log = _text(members["log"]).encode("utf-8", "replace")[: limits.log_bytes]
    reply = Reply(
        ending=Ending(ending),
        kind=_whole(members["kind"]),
        body=_text(members["body"]).encode("utf-8", "replace"),
        log_parts=[log],
        dropped_bytes=_whole(members["dropped_bytes"]),
        violation=_text(members["violation"])[:_MOST_TEXT],
        cpu_s=_seconds(members["cpu_s"]),
        memory_bytes=peak_bytes,
        wall_s=_seconds(members["wall_s"]),
        death=None
        if status is None
        else Death(_whole(status, most=_MOST_STATUS), peak_bytes, _seconds(members["cpu_s"])),
    )
    told = members["layers"]
    if not isinstance(told, list):
        raise EnvelopeBroken
    return Envelope(
        stage=Stage(members["stage"]),
        reply=reply,
        # It would not run anything had the language layer a flaw.
        layers=tuple(name for name in LAYERS if name == LANGUAGE or name in told),
        python=_text(members["python"])[:_MOST_TEXT],
        is_cold=members["is_cold"] is True,
        size=size,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object, *, most: int = _MOST_COUNTED) -> int:
    if type(value) is not int or not 0 <= value < most:
        raise TypeError
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value >= _MOST_COUNTED:
        raise TypeError
    return float(max(0, value))
