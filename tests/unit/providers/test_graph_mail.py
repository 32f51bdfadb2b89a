"""Our provider of Microsoft's mail, against the simulated Graph."""

import pytest

from jobs.sync.faults import (
    AuthRevoked,
    CursorExpired,
    ItemGone,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)
from jobs.sync.items import FolderRole, Message, Role
from jobs.sync.provider import Deferred, Gone, Removed, Upserted, Wanted
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.microsoft import ids
from support.microsoft import ADA, IMMUTABLE, Microsoft, changed, scanned
from support.simulated import letter

INBOX = frozenset({"inbox"})


def _folder(microsoft: Microsoft, key: str) -> str:
    return ids.folder_id(microsoft.person, key)


async def test_folders_are_told_with_their_roles() -> None:
    """The inbox and those within are synced; drafts, bin, spam and what lies in them are not."""
    microsoft = Microsoft()
    microsoft.office.folders(microsoft.person).add("Old", parent="deleteditems")
    async with microsoft.mail() as mail:
        folders = {each.name: each for each in await mail.folders()}

    assert folders["Inbox"].role is FolderRole.INBOX
    assert folders["Deleted Items"].role is FolderRole.TRASH
    synced = {name for name, each in folders.items() if each.is_synced}
    assert synced == {"Inbox", "Projects", "Sent Items", "Archive"}


async def test_a_scan_tells_of_every_message_of_its_folder() -> None:
    """All immutable ids come, over several pages, and the last one has the cursor."""
    microsoft = Microsoft(mails=1200)
    inbox = {
        ids.message_id(microsoft.person, mail.number)
        for mail in microsoft.person.mailbox.mails.values()
        if "inbox" in mail.places
    }
    async with microsoft.mail() as mail:
        items, _ = await scanned(mail, _folder(microsoft, "inbox"))

    assert len(microsoft.seen) > 1
    assert {each.remote_id for each in items} == inbox


async def test_changes_tell_what_happened_during_the_scan() -> None:
    """What comes between two pages of a scan is among the changes after it."""
    microsoft = Microsoft(mails=1200)
    folder = _folder(microsoft, "inbox")
    async with microsoft.mail() as mail:
        first = await mail.scan(folder, None)
        late = microsoft.person.mailbox.add(letter(), places=INBOX)
        page, cursor = first.next_page, None
        while page is not None:
            answer = await mail.scan(folder, page)
            page, cursor = answer.next_page, answer.cursor
        assert cursor is not None
        items, _ = await changed(mail, folder, cursor)

    assert ids.message_id(microsoft.person, late.number) in {each.remote_id for each in items}


async def test_a_move_leaves_one_folder_and_comes_to_the_other() -> None:
    """The id stays the same, and the removal names the folder that it is about."""
    microsoft = Microsoft()
    moved = microsoft.person.mailbox.add(letter(), places=INBOX)
    remote_id = ids.message_id(microsoft.person, moved.number)
    inbox, archive = _folder(microsoft, "inbox"), _folder(microsoft, "archive")
    async with microsoft.mail() as mail:
        _, inbox_cursor = await scanned(mail, inbox)
        _, archive_cursor = await scanned(mail, archive)
        microsoft.person.mailbox.place(moved.number, add=frozenset({"archive"}), remove=INBOX)
        left, _ = await changed(mail, inbox, inbox_cursor)
        came, _ = await changed(mail, archive, archive_cursor)

    assert left == [Removed(remote_id, inbox)]
    (upserted,) = came
    assert isinstance(upserted, Upserted)
    assert (upserted.remote_id, upserted.folders_added) == (remote_id, frozenset({archive}))


async def test_a_mark_as_read_raises_the_version() -> None:
    """A change of the read state is told, with a version that comes after the one before."""
    microsoft = Microsoft()
    added = microsoft.person.mailbox.add(letter(), places=INBOX)
    folder = _folder(microsoft, "inbox")
    async with microsoft.mail() as mail:
        (before,), cursor = await scanned(mail, folder)
        microsoft.person.mailbox.mark(added.number, is_read=True)
        (after,), _ = await changed(mail, folder, cursor)

    assert isinstance(before, Upserted)
    assert isinstance(after, Upserted)
    assert (before.is_read, after.is_read) == (False, True)
    assert before.version is not None
    assert after.version is not None
    assert before.version < after.version


