"""The simulated Gmail behaves as Gmail does where synchronizing depends on it."""

import base64
import json
from dataclasses import replace
from email import message_from_bytes

import pytest

from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.google.gmail_watch import TOPIC
from support.google import AUTH, Google
from support.simulated import letter

INBOX = frozenset({"INBOX"})
MESSAGES = "/gmail/v1/users/me/messages"
HISTORY = "/gmail/v1/users/me/history"


def _ids(found: list[dict[str, str]]) -> list[str]:
    return [item["id"] for item in found]


def test_the_profile_tells_where_history_stands() -> None:
    """Totals and the newest history id, as text, are there."""
    google = Google(mails=20)

    profile = google.mailbox("profile")

    assert profile["messagesTotal"] == 20
    assert profile["emailAddress"] == "ada@example.com"
    assert google.mailbox("history", startHistoryId=profile["historyId"]) == {
        "historyId": profile["historyId"]
    }


def test_pages_hold_every_message_once() -> None:
    """Small pages together list what one large page lists, newest first."""
    google = Google(mails=60)

    paged = google.all_pages(MESSAGES, "messages", maxResults=7, includeSpamTrash="true")

    whole = google.mailbox("messages", maxResults=500, includeSpamTrash="true")["messages"]
    assert paged == whole
    assert len(whole) == 60


def test_no_message_is_skipped_when_others_go_while_pages_are_read() -> None:
    """Deleting what was on the first page moves nothing off the second."""
    google = Google()
    numbers = [google.person.mailbox.add(letter(), places=INBOX).number for _ in range(6)]
    first = google.mailbox("messages", maxResults=3)
    for number in numbers[-3:]:
        google.person.mailbox.delete(number)
    google.person.mailbox.add(letter(), places=INBOX)

    second = google.mailbox("messages", maxResults=3, pageToken=first["nextPageToken"])

    expected = [google.world.naming.mail(google.person, number) for number in numbers[2::-1]]
    assert _ids(second["messages"]) == expected
    assert "nextPageToken" not in second


def test_spam_and_trash_are_listed_for_who_asks() -> None:
    """They are left out unless the flag, a label or the search names them."""
    google = Google()
    mailbox = google.person.mailbox
    for place in ("INBOX", "SPAM", "TRASH"):
        mailbox.add(letter(place), places=frozenset({place}))

    def count(**params: object) -> int:
        return len(google.mailbox("messages", **params).get("messages", []))

    assert count() == 1
    assert count(includeSpamTrash="true") == 3
    assert count(labelIds="SPAM") == 1
    assert count(q="in:anywhere") == 3
    assert count(q="-in:spam") == 1


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("subject:invoice", ["Invoice"]),
        ("from:bo@example.com is:unread", ["Invoice", "Hello"]),
        ("to:ada -subject:invoice", ["Hello", "Old"]),
        ("is:read", ["Old"]),
        ("after:2026/11/01", ["Invoice", "Hello"]),
        ("before:2026/11/01", ["Old"]),
        ("newer_than:5d", ["Invoice", "Hello"]),
        ("older_than:1m", ["Old"]),
        ("after:1780000000", ["Invoice", "Hello"]),
        ("rfc822msgid:<Old@example.com>", ["Old"]),
        ("has:attachment", []),
        ('"Text"', ["Invoice", "Hello", "Old"]),
        ("label:INBOX category:promotions", []),
        ("in:sent", []),
    ],
)
def test_searches_find_what_they_name(query: str, subjects: list[str]) -> None:
    """The operators that programs use do what they do at Google."""
    google = Google()
    mailbox = google.person.mailbox
    old = letter("Old")
    mailbox.add(replace(old, sent_at=old.sent_at.replace(month=3)), places=INBOX, is_read=True)
    mailbox.add(letter("Hello"), places=INBOX)
    mailbox.add(letter("Invoice"), places=INBOX)

    found = google.mailbox("messages", q=query).get("messages", [])

    mails = [google.mailbox(f"messages/{identity}") for identity in _ids(found)]
    assert [mail["snippet"] for mail in mails] == ["Text"] * len(subjects)
    headers = [{h["name"]: h["value"] for h in mail["payload"]["headers"]} for mail in mails]
    assert [header["Subject"] for header in headers] == subjects


