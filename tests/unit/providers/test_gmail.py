"""Gmail is scanned by ids and followed by its history, and its refusals are understood."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import pytest

from jobs.providers.google.faults import fault_of
from jobs.providers.google.fetching import Fetching
from jobs.providers.google.mail import WHOLE_MAILBOX, GmailProvider
from jobs.providers.google.window import Windows
from jobs.sync.faults import CursorExpired, Defect, ItemGone, Temporary
from jobs.sync.items import Folder, FolderRole
from jobs.sync.provider import Page, Removed, Upserted
from support.gmail import encoded, error, message
from support.providers import Desk, scripted


@asynccontextmanager
async def gmail() -> AsyncGenerator[tuple[GmailProvider, Desk]]:
    """Yield an account's mail, and the desk where its answers are laid out."""
    async with scripted(reads=fault_of) as desk:
        yield GmailProvider(desk.http, Fetching(desk.http, desk.clock, Windows())), desk


def queries(desk: Desk) -> list[dict[str, str]]:
    """Return what each request asked."""
    return [dict(asked.url.params) for asked in desk.script.asked]


async def test_the_whole_mailbox_is_one_stream_and_labels_are_names() -> None:
    """Labels have names and roles, and no cursor of their own."""
    async with gmail() as (mail, desk):
        labels = [{"id": "INBOX", "name": "INBOX"}, {"id": "Label_1", "name": "Blue"}]
        desk.script.then(json={"labels": labels})

        assert await mail.folders() == (
            Folder("", "", FolderRole.OTHER, is_synced=True),
            Folder("INBOX", "INBOX", FolderRole.INBOX, is_synced=False),
            Folder("Label_1", "Blue", FolderRole.OTHER, is_synced=False),
        )


async def test_the_cursor_is_taken_before_the_scan() -> None:
    """It is the history id of now, and a scan gives none."""
    async with gmail() as (mail, desk):
        desk.script.then(json={"historyId": "99"})
        desk.script.then(
            json={"messages": [{"id": "a", "threadId": "t"}], "nextPageToken": "2"}
        ).then(json={"resultSizeEstimate": 0})

        assert await mail.cursor_before_scan(WHOLE_MAILBOX) == "99"
        assert await mail.scan(WHOLE_MAILBOX, None) == Page(
            (Upserted("a", None, thread_id="t"),), "2"
        )
        assert await mail.scan(WHOLE_MAILBOX, "2") == Page(())

        assert queries(desk)[1:] == [
            {"maxResults": "500", "includeSpamTrash": "true"},
            {"maxResults": "500", "includeSpamTrash": "true", "pageToken": "2"},
        ]


async def test_every_kind_of_history_is_told() -> None:
    """Additions, labels, read state and deletions come in order with a version that sorts."""
    one = {"id": "a", "threadId": "t"}
    history = [
        {"id": "9", "messagesAdded": [{"message": {**one, "labelIds": ["INBOX", "UNREAD"]}}]},
        {"id": "10", "labelsAdded": [{"message": one, "labelIds": ["STARRED"]}]},
        {"id": "11", "labelsRemoved": [{"message": one, "labelIds": ["INBOX", "UNREAD"]}]},
        {"id": "12", "messagesDeleted": [{"message": one}]},
    ]
    inbox, starred = frozenset({"INBOX"}), frozenset({"STARRED"})
    nothing = frozenset[str]()
    async with gmail() as (mail, desk):
        desk.script.then(json={"history": history, "historyId": "15"})

        page = await mail.changes(WHOLE_MAILBOX, "8", None)

        versions = [number.zfill(24) for number in ("9", "10", "11")]
        assert page == Page(
            (
                Upserted("a", versions[0], inbox, nothing, "t", is_read=False),
                Upserted("a", versions[1], starred, nothing, "t", is_read=None),
                Upserted("a", versions[2], nothing, inbox, "t", is_read=True),
                Removed("a"),
            ),
            cursor="15",
        )
        assert queries(desk) == [{"startHistoryId": "8", "maxResults": "500"}]
        assert versions == sorted(versions)


async def test_only_the_last_page_of_a_history_moves_the_cursor() -> None:
    """An empty page with another after it is legal, and its history id is not taken."""
    async with gmail() as (mail, desk):
        desk.script.then(json={"nextPageToken": "2", "historyId": "15"}).then(json={})

        assert await mail.changes(WHOLE_MAILBOX, "8", None) == Page((), "2")
        with pytest.raises(Temporary):
            await mail.changes(WHOLE_MAILBOX, "8", "2")


async def test_a_history_that_is_forgotten_asks_for_a_scan() -> None:
    """404 is an expired cursor in Google's words alone; in a proxy's it passes."""
    async with gmail() as (mail, desk):
        desk.script.then(404, json=error(404, "notFound")).then(404, content=b"<html>")

        with pytest.raises(CursorExpired):
            await mail.changes(WHOLE_MAILBOX, "8", None)
        with pytest.raises(Temporary):
            await mail.changes(WHOLE_MAILBOX, "8", None)


async def test_a_page_that_is_forgotten_begins_its_round_again() -> None:
    """Changes are asked for from their cursor; a scan tells its engine."""
    bad = error(400, "invalidArgument")
    async with gmail() as (mail, desk):
        desk.script.then(400, json=bad).then(json={"historyId": "15"})
        assert await mail.changes(WHOLE_MAILBOX, "8", "old") == Page((), cursor="15")

        desk.script.then(400, json=bad).then(400, json=bad).then(400, json=bad)
        with pytest.raises(CursorExpired):
            await mail.scan(WHOLE_MAILBOX, "old")
        with pytest.raises(Defect):
            await mail.scan(WHOLE_MAILBOX, None)
        with pytest.raises(Defect):
            await mail.changes(WHOLE_MAILBOX, "garbage", None)


async def test_an_attachment_is_found_by_its_place() -> None:
    """Gmail's ids of attachments are made anew for each answer, so the part's id is ours."""
    parts = [
        {"partId": "0", "mimeType": "text/plain", "body": {"data": encoded(b"x")}},
        {"partId": "1", "filename": "a", "body": {"attachmentId": "new/1"}},
    ]
    async with gmail() as (mail, desk):
        whole = httpx2.Response(200, json=message(payload={"parts": parts}))
        desk.script.answers.append(whole)
        desk.script.then(json={"data": encoded(b"\xff\x00")})
        assert await mail.attachment("m1", "1") == b"\xff\x00"
        assert desk.script.asked[1].url.raw_path.endswith(b"/m1/attachments/new%2F1")

        desk.script.then(json=message(payload={"parts": parts}))
        with pytest.raises(ItemGone):
            await mail.attachment("m1", "7")
