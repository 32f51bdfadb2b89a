"""The least that an import can be: ask, read the JSON, and insert it as it came, by its id.

It parses no mail, follows no change, tells nobody and could not go on after an interruption. What
it asks for is what our adapters ask for, in batches of the same size.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from bench.provider import Provider
from jobs.providers.answer import Answer
from jobs.providers.google.batch import CONTENT_TYPE, batch_answers, batch_body
from jobs.providers.google.methods import BATCH_PATH, EVENTS, MESSAGE, MESSAGES
from jobs.providers.microsoft.methods import BATCH_PATH as GRAPH_BATCH_PATH
from jobs.providers.microsoft.methods import DELTA, FOLDERS, WINDOW
from jobs.providers.microsoft.window import window_at

Item: TypeAlias = Mapping[str, Any]
Pages: TypeAlias = AsyncIterator[list[Item]]

_GMAIL_BATCH: Final = 100
_GRAPH_BATCH: Final = 20
_PAGED: Final = {"prefer": "odata.maxpagesize=500"}


async def keep(pages: Pages, path: str) -> int:
    """Insert every item into a new SQLite file, one transaction for a page; return how many."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE items (id TEXT PRIMARY KEY, content TEXT NOT NULL)")
    count = 0
    try:
        async for page in pages:
            for item in page:
                row = (item["id"], json.dumps(item))
                connection.execute("INSERT INTO items VALUES (?, ?)", row)
                count += 1
            connection.commit()
    finally:
        connection.close()
    return count


class Bare:
    """Reads an account page by page."""

    def __init__(self, account: Provider) -> None:
        """Read from `account`."""
        self._account = account
        self._head = {"authorization": f"Bearer {account.token}"}

    async def gmail(self) -> Pages:
        """Yield every message."""
        params = {"maxResults": "500"}
        while True:
            listed = await self._get(MESSAGES.path, params)
            ids = [each["id"] for each in listed.get("messages", ())]
            for some in _portions(ids, _GMAIL_BATCH):
                yield await self._gmail_batch(some)
            if "nextPageToken" not in listed:
                return
            params["pageToken"] = listed["nextPageToken"]

    async def _gmail_batch(self, ids: list[str]) -> list[Item]:
        paths = [f"{MESSAGE.path}{each}?format=full" for each in ids]
        response = await self._account.client.post(
            BATCH_PATH,
            content=batch_body(paths),
            headers={**self._head, "content-type": CONTENT_TYPE},
        )
        answer = Answer(response.status_code, dict(response.headers.items()), response.content)
        return [json.loads(each.body) for each in batch_answers(answer, len(ids)).values()]

    async def graph_mail(self) -> Pages:
        """Yield every message of every folder."""
        folders = [each async for page in self._links(FOLDERS.at()) for each in page]
        for folder in folders:
            async for page in self._links(DELTA.at(folder=quote(folder["id"], safe=""))):
                for some in _portions([each["id"] for each in page], _GRAPH_BATCH):
                    yield await self._graph_batch(some)

    async def _graph_batch(self, ids: list[str]) -> list[Item]:
        requests = [
            {"id": each, "method": "GET", "url": f"/me/messages/{quote(each, safe='')}"}
            for each in ids
        ]
        response = await self._account.client.post(
            GRAPH_BATCH_PATH, json={"requests": requests}, headers=self._head
        )
        return [each["body"] for each in json.loads(response.content)["responses"]]

    async def google_calendar(self) -> Pages:
        """Yield every event."""
        params = {"maxResults": "2500"}
        while True:
            listed = await self._get(EVENTS.path, params)
            yield listed["items"]
            if "nextPageToken" not in listed:
                return
            params["pageToken"] = listed["nextPageToken"]

    async def graph_calendar(self) -> Pages:
        """Yield every event in the window that our adapter looks at, and each series."""
        window = window_at(self._account.clock.now())
        async for page in self._links(WINDOW.at(), window.params):
            yield page

    async def _links(self, path: str, params: Mapping[str, str] | None = None) -> Pages:
        following: str | None = path
        while following is not None:
            fields = await self._get(following, params)
            yield fields["value"]
            following, params = fields.get("@odata.nextLink"), None

    async def _get(self, path: str, params: Mapping[str, str] | None) -> Any:
        response = await self._account.client.get(
            path, params=params, headers={**self._head, **_PAGED}
        )
        return json.loads(response.raise_for_status().content)


def _portions(ids: list[str], size: int) -> Iterable[list[str]]:
    return (ids[begin : begin + size] for begin in range(0, len(ids), size))
