"""One request and its answer as values, which HTTP, ASGI and a batch's parts all become."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast

from sanderling.simulator.core.faults import FaultKind

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
JSON_TYPE = "application/json; charset=UTF-8"


class Manner(StrEnum):
    """How an answer travels."""

    WHOLE = "whole"
    RESET = "reset"
    """The connection breaks before a byte of it."""
    DRIP = "drip"
    """It comes in small pieces, with pauses."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `path` is decoded, the names of `headers` are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    base_url: str = ""
    """Where the asker reached the site, without a path; absolute links start with it."""
    fault: FaultKind | None = None
    """What goes wrong with this request, where its handler has to play it."""

    def one(self, name: str) -> str | None:
        """Return the last value of a query parameter, which is the one that counts."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a repeated query parameter."""
        return tuple(value for key, value in self.query if key == name)

    def json(self) -> Any:
        """Return the body as JSON, or None where it is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    def json_object(self) -> dict[str, Any] | None:
        """Return the body as a JSON object, or None where it is none."""
        value = self.json()
        return cast("dict[str, Any]", value) if isinstance(value, dict) else None

    @property
    def bearer(self) -> str:
        """The access token that was shown, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    manner: Manner = Manner.WHOLE
    awaiting: "Callable[[], Awaitable[Answer]] | None" = None
    """Asks somebody else first, and returns the answer that this one only stands for."""

    def having(self, **headers: str) -> "Answer":
        """Return it with more headers, `_` standing for `-`."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


RESET = Answer(status=0, manner=Manner.RESET)


def encoded(value: object) -> bytes:
    """Return a value as compact JSON."""
    return _ENCODER.encode(value).encode()


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer with a value as JSON; bytes are JSON already."""
    body = value if isinstance(value, bytes) else encoded(value)
    return Answer(status, body, {"content-type": JSON_TYPE})


def html_answer(text: str, status: int = 200) -> Answer:
    """Answer with a page."""
    return Answer(status, text.encode(), {"content-type": "text/html; charset=UTF-8"})


def redirect(url: str) -> Answer:
    """Send a browser elsewhere."""
    return Answer(302, b"", {"location": url})
