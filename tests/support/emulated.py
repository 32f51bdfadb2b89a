"""What emulated providers lack, made up from what they have, so that our adapters can read them.

A transport answers the few requests that an emulator does not know, by asking it others. It is
made of the emulator's words alone: nothing of our simulator is in it.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

import httpx2

_ROOT = "/v1.0/me"
_FOLDERS, _MESSAGES = f"{_ROOT}/mailFolders", "/messages/delta"
_PROFILE, _HISTORY = "/gmail/v1/users/me/profile", "/gmail/v1/users/me/history"


class _Mended(httpx2.AsyncBaseTransport):
    def __init__(self) -> None:
        self._inner = httpx2.AsyncHTTPTransport()

    async def _at(self, request: httpx2.Request, path: str, **query: str) -> httpx2.Response:
        """Return what is answered at another path to whoever makes this request."""
        url = request.url.copy_with(path=path, params=query)
        headers = {"authorization": request.headers["authorization"]}
        response = await self._inner.handle_async_request(
            httpx2.Request("GET", url, headers=headers)
        )
        await response.aread()
        return response

    async def _all(self, request: httpx2.Request, path: str, **query: str) -> list[Any]:
        response = await self._at(request, path, **query)
        assert response.status_code == 200, response.text
        return cast("list[Any]", response.json()["value"])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class MendedGmail(_Mended):
    """Gmail with a profile: the history id of now is the one that the history ends with."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer."""
        if request.url.path != _PROFILE:
            return await self._inner.handle_async_request(request)
        history = await self._at(request, _HISTORY, startHistoryId="0")
        return httpx2.Response(200, json={"historyId": history.json()["historyId"]})


class MendedGraph(_Mended):
    """Graph with batches of reads, bytes of files, and delta made by listing again.

    A walk names everything in a folder each time, and what was there the time before and is not
    any more as removed.
    """

    def __init__(self) -> None:
        """Have told nothing yet."""
        super().__init__()
        self._told: dict[str, set[str]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer."""
        path = request.url.path
        if path == "/v1.0/$batch":
            return await self._batch(request)
        if path.endswith("/$value"):
            file = await self._at(request, path.removesuffix("/$value"))
            return httpx2.Response(200, content=base64.b64decode(file.json()["contentBytes"]))
        if path == f"{_FOLDERS}/delta":
            return self._walked(request, await self._folders(request))
        if path == f"{_ROOT}/calendarView/delta":
            window = dict(request.url.params)
            found = await self._all(request, f"{_ROOT}/calendar/calendarView", **window)
            return self._walked(request, found)
        if path.endswith(_MESSAGES):
            return self._walked(request, await self._messages(request))
        return await self._inner.handle_async_request(request)

    async def _folders(self, request: httpx2.Request) -> list[Any]:
        return await self._all(request, _FOLDERS)

    async def _messages(self, request: httpx2.Request) -> list[Any]:
        path = request.url.path
        found = await self._all(request, path.removesuffix("/delta"), **{"$top": "500"})
        present = {one["id"] for one in found}
        gone = self._told.get(path, set()) - present
        self._told[path] = present
        return [*found, *({"id": one, "@removed": {"reason": "deleted"}} for one in sorted(gone))]

    @staticmethod
    def _walked(request: httpx2.Request, value: list[Any]) -> httpx2.Response:
        link = str(request.url.copy_with(params={"$deltatoken": "again"}))
        return httpx2.Response(200, json={"value": value, "@odata.deltaLink": link})

    async def _batch(self, request: httpx2.Request) -> httpx2.Response:
        responses: list[Mapping[str, object]] = []
        for part in json.loads(request.content)["requests"]:
            path, _, _ = part["url"].partition("?")
            answer = await self._at(request, f"/v1.0{path}")
            body = answer.json() if answer.content else None
            responses.append({"id": part["id"], "status": answer.status_code, "body": body})
        return httpx2.Response(200, json={"responses": responses})
