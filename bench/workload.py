"""The work that every peer does: a 1 KB JSON event, a sum of 50 numbers, a small result."""

import json

SOURCE = """\
def handler(event, context):
    total = sum(event["numbers"])
    return {"id": event["id"], "total": total}
"""

EVENT_JSON = json.dumps(
    {
        "id": "order-2026-11-0000042",
        "customer": {"name": "Anneliese Weiss", "city": "Stuttgart", "plan": "enterprise"},
        "numbers": [17 * index % 1000 for index in range(50)],
        "tags": [f"tag-{index:03d}" for index in range(40)],
        "note": "The quick brown sanderling runs along the edge of every wave. " * 4,
    },
    separators=(",", ":"),
).encode()

RESULT = {"id": "order-2026-11-0000042", "total": 20825}
RESULT_JSON = json.dumps(RESULT, separators=(",", ":")).encode()


class WrongResultError(Exception):
    """A peer did other work than it was asked for, so its times mean nothing."""


def check(result_json: bytes, *, peer: str) -> None:
    """Return when the result is the expected one.

    Raises:
        WrongResultError: it is not.

    """
    if json.loads(result_json) != RESULT:
        raise WrongResultError(f"{peer} returned {result_json[:200]!r}")