@pytest.mark.parametrize("query", ["wind:north", "after:soon", "older_than:x", "has:charm"])
def test_a_search_that_is_not_understood_is_refused(query: str) -> None:
    """Nothing is found by accident."""
    assert Google().refusal(MESSAGES, q=query) == (400, "invalidArgument")


def test_every_format_tells_what_it_should() -> None:
    """Minimal has no payload, metadata has headers alone, full has parts, raw is RFC 822."""
    google = Google(mails=200)
    mails = google.person.mailbox.mails.values()
    mail = next(kept for kept in mails if kept.letter.files and kept.letter.html)
    path = f"messages/{google.world.naming.mail(google.person, mail.number)}"

    minimal, metadata, full, raw = (
        google.mailbox(path, format=form) for form in ("minimal", "metadata", "full", "raw")
    )
    one = google.mailbox(path, format="metadata", metadataHeaders=["subject", "From"])

    assert "payload" not in minimal
    assert "parts" not in metadata["payload"]
    assert {header["name"] for header in one["payload"]["headers"]} == {"Subject", "From"}
    body, *files = full["payload"]["parts"]
    plain = body["parts"][0]["body"]["data"]
    assert base64.urlsafe_b64decode(plain).decode() == mail.letter.text
    assert [part["filename"] for part in files] == [file.name for file in mail.letter.files]
    message = message_from_bytes(base64.urlsafe_b64decode(raw["raw"]))
    assert message["Message-ID"] == mail.letter.rfc_message_id
    attachment = files[0]["body"]
    content = google.mailbox(f"{path}/attachments/{attachment['attachmentId']}")
    assert base64.urlsafe_b64decode(content["data"]) == mail.letter.files[0].content()
    assert content["size"] == attachment["size"]
    assert google.refusal(f"{MESSAGES}/1/attachments/x") == (404, "notFound")
    attachment_path = f"/gmail/v1/users/me/{path}/attachments/x"
    assert google.refusal(attachment_path) == (400, "invalidArgument")


def test_only_the_fields_that_were_asked_for_come() -> None:
    """Masks reach into lists and objects, for messages, lists and threads."""
    google = Google()
    mail = google.person.mailbox.add(letter(), places=INBOX)
    identity = google.world.naming.mail(google.person, mail.number)

    one = google.mailbox(f"messages/{identity}", fields="id,payload(mimeType,headers/name)")
    listed = google.mailbox("messages", fields="messages/id")
    thread = google.mailbox(f"threads/{identity}", fields="messages(id,labelIds)")

    assert set(one) == {"id", "payload"}
    assert set(one["payload"]) == {"mimeType", "headers"}
    assert {"name": "Subject"} in one["payload"]["headers"]
    assert listed == {"messages": [{"id": identity}]}
    assert thread == {"messages": [{"id": identity, "labelIds": ["INBOX", "UNREAD"]}]}
    assert google.mailbox(f"messages/{identity}", fields="*")["id"] == identity
    for wrong in ("id(", "a,,b", "a/", "id)", "%"):
        assert google.refusal(MESSAGES, fields=wrong) == (400, "invalidArgument")


def test_a_thread_has_its_messages_in_order() -> None:
    """Replies come after what they answer, and a thread without messages is not found."""
    google = Google()
    first = google.person.mailbox.add(letter(), places=INBOX)
    google.person.mailbox.add(letter("Re: Hello"), places=INBOX, thread=first.number)
    identity = google.world.naming.mail(google.person, first.number)

    thread = google.mailbox(f"threads/{identity}", format="minimal")

    assert [message["threadId"] for message in thread["messages"]] == [identity, identity]
    assert thread["historyId"] == thread["messages"][-1]["historyId"]
    assert google.refusal("/gmail/v1/users/me/threads/1") == (404, "notFound")
    assert google.refusal(f"{MESSAGES}/abc") == (404, "notFound")
    assert google.refusal(f"{MESSAGES}/{identity}", format="x") == (400, "invalidArgument")


