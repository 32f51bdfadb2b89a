"""A program that reads accounts with clients of others; it runs in an environment of theirs.

Standard input has base URLs and tokens as JSON, standard output what was read.
"""

import asyncio
import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Read what was asked for and print it."""
    given = json.load(sys.stdin)
    read = _graph if given["service"] == "graph" else _calendar
    json.dump(read(given["base_url"], given["access_token"]), sys.stdout)


def _graph(base_url: str, token: str) -> dict[str, Any]:
    """Read Graph with O365, which follows pages by itself."""
    library = import_module("O365")
    protocol = library.MSGraphProtocol()
    protocol.service_url = f"{base_url}/v1.0/"
    account = library.Account(("client", "secret"), protocol=protocol)
    account.con.requests_delay = 0
    session = account.con.get_session()
    session.headers["Authorization"] = f"Bearer {token}"
    account.con.session = session
    mailbox = account.mailbox()
    return {
        "folders": sorted(folder.name for folder in mailbox.get_folders()),
        "inbox": sorted(
            (message.object_id, message.subject, message.is_read)
            for message in mailbox.inbox_folder().get_messages(limit=None, batch=7)
        ),
        "calendars": [calendar.name for calendar in account.schedule().list_calendars()],
    }


def _calendar(base_url: str, token: str) -> dict[str, Any]:
    return asyncio.run(_synced(base_url, token))


async def _synced(base_url: str, token: str) -> dict[str, Any]:
    """Sync a calendar three times with gcal_sync; the test changes it in between."""
    api, sync = import_module("gcal_sync.api"), import_module("gcal_sync.sync")
    auth, aiohttp = import_module("gcal_sync.auth"), import_module("aiohttp")
    store = import_module("gcal_sync.store").InMemoryCalendarStore()

    async def shown(_: object) -> str:
        return token

    kind = type("Auth", (auth.AbstractAuth,), {"async_get_access_token": shown})
    async with aiohttp.ClientSession() as session:
        service = api.GoogleCalendarService(kind(session, f"{base_url}/calendar/v3"))
        manager = sync.CalendarEventSyncManager(service, "primary", store)
        found: list[list[str]] = []
        for _ in range(3):
            await manager.run()
            (kept,) = (await store.async_load())["event_sync"].values()
            found.append(sorted(kept["items"]))
    return {"ids": found}


if __name__ == "__main__":
    main()
