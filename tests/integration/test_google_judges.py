"""Google's descriptions and Google's client find nothing wrong with the simulated Google."""

import json
from typing import Any

import pytest

from jobs.providers.google.methods import METHODS
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.oauth import Client
from sanderling.simulator.google.gmail_watch import TOPIC, GmailWatches
from sanderling.simulator.google.scopes import ALLOWING
from support.google import AUTH, SCOPES, Google
from support.google_client import description, document, read_with_googles_client
from support.google_judge import Judge
from support.loopback import serving
from support.simulated import letter

pytestmark = pytest.mark.slow

INBOX = frozenset({"INBOX"})
EVENTS = "/calendar/v3/calendars/primary/events"
WIDE = SCOPES | {f"{AUTH}/calendar.readonly"}


@pytest.fixture
def judge() -> Judge:
    """Return a judge who has heard nothing yet."""
    return Judge()


def _read_mail(google: Google) -> None:
    start = google.mailbox("profile")["historyId"]
    mailbox = google.person.mailbox
    mail = mailbox.add(letter("Grüße"), places=INBOX)
    mailbox.place(mail.number, add=frozenset({"STARRED", "Label_2"}), remove=INBOX)
    mailbox.mark(mail.number, is_read=True)
    mailbox.edit(mail.number, letter("Neu"))
    mailbox.delete(mail.number)
    google.mailbox("history", startHistoryId=start, historyTypes=["messageAdded", "labelAdded"])
    google.all_pages("/gmail/v1/users/me/history", "history", startHistoryId=start, maxResults=2)
    listed = google.all_pages(
        "/gmail/v1/users/me/messages", "messages", maxResults=40, includeSpamTrash="true"
    )
    for item in listed:
        for form in ("full", "metadata", "minimal", "raw"):
            message = google.mailbox(f"messages/{item['id']}", format=form)
            for part in message.get("payload", {}).get("parts", []):
                if "attachmentId" in part["body"]:
                    identity = part["body"]["attachmentId"]
                    google.mailbox(f"messages/{item['id']}/attachments/{identity}")
    for thread in {item["threadId"] for item in listed}:
        google.mailbox(f"threads/{thread}", format="full")
    google.mailbox("labels")
    google.mailbox("settings/sendAs")
    google.post("/gmail/v1/users/me/watch", {"topicName": TOPIC})
    google.post("/gmail/v1/users/me/stop", {})


def _read_calendar(google: Google) -> None:
    items: list[Any] = google.all_pages(EVENTS, "items", maxResults=50, showDeleted="true")
    for item in items:
        google.get(f"{EVENTS}/{item['id']}")
        if "recurrence" in item:
            google.get(f"{EVENTS}/{item['id']}/instances", maxResults=20)
    window = {"timeMin": "2026-11-01T00:00:00Z", "timeMax": "2026-12-31T00:00:00+01:00"}
    google.events(singleEvents="true", orderBy="startTime", **window)
    google.get("/calendar/v3/users/me/calendarList")
    google.get("/calendar/v3/calendars/primary")
    channel = {"id": "c", "type": "web_hook", "address": "https://a.example/"}
    opened = json.loads(google.post(f"{EVENTS}/watch", channel).body)
    google.post("/calendar/v3/channels/stop", opened)
    google.post("/calendar/v3/channels/stop", opened)


def test_every_answer_is_as_google_describes_it(judge: Judge) -> None:
    """No unknown member, no number out of range, no moment without zone, for every method."""
    google = Google(mails=150, meetings=150, scopes=WIDE)
    google.site.on_served = judge

    _read_mail(google)
    _read_calendar(google)

    assert judge.wrong == []
    assert judge.heard == {*ALLOWING}


def test_every_refusal_has_googles_form(judge: Judge) -> None:
    """Faults with a status of their own, void tokens and cursors are told in Google's words."""
    google = Google(mails=3)
    google.site.on_served = judge
    kinds = [kind for kind in FaultKind if kind.value[-3:] in {"403", "429", "500", "503"}]
    google.world.faults.script(kinds)

    answers = [google.ask("GET", "/gmail/v1/users/me/profile") for _ in kinds]
    google.refusal("/gmail/v1/users/me/history", startHistoryId="1")
    google.refusal(EVENTS, syncToken="x")
    google.refusal("/calendar/v3/users/me/calendarList")

    assert judge.wrong == []
    assert {answer.status for answer in answers} == {200, 403, 429, 500, 503}


