"""A provider that answers as it should, but for one thing somewhere in one of its answers."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, cast

import httpx2

from sanderling.simulator.core.in_process import InProcess

_DEEP = json.loads("[" * 200 + "]" * 200)
JUNK: list[object] = [
    *(None, True, False, 0, -1, 2**31, 2**63, 10**400, 1.5, float("inf"), float("nan")),
    *("", "x", "\x00", "\ud800", "..", "../..", "/", "?", "#", "\r\nx: y", " ", "é", "x" * 70_000),
    *([], {}, [[]], [{}], {"value": 1}, [None], ["x"], [1, {}], {"": ""}, _DEEP),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-99-99", "99999999999999999"),
    *("https://elsewhere.test/v1.0/x?y=1", "//elsewhere.test/x?y", "/v1.0/x", "http://[", "x?y"),
]


class Hostile(httpx2.AsyncBaseTransport):
    """Spoil one answer of those that a site gives: the `at`-th, at a place that chance names."""

    def __init__(self, site: InProcess, at: int, random: Random) -> None:
        """Answer as `site` does."""
        self._site = site
        self._left = at
        self._random = random

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer."""
        response = await self._site.handle_async_request(request)
        body = await response.aread()
        self._left -= 1
        if self._left != 0:
            return httpx2.Response(response.status_code, headers=response.headers, content=body)
        kept = {"content-type": response.headers.get("content-type", "")}
        return httpx2.Response(response.status_code, headers=kept, content=self._spoiled(body))

    def _spoiled(self, body: bytes) -> bytes:
        try:
            value = json.loads(body)
        except ValueError:
            return self._torn(body)
        holder, key = self._random.choice(list(_places(value)))
        holder[key] = self._random.choice(JUNK)
        return json.dumps(value).encode()

    def _torn(self, body: bytes) -> bytes:
        """Return other bytes in a place or two, which need not be text any more."""
        torn = bytearray(body)
        for _ in range(self._random.randint(1, 8)):
            torn[self._random.randrange(len(torn))] = self._random.randrange(256)
        return bytes(torn)


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each object or list within a value, with each of its keys or places."""
    is_object = isinstance(holder, dict)
    keys = list(cast("dict[str, Any]", holder)) if is_object else range(len(holder))
    for key in keys:
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def texts_in(value: object) -> Iterator[str]:
    """Yield every text that a value of ours holds."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for member in dataclasses.fields(value):
            yield from texts_in(getattr(value, member.name))
    elif isinstance(value, Mapping):
        for pair in cast("Mapping[object, object]", value).items():
            yield from texts_in(pair)
    elif isinstance(value, list | tuple | frozenset | set):
        for each in cast("list[object]", value):
            yield from texts_in(each)