def test_history_tells_of_everything_that_changed() -> None:
    """All four types come in order, and being read is the loss of a label."""
    google = Google()
    mailbox = google.person.mailbox
    start = google.mailbox("profile")["historyId"]
    mail = mailbox.add(letter(), places=INBOX)
    mailbox.place(mail.number, add=frozenset({"STARRED"}), remove=INBOX)
    mailbox.mark(mail.number, is_read=True)
    mailbox.delete(mail.number)

    page = google.mailbox("history", startHistoryId=start)

    records = page["history"]
    kinds = [set(record) - {"id", "messages"} for record in records]
    assert kinds == [
        {"messagesAdded"},
        {"labelsAdded", "labelsRemoved"},
        {"labelsRemoved"},
        {"messagesDeleted"},
    ]
    assert records[1]["labelsAdded"][0]["labelIds"] == ["STARRED"]
    assert records[2]["labelsRemoved"][0]["labelIds"] == ["UNREAD"]
    assert int(start) < int(records[0]["id"]) < int(records[-1]["id"]) == int(page["historyId"])


def test_history_is_filtered_by_type_and_label() -> None:
    """Only the types and the label that were asked for come."""
    google = Google()
    mailbox = google.person.mailbox
    start = google.mailbox("profile")["historyId"]
    kept = mailbox.add(letter(), places=INBOX)
    mailbox.add(letter(), places=frozenset({"SPAM"}))
    mailbox.mark(kept.number, is_read=True)

    def records(**params: object) -> list[object]:
        found: list[object] = google.mailbox("history", startHistoryId=start, **params)["history"]
        return found

    assert len(records()) == 3
    assert len(records(historyTypes=["messageAdded"])) == 2
    assert len(records(historyTypes=["messageAdded", "labelRemoved"], labelId="INBOX")) == 2
    assert len(records(labelId="SPAM")) == 1


def test_history_comes_in_pages_without_loss() -> None:
    """Small pages hold what one page holds, in the same order."""
    google = Google()
    start = google.mailbox("profile")["historyId"]
    for _ in range(9):
        google.person.mailbox.add(letter(), places=INBOX)

    paged = google.all_pages(HISTORY, "history", startHistoryId=start, maxResults=2)

    assert paged == google.mailbox("history", startHistoryId=start)["history"]
    assert len(paged) == 9


@pytest.mark.parametrize("start", ["x", "", "-1", str(2**64), None])
def test_a_history_id_that_is_none_is_refused(start: str | None) -> None:
    """Garbage is 400 and no cursor that has expired."""
    params = {} if start is None else {"startHistoryId": start}

    assert Google().refusal(HISTORY, **params) == (400, "invalidArgument")


def test_a_history_id_that_expired_is_not_found() -> None:
    """404 asks for a full synchronization; the newest id is good again."""
    google = Google(mails=3)
    start = google.mailbox("profile")["historyId"]
    google.world.expire_cursors()

    assert google.refusal(HISTORY, startHistoryId=start) == (404, "notFound")
    google.mailbox("history", startHistoryId=google.mailbox("profile")["historyId"])


def test_labels_are_those_of_the_system_and_of_the_person() -> None:
    """Every place of a mail that is no system label is a user's."""
    google = Google()
    google.person.mailbox.add(letter(), places=frozenset({"INBOX", "Label_7"}))

    labels = google.mailbox("labels")["labels"]

    assert {"id": "Label_7", "name": "Label_7", "type": "user"} in labels
    assert {"INBOX", "SPAM", "UNREAD"} <= {label["id"] for label in labels}