def test_each_method_is_opened_by_the_scopes_that_google_names() -> None:
    """Nothing is opened by a scope that Google does not name, nor closed to one that it does."""
    methods = {**description("gmail.v1").methods, **description("calendar.v3").methods}
    ours = {name: {*scopes} for name, scopes in ALLOWING.items()}
    addons = "gmail.addons"

    named = {
        name: {scope for scope in methods[name]["scopes"] if addons not in scope} for name in ours
    }

    assert ours == named


def test_what_we_use_is_opened_by_scopes_that_google_names() -> None:
    """Scopes that we take to suffice for a method suffice, so that nobody consents in vain."""
    methods = {**description("gmail.v1").methods, **description("calendar.v3").methods}

    unnamed = {used.id: {*used.scopes}.difference(methods[used.id]["scopes"]) for used in METHODS}

    assert unnamed == {used.id: set[str]() for used in METHODS}


def test_what_pubsub_sends_is_as_google_describes_it() -> None:
    """A message has no member that Pub/Sub does not have, and each in its form."""
    google = Google()
    notice = GmailWatches(google.world).notice(google.person)
    told = json.loads(notice.body)

    # Pub/Sub sends both spellings of these two.
    message = {key: value for key, value in told["message"].items() if "_" not in key}

    assert description("pubsub.v1").wrong_with("PubsubMessage", message) == []
    assert told.keys() == {"message", "subscription"}
    assert {"data", "messageId", "publishTime"} == message.keys()


def test_a_judge_is_strict() -> None:
    """What Google would not answer is found, so that finding nothing means something."""
    gmail = description("gmail.v1")

    def wrong(value: object) -> list[str]:
        return gmail.wrong_with_answer("gmail.users.getProfile", value)

    assert wrong({"emailAddress": "a@b", "historyId": "18446744073709551615"}) == []
    assert wrong({"historyId": "18446744073709551616"})
    assert wrong({"historyId": 7})
    assert wrong({"messagesTotal": "7"})
    assert wrong({"messagesTotal": True})
    assert wrong({"surprise": 1})
    query = (("maxResults", "5"), ("maxResults", "6"), ("wind", "1"), ("historyTypes", "x"))
    assert len(gmail.wrong_with_request("gmail.users.history.list", query)) == 4
    event = {"start": {"dateTime": "2026-12-01T09:00:00"}}
    assert description("calendar.v3").wrong_with_answer("calendar.events.get", event)
    assert gmail.wrong_with_body("gmail.users.watch", {"topic": "projects/p/topics/t"})
    raw = gmail.wrong_with_answer("gmail.users.messages.get", {"raw": "++"})
    assert raw


async def test_googles_own_client_reads_everything() -> None:
    """Pages, batches, history, calendars and a refresh after 401 work without it being bent."""
    google = Google(mails=120, meetings=60)
    mailbox = google.person.mailbox
    start = google.mailbox("profile")["historyId"]
    added = [mailbox.add(letter(), places=INBOX).number for _ in range(5)]
    mailbox.delete(added[0])
    tokens = google.world.oauth.issue(google.person.email, SCOPES)
    google.world.oauth.void(tokens.access_token)

    async with serving(google.site) as base_url:
        read = await read_with_googles_client(
            base_url=base_url,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            client_id=Client().client_id,
            client_secret=Client().secret,
            start_history_id=start,
            documents={"gmail": document("gmail.v1"), "calendar": document("calendar.v3")},
        )

    ids = [google.world.naming.mail(google.person, number) for number in mailbox.mails]
    assert sorted(read["ids"]) == sorted(ids)
    messages = {key: value for key, value in read["messages"].items() if value != 404}
    assert messages == {identity: google.mailbox(f"messages/{identity}") for identity in ids}
    assert len(read["messages"]) > len(messages)
    assert read["history"] == google.mailbox("history", startHistoryId=start)["history"]
    assert read["refused"] == [404, "notFound"]
    assert len(read["events"]) == 60
    assert read["again"] == []
    assert read["one"] == read["events"][0]
    assert read["instances"]
