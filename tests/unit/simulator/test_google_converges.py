"""Whoever follows Google's rules against the simulated Google ends with what is there.

A client that loses something here would show a fault of the simulator, not of the client.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.google import Google
from support.simulated import START, letter, plan

pytestmark = pytest.mark.slow

LABELS = ("INBOX", "STARRED", "SPAM", "Label_1")
_owners = st.randoms(use_true_random=True)


def _change_mail(google: Google, random: Random) -> None:
    """Let the owner do one thing with the mailbox."""
    mailbox = google.person.mailbox
    numbers = list(mailbox.mails)
    deed = random.randrange(5)
    if deed == 0 or not numbers:
        mailbox.add(letter(), places=frozenset({random.choice(LABELS)}))
        return
    number = random.choice(numbers)
    if deed == 1:
        mailbox.delete(number)
    elif deed == 2:
        mailbox.mark(number, is_read=not mailbox.get(number).is_read)
    else:
        add, remove = (frozenset(random.sample(LABELS, random.randrange(3))) for _ in range(2))
        mailbox.place(number, add=add, remove=remove)


def _change_agenda(google: Google, random: Random) -> None:
    """Let the owner do one thing with the calendar."""
    agenda = google.person.agenda
    living = [kept.number for kept in agenda.meetings.values() if not kept.is_cancelled]
    deed = random.randrange(3)
    if deed == 0 or not living:
        agenda.add(plan(), at=START)
    elif deed == 1:
        agenda.cancel(random.choice(living), at=START)
    else:
        title = f"Changed {random.randrange(1000)}"
        agenda.edit(random.choice(living), replace(plan(), title=title), at=START)


def _acting(google: Google, random: Random, act: Callable[[Google, Random], None]) -> None:
    """Let the owner act between any two requests."""

    def between(*_: object) -> None:
        for _act in range(random.randrange(3)):
            act(google, random)

    google.site.on_served = between


def _scan(google: Google) -> dict[str, frozenset[str]]:
    """Return the labels of every message that a full round finds."""
    found: dict[str, frozenset[str]] = {}
    listed = google.all_pages(
        "/gmail/v1/users/me/messages", "messages", maxResults=3, includeSpamTrash="true"
    )
    for item in listed:
        answer = google.ask("GET", f"/gmail/v1/users/me/messages/{item['id']}", format="minimal")
        if answer.status == 200:
            found[item["id"]] = frozenset(json.loads(answer.body)["labelIds"])
    return found


def _apply_history(google: Google, start: str, local: dict[str, frozenset[str]]) -> str:
    """Bring what a client has up to date by history, and return where it stands then."""
    params: dict[str, object] = {"startHistoryId": start, "maxResults": 2}
    while True:
        page = google.mailbox("history", **params)
        for record in page.get("history", []):
            for kind in ("messagesAdded", "labelsAdded", "labelsRemoved"):
                for change in record.get(kind, []):
                    message = change["message"]
                    local[message["id"]] = frozenset(message["labelIds"])
            for change in record.get("messagesDeleted", []):
                local.pop(change["message"]["id"], None)
        if "nextPageToken" not in page:
            return str(page["historyId"])
        params["pageToken"] = page["nextPageToken"]


@given(_owners)
def test_a_mailbox_that_changes_all_the_time_is_followed(random: Random) -> None:
    """A full round, then history from before it, gives every message with its labels."""
    google = Google()
    for _ in range(8):
        _change_mail(google, random)
    start = google.mailbox("profile")["historyId"]
    _acting(google, random, _change_mail)

    local = _scan(google)
    start = _apply_history(google, start, local)
    start = _apply_history(google, start, local)
    google.site.on_served = None
    _apply_history(google, start, local)

    assert local == _scan(google)
    assert local.keys() == {
        google.world.naming.mail(google.person, number) for number in google.person.mailbox.mails
    }


@given(_owners)
def test_a_calendar_that_changes_all_the_time_is_followed(random: Random) -> None:
    """Rounds with sync tokens, in small pages, give every event that still takes place."""
    google = Google()
    for _ in range(8):
        _change_agenda(google, random)
    _acting(google, random, _change_agenda)
    local: dict[str, Any] = {}

    token = _round(google, local, {})
    for _ in range(2):
        token = _round(google, local, {"syncToken": token})
    google.site.on_served = None
    _round(google, local, {"syncToken": token})

    whole: dict[str, Any] = {}
    _round(google, whole, {})
    assert local == whole


def _round(google: Google, local: dict[str, Any], params: dict[str, object]) -> str:
    """Bring what a client has up to date, and return the token of the next round."""
    more: dict[str, object] = {}
    while True:
        page = google.events(maxResults=2, **params, **more)
        for item in page["items"]:
            if item["status"] == "cancelled":
                local.pop(item["id"], None)
            else:
                local[item["id"]] = item
        if "nextSyncToken" in page:
            return str(page["nextSyncToken"])
        more = {"pageToken": page["nextPageToken"]}
