"""What a caller is told of its call, as bytes that can be kept and told again."""

import json
from functools import lru_cache

from runner.call import CallRecord
from runner.outcome_json import outcome_json, outcome_text
from sanderling.kernel.jsontext import JSON, InvalidJSON, encode

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def answer_json(record: CallRecord) -> bytes:
    """Return a finished call as its caller gets it: its outcome, its id and what it ran."""
    called = called_text(record.function_name, record.version)
    try:
        return outcome_text(record.outcome, b'"call_id":%b,%b' % (encode(record.id), called))
    except InvalidJSON:
        # Half a surrogate pair in a guest's text: rare, and worth a slower way.
        return _replaced(record)


@lru_cache(1024)
def called_text(name: str, version: int | None) -> bytes:
    """Return the members that name what was called, as they stand between braces."""
    return encode({"function": name, "version": version})[1:-1]


def _replaced(record: CallRecord) -> bytes:
    members: dict[str, JSON] = outcome_json(record.outcome._replace(result_json=None))
    members |= {
        "call_id": record.id,
        "function": record.function_name,
        "version": record.version,
    }
    del members["result"]
    text = _ENCODER.encode(members).encode(errors="replace")
    return b'%b,"result":%b}' % (text[:-1], record.outcome.result_json or b"null")
