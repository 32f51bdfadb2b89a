"""Faults under the real boto3 client: what AWS answers and no emulator does."""

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse  # type: ignore[import-untyped] # it has no types.


class _Body:
    """A body as urllib3 would give it."""

    def __init__(self, content: bytes) -> None:
        """Keep the content."""
        self._content = content

    def stream(self, *_: object, **__: object) -> Generator[bytes]:
        """Yield all of it."""
        yield self._content


def answer(status: int, code: str, message: str = "", **headers: str) -> Any:
    """Return what makes AWS answer so."""
    return (status, code, message, headers)


@contextmanager
def injected(client: Any, operation: str, answers: Iterable[Any]) -> Generator[list[str]]:
    """Give `answers` in turn instead of sending; yield a list that grows by every request.

    An answer that is None lets the request through, an exception is raised.
    """
    queue, seen = list(answers), list[str]()

    def give(request: Any, **_: object) -> Any:
        seen.append(operation)
        told = queue.pop(0) if queue else None
        if told is None or isinstance(told, Exception):
            if told is not None:
                raise told
            return None
        status, code, message, headers = told
        body = json.dumps({"Type": "User", "message": message, "Message": message}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        all_headers = {"x-amzn-errortype": code, "content-type": "application/json", **named}
        return AWSResponse(request.url, status, all_headers, _Body(body))

    events = client.meta.events
    events.register_first(f"before-send.lambda.{operation}", give, unique_id="injected")
    try:
        yield seen
    finally:
        events.unregister(f"before-send.lambda.{operation}", unique_id="injected")