def test_watching_says_from_where_and_how_long() -> None:
    """A watch of a topic starts at the newest history id; it can be stopped."""
    google = Google()

    answer = google.post("/gmail/v1/users/me/watch", {"topicName": TOPIC})

    assert json.loads(answer.body)["historyId"] == google.mailbox("profile")["historyId"]
    assert google.post("/gmail/v1/users/me/watch", {}).status == 400
    assert google.post("/gmail/v1/users/me/stop", {}).status == 204


def test_only_good_tokens_with_the_scope_get_in() -> None:
    """An unknown token is 401, a missing scope 403, another's mailbox 403."""
    google, calendar_only = Google(), Google(scopes=frozenset({f"{AUTH}/calendar.events"}))
    metadata = Google(scopes=frozenset({f"{AUTH}/gmail.metadata"}))
    mail = metadata.person.mailbox.add(letter(), places=INBOX)
    path = f"{MESSAGES}/{metadata.world.naming.mail(metadata.person, mail.number)}"

    assert calendar_only.refusal(MESSAGES) == (403, "insufficientPermissions")
    assert google.refusal("/gmail/v1/users/bo@example.com/profile") == (403, "forbidden")
    assert metadata.refusal(path) == (403, "forbidden")
    assert metadata.refusal(MESSAGES, q="x") == (403, "forbidden")
    assert metadata.get(path, format="metadata")["id"]
    google.token = "unknown"
    assert google.refusal(MESSAGES) == (401, "authError")


def test_units_are_counted_and_enforced_on_request() -> None:
    """A person with 25 units gets one message a minute; what was used is shown by method."""
    google = Google(mails=1)
    path = f"{MESSAGES}/{google.mailbox('messages', includeSpamTrash='true')['messages'][0]['id']}"
    google.world.meter.units_per_min = 25
    google.get(path)

    refusal = google.refusal(path)
    google.world.quota_status = 403
    other_refusal = google.refusal(path)
    google.world.clock.advance(61)

    assert refusal == (429, "rateLimitExceeded")
    assert other_refusal == (403, "rateLimitExceeded")
    assert google.get(path)
    assert google.world.meter.units["gmail.users.messages.get"] == 40


def test_pages_fail_in_the_ways_that_pages_do() -> None:
    """An empty page leads on, and an item comes twice, without any being lost."""
    google = Google(mails=20)
    google.world.faults.script([FaultKind.PAGE_EMPTY, None, FaultKind.PAGE_DUPLICATE])

    found = google.all_pages(MESSAGES, "messages", maxResults=4, includeSpamTrash="true")

    ids = _ids(found)
    assert len(ids) == 21
    assert len(set(ids)) == 20


def test_history_pages_fail_so_too() -> None:
    """The same holds for history, and cursors can expire between two of its pages."""
    google = Google()
    start = google.mailbox("profile")["historyId"]
    for _ in range(5):
        google.person.mailbox.add(letter(), places=INBOX)
    kinds = [FaultKind.PAGE_EMPTY, FaultKind.PAGE_DUPLICATE]
    google.world.faults.script(kinds)

    found = google.all_pages(HISTORY, "history", startHistoryId=start, maxResults=2)

    assert len(found) == 6
    assert len({record["id"] for record in found}) == 5
    google.world.faults.script([FaultKind.CURSOR_EXPIRED])
    assert google.refusal(HISTORY, startHistoryId=start) == (404, "notFound")


def test_tokens_of_pages_are_checked() -> None:
    """What was never given out is refused."""
    google = Google(mails=2)
    start = google.mailbox("profile")["historyId"]

    assert google.refusal(MESSAGES, pageToken="x") == (400, "invalidArgument")
    assert google.refusal(MESSAGES, maxResults="none") == (400, "invalidArgument")
    refusal = google.refusal(HISTORY, startHistoryId=start, pageToken="x")
    assert refusal == (400, "invalidArgument")
    assert google.refusal(HISTORY, startHistoryId=start, historyTypes="x")[0] == 400
    assert google.refusal(MESSAGES, includeSpamTrash="maybe") == (400, "invalidArgument")
