"""A program that reads a whole account with Google's own client; it runs in that environment.

Standard input has the base URL and the tokens as JSON, standard output what was read.
"""

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Read everything and print it."""
    given = json.load(sys.stdin)
    gmail, calendar = (_service(name, given) for name in ("gmail", "calendar"))
    profile = gmail.users().getProfile(userId="me").execute()
    ids = _all_ids(gmail)
    read = {
        "profile": profile,
        "ids": ids,
        "messages": _batched(gmail, ids),
        "history": _history(gmail, given["start_history_id"]),
        "labels": gmail.users().labels().list(userId="me").execute()["labels"],
        "refused": _refused(gmail),
        **_calendar(calendar),
    }
    json.dump(read, sys.stdout)


def _service(name: str, given: dict[str, Any]) -> Any:
    credentials = import_module("google.oauth2.credentials").Credentials(
        given["access_token"],
        refresh_token=given["refresh_token"],
        token_uri=f"{given['base_url']}/token",
        client_id=given["client_id"],
        client_secret=given["client_secret"],
    )
    document = {**given["documents"][name], "rootUrl": f"{given['base_url']}/"}
    build = import_module("googleapiclient.discovery").build_from_document
    return build(document, credentials=credentials)


def _all_ids(gmail: Any) -> list[str]:
    messages = gmail.users().messages()
    request = messages.list(userId="me", maxResults=40, includeSpamTrash=True)
    found: list[str] = []
    while request is not None:
        page = request.execute()
        found += [item["id"] for item in page.get("messages", [])]
        request = messages.list_next(request, page)
    return found


def _batched(gmail: Any, ids: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def keep(identity: str, message: Any, error: Any) -> None:
        found[identity] = error.resp.status if error is not None else message

    for start in range(0, len(ids), 50):
        batch = gmail.new_batch_http_request(callback=keep)
        for identity in [*ids[start : start + 50], f"ff{start}"]:
            request = gmail.users().messages().get(userId="me", id=identity, format="full")
            batch.add(request, request_id=identity)
        batch.execute()
    return found


def _history(gmail: Any, start: str) -> list[Any]:
    history = gmail.users().history()
    request = history.list(userId="me", startHistoryId=start, maxResults=2)
    found: list[Any] = []
    while request is not None:
        page = request.execute()
        found += page.get("history", [])
        request = history.list_next(request, page)
    return found


def _refused(gmail: Any) -> list[object]:
    error = import_module("googleapiclient.errors").HttpError
    try:
        gmail.users().history().list(userId="me", startHistoryId="1").execute()
    except error as refused:
        return [refused.resp.status, refused.error_details[0]["reason"]]
    return []


def _calendar(calendar: Any) -> dict[str, Any]:
    events = calendar.events()
    request = events.list(calendarId="primary", maxResults=20, showDeleted=True)
    found: list[Any] = []
    page: dict[str, Any] = {}
    while request is not None:
        page = request.execute()
        found += page["items"]
        request = events.list_next(request, page)
    token = page["nextSyncToken"]
    again = events.list(calendarId="primary", syncToken=token).execute()
    series = next(item for item in found if "recurrence" in item)
    instances = events.instances(calendarId="primary", eventId=series["id"]).execute()
    return {
        "events": found,
        "again": again["items"],
        "instances": instances["items"],
        "one": events.get(calendarId="primary", eventId=found[0]["id"]).execute(),
    }


if __name__ == "__main__":
    main()