async def test_messages_come_whole_in_batches_of_twenty() -> None:
    """Each message has its text, people, files and few headers, whatever the order of answers."""
    microsoft = Microsoft(mails=50)
    mails = list(microsoft.person.mailbox.mails.values())
    wanted = [Wanted(ids.message_id(microsoft.person, mail.number)) for mail in mails]
    async with microsoft.mail() as mail:
        found = await mail.fetch(wanted)

    assert [asked.path for asked, _ in microsoft.seen] == ["/v1.0/$batch"] * 3
    for each, kept in zip(wanted, mails, strict=True):
        message = found[each.remote_id]
        assert isinstance(message, Message)
        assert (message.subject, message.text) == (kept.letter.subject, kept.letter.text)
        assert message.rfc_message_id == kept.letter.rfc_message_id
        assert message.folders == {_folder(microsoft, min(kept.places))}
        assert [file.name for file in message.attachments] == [
            file.name for file in kept.letter.files
        ]
        senders = [one.address.email for one in message.participants if one.role is Role.FROM]
        assert senders == [kept.letter.sender.email]
        lists = {name for name, _ in kept.letter.headers} & {"List-Id"}
        assert ("list-id" in message.headers) is (bool(lists) and not kept.is_draft)


async def test_the_bytes_of_an_attachment_come_on_demand() -> None:
    """They are those of the file, and an unknown one is gone."""
    microsoft = Microsoft(mails=60)
    kept = next(mail for mail in microsoft.person.mailbox.mails.values() if mail.letter.files)
    message = ids.message_id(microsoft.person, kept.number)
    async with microsoft.mail() as mail:
        file = ids.file_id(microsoft.person, kept.number, 0)
        content = await mail.attachment(message, file)
        with pytest.raises(ItemGone):
            await mail.attachment(message, "AATkADunknown")

    assert content == kept.letter.files[0].content()


async def test_a_message_that_is_gone_is_told_so() -> None:
    """A 404 of one part touches no other one."""
    microsoft = Microsoft()
    stays = microsoft.person.mailbox.add(letter("stays"), places=INBOX)
    goes = microsoft.person.mailbox.add(letter("goes"), places=INBOX)
    names = [ids.message_id(microsoft.person, each.number) for each in (stays, goes)]
    microsoft.person.mailbox.delete(goes.number)
    async with microsoft.mail() as mail:
        found = await mail.fetch([Wanted(name) for name in names])

    assert isinstance(found[names[0]], Message)
    assert found[names[1]] == Gone()


@pytest.mark.parametrize(
    ("kind", "wait_s"), [(FaultKind.PART_429, 17.0), (FaultKind.PART_500, None)]
)
async def test_a_part_that_is_refused_is_deferred_alone(
    kind: FaultKind, wait_s: float | None
) -> None:
    """Its fault says what to do, and the other parts are there."""
    microsoft = Microsoft(mails=5)
    wanted = [
        Wanted(ids.message_id(microsoft.person, mail.number))
        for mail in microsoft.person.mailbox.mails.values()
    ]
    microsoft.world.faults.script([kind])
    async with microsoft.mail() as mail:
        found = await mail.fetch(wanted)

    refused = found[wanted[0].remote_id]
    assert isinstance(refused, Deferred)
    if isinstance(refused.fault, RateLimited):
        assert refused.fault.retry_after_s == wait_s
    else:
        assert isinstance(refused.fault, Temporary)
    assert sum(isinstance(one, Message) for one in found.values()) == 4


async def test_nothing_more_is_asked_once_the_mailbox_is_throttled() -> None:
    """The messages after a part with 429 are left for the next time."""
    microsoft = Microsoft(mails=45)
    wanted = [
        Wanted(ids.message_id(microsoft.person, mail.number))
        for mail in microsoft.person.mailbox.mails.values()
    ]
    microsoft.world.faults.script([FaultKind.PART_429])
    async with microsoft.mail() as mail:
        found = await mail.fetch(wanted)

    assert len(found) == 20
    assert len(microsoft.seen) == 1


