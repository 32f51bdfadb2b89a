"""What every provider of mail promises."""

from dataclasses import dataclass

import pytest

from jobs.sync.faults import CursorExpired, ItemGone, Temporary
from jobs.sync.items import Folder, FolderRole, Message
from jobs.sync.memory_mail import (
    WHOLE_MAILBOX,
    MemoryFolderMail,
    MemoryMail,
    MemoryMailbox,
    MemoryMailProviders,
)
from jobs.sync.provider import AccountRef, Change, Deferred, Gone, Removed, Upserted, Wanted
from sanderling.kernel.ids import WorkspaceId

INBOX, OTHER = frozenset({"inbox"}), frozenset({"other"})
ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), "me@example.com")


@dataclass(frozen=True, slots=True)
class Post:
    """A provider, its mailbox, and the folder whose stream has new messages."""

    mail: MemoryMail
    mailbox: MemoryMailbox
    folder: str

    async def scanned(self) -> tuple[list[Change], str]:
        """Return everything there is, and the cursor that follows."""
        base = await self.mail.cursor_before_scan(self.folder)
        items: list[Change] = []
        page = None
        while True:
            answer = await self.mail.scan(self.folder, page)
            items += answer.items
            page = answer.next_page
            if page is None:
                cursor = answer.cursor or base
                assert cursor is not None
                return items, cursor
            assert answer.cursor is None

    async def changed(self, cursor: str) -> list[Change]:
        """Return everything that changed since."""
        items: list[Change] = []
        page = None
        while True:
            answer = await self.mail.changes(self.folder, cursor, page)
            items += answer.items
            page = answer.next_page
            assert (page is None) != (answer.cursor is None)
            if page is None:
                return items


@pytest.fixture(params=["whole", "folders"])
def post(request: pytest.FixtureRequest) -> Post:
    """Return an empty mailbox behind a provider of each kind in turn."""
    is_whole = request.param == "whole"
    own = (Folder(WHOLE_MAILBOX, "Mail", FolderRole.OTHER, is_synced=True),) if is_whole else ()
    mailbox = MemoryMailbox(
        (
            *own,
            Folder("inbox", "Inbox", FolderRole.INBOX, is_synced=not is_whole),
            Folder("other", "Other", FolderRole.OTHER, is_synced=not is_whole),
        )
    )
    if is_whole:
        return Post(MemoryMail(mailbox), mailbox, WHOLE_MAILBOX)
    return Post(MemoryFolderMail(mailbox), mailbox, "inbox")


async def test_a_scan_tells_of_every_message_in_pages(post: Post) -> None:
    """All ids come, and the cursor with the last page or before the first one."""
    added = {post.mailbox.add(folders=INBOX) for _ in range(8)}

    items, _ = await post.scanned()

    assert {each.remote_id for each in items} == added


async def test_changes_tell_what_came_since_the_scan_began(post: Post) -> None:
    """A message that comes between the cursor and the first change is told of."""
    post.mailbox.add(folders=INBOX)
    _, cursor = await post.scanned()
    late = post.mailbox.add(folders=INBOX)

    items = await post.changed(cursor)

    assert late in {each.remote_id for each in items if isinstance(each, Upserted)}


async def test_changes_tell_what_was_deleted(post: Post) -> None:
    """A message that is gone is told of as removed."""
    gone = post.mailbox.add(folders=INBOX)
    _, cursor = await post.scanned()
    post.mailbox.delete(gone)

    items = await post.changed(cursor)

    assert isinstance(items[-1], Removed)
    assert items[-1].remote_id == gone


async def test_changes_tell_where_a_message_went(post: Post) -> None:
    """A message that left a folder is either said to have moved, or removed from that folder."""
    moved = post.mailbox.add(folders=INBOX)
    _, cursor = await post.scanned()
    post.mailbox.move(moved, to=OTHER)

    (item,) = await post.changed(cursor)

    if isinstance(item, Upserted):
        assert (item.folders_added, item.folders_removed) == (OTHER, INBOX)
    else:
        assert item == Removed(moved, "inbox")


async def test_an_old_cursor_is_refused(post: Post) -> None:
    """Who stayed away too long is told so, and not given a part."""
    _, cursor = await post.scanned()
    post.mailbox.expire()

    with pytest.raises(CursorExpired):
        await post.changed(cursor)


async def test_a_new_scan_follows_an_old_cursor(post: Post) -> None:
    """After a scan changes can be followed again."""
    post.mailbox.expire()
    _, cursor = await post.scanned()
    late = post.mailbox.add(folders=INBOX)

    assert [each.remote_id for each in await post.changed(cursor)] == [late]


async def test_a_fetch_answers_for_each_message_alone(post: Post) -> None:
    """One is there, one is gone, one has to wait."""
    here, gone, later = (post.mailbox.add(folders=INBOX, text="Hello") for _ in range(3))
    post.mailbox.delete(gone)
    post.mail.deferred[later] = Temporary("busy")

    found = await post.mail.fetch([Wanted(here), Wanted(gone), Wanted(later)])

    message = found[here]
    assert isinstance(message, Message)
    assert (message.text, message.folders) == ("Hello", INBOX)
    assert found[gone] == Gone()
    assert isinstance(found[later], Deferred)


async def test_attachments_are_fetched_by_themselves(post: Post) -> None:
    """The bytes come when asked for, and a missing one is said to be gone."""
    message = post.mailbox.add(folders=INBOX)
    post.mailbox.attachments[message, "a1"] = b"bytes"

    assert await post.mail.attachment(message, "a1") == b"bytes"
    with pytest.raises(ItemGone):
        await post.mail.attachment(message, "a2")


async def test_accounts_are_opened_by_their_id(post: Post) -> None:
    """Who opens an account gets its folders and nobody else's."""
    providers = MemoryMailProviders({ACCOUNT.id: post.mail})

    async with providers.open(ACCOUNT) as mail:
        assert await mail.folders() == post.mailbox.folders