@pytest.mark.parametrize("kind", [FaultKind.PART_MISSING, FaultKind.PART_DUPLICATED])
async def test_missing_and_repeated_parts_do_no_harm(kind: FaultKind) -> None:
    """What was not answered is deferred, and what came twice counts once."""
    microsoft = Microsoft(mails=5)
    wanted = [
        Wanted(ids.message_id(microsoft.person, mail.number))
        for mail in microsoft.person.mailbox.mails.values()
    ]
    microsoft.world.faults.script([kind])
    async with microsoft.mail() as mail:
        found = await mail.fetch(wanted)

    messages = [one for one in found.values() if isinstance(one, Message)]
    assert len(found) == 5
    assert len(messages) == (4 if kind is FaultKind.PART_MISSING else 5)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (FaultKind.RESET_BEFORE, Temporary),
        (FaultKind.RESET_AFTER, Temporary),
        (FaultKind.HTML, Temporary),
        (FaultKind.TRUNCATED, Temporary),
        (FaultKind.ERROR_500, Temporary),
        (FaultKind.ERROR_502, Temporary),
        (FaultKind.ERROR_503, Temporary),
        (FaultKind.RATE_429, RateLimited),
        (FaultKind.USER_RATE_403, RateLimited),
        (FaultKind.PERMISSION_403, PermissionMissing),
        (FaultKind.POLICY_403, PermissionMissing),
        (FaultKind.CURSOR_EXPIRED, CursorExpired),
    ],
)
async def test_each_fault_is_raised_as_its_kind(
    kind: FaultKind, fault: type[ProviderFault]
) -> None:
    """Whoever runs the sync learns what to do, and the same request may be made again."""
    microsoft = Microsoft(mails=3)
    folder = _folder(microsoft, "inbox")
    async with microsoft.mail() as mail:
        _, cursor = await scanned(mail, folder)
        microsoft.world.faults.script([kind])
        with pytest.raises(fault):
            await mail.changes(folder, cursor, None)
        if kind is not FaultKind.CURSOR_EXPIRED:
            await mail.changes(folder, cursor, None)


@pytest.mark.parametrize(
    ("kind", "wait_s"),
    [
        (FaultKind.RATE_429_SECONDS, 17.0),
        (FaultKind.RATE_429_DATE, 17.0),
        (FaultKind.RATE_429, 30.0),
    ],
)
async def test_the_time_to_wait_is_the_one_that_was_asked_for(
    kind: FaultKind, wait_s: float
) -> None:
    """Seconds and dates are kept exactly; without either it is half a minute."""
    microsoft = Microsoft()
    microsoft.world.faults.script([kind])
    async with microsoft.mail() as mail:
        with pytest.raises(RateLimited) as caught:
            await mail.scan(_folder(microsoft, "inbox"), None)

    assert caught.value.retry_after_s == wait_s


async def test_a_refused_token_is_refreshed_once() -> None:
    """A 401 is no fault while the account's consent holds."""
    microsoft = Microsoft(mails=3)
    microsoft.world.faults.script([FaultKind.UNAUTHORIZED])
    async with microsoft.mail() as mail:
        await mail.scan(_folder(microsoft, "inbox"), None)

    assert microsoft.tokens.refreshes == 1


async def test_a_consent_that_was_taken_back_is_told() -> None:
    """When no token is good any more, the account has to be connected again."""
    microsoft = Microsoft()
    microsoft.world.oauth.revoke_person(ADA)
    microsoft.tokens.grant("acc_1", "void")
    async with microsoft.mail() as mail:
        with pytest.raises(AuthRevoked):
            await mail.folders()


async def test_empty_and_repeated_pages_lose_nothing() -> None:
    """A page without items goes on, and what comes twice is the same."""
    microsoft = Microsoft(mails=1300)
    folder = _folder(microsoft, "inbox")
    microsoft.world.faults.script([FaultKind.PAGE_EMPTY, FaultKind.PAGE_DUPLICATE])
    async with microsoft.mail() as mail:
        items, _ = await scanned(mail, folder)

    inbox = [mail for mail in microsoft.person.mailbox.mails.values() if "inbox" in mail.places]
    assert len(items) == len(inbox) + 1
    assert len({each.remote_id for each in items}) == len(inbox)


async def test_a_folder_that_is_gone_is_told_so() -> None:
    """Its delta answers with 404, which is no word about the other folders."""
    microsoft = Microsoft()
    folder = _folder(microsoft, "projects")
    async with microsoft.mail() as mail:
        _, cursor = await scanned(mail, folder)
        microsoft.office.remove_folder(microsoft.person, "projects")
        with pytest.raises(ItemGone):
            await mail.changes(folder, cursor, None)


async def test_ids_change_with_a_move_unless_immutable_ones_are_asked() -> None:
    """Whoever forgets the preference is shown that it matters."""
    microsoft = Microsoft()
    moved = microsoft.person.mailbox.add(letter(), places=INBOX)
    (plain,) = (await microsoft.get("/v1.0/me/messages"))["value"]
    (fixed,) = (await microsoft.get("/v1.0/me/messages", prefer=IMMUTABLE))["value"]
    microsoft.person.mailbox.place(moved.number, add=frozenset({"archive"}), remove=INBOX)

    assert (await microsoft.ask(f"/v1.0/me/messages/{plain['id']}")).status_code == 404
    assert (await microsoft.ask(f"/v1.0/me/messages/{fixed['id']}")).status_code == 200
