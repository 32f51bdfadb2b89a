"""What the Python client sees of what came in, over HTTP and in this process."""

from collections.abc import AsyncGenerator

import pytest

from jobs.accounts.account import AccountStatus
from jobs.accounts.errors import (
    AccountStopped,
    AccountUnknown,
    AttachmentRefused,
    AttachmentUnknown,
    MessageUnknown,
    ProviderAway,
)
from jobs.accounts.policy import PolicyChange
from jobs.streams.stream import AccountId
from jobs.sync.faults import Defect, RateLimited
from jobs.sync.rules import Visibility
from runner.errors import CursorRefused
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.api.errors import RequestInvalid
from sanderling.client import Sanderling
from support.came_in import (
    ADA,
    HOSTILE,
    MINE,
    OTHERS,
    account_of,
    bring_contacts,
    bring_event,
    bring_messages,
    message_id,
)
from support.clients import WAYS, Setting, open_setting


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house, reached in each way."""
    async with open_setting(request.param) as found:
        yield found


@pytest.fixture
def client(setting: Setting) -> Sanderling:
    """Return a client with the key of an admin of the workspace."""
    return setting.admin


async def bring(setting: Setting, *names: str, account_id: str = MINE) -> None:
    """Let messages come in for the first workspace."""
    account = account_of(setting.house.workspace_id, account_id)
    await bring_messages(setting.house.doorstep, account, *names)


async def test_messages_are_listed_page_by_page_and_by_account(
    setting: Setting, client: Sanderling
) -> None:
    """Newest first; the next page goes on where the one before ended."""
    await bring(setting, "a", "b", "c")
    await bring(setting, "other", account_id=OTHERS)

    first = await client.messages.list(account_id=MINE, limit=2)
    second = await client.messages.list(account_id=MINE, limit=2, cursor=first.next_cursor)
    every = await client.messages.list()

    assert [row.subject for row in [*first.items, *second.items]] == ["a", "b", "c"]
    assert second.next_cursor is None
    assert {row.account_id for row in every.items} == {MINE, OTHERS}
    row = first.items[0]
    assert (row.id, row.is_read, row.is_outgoing) == (message_id("a"), True, False)
    assert (row.folders, row.attachment_count) == (["INBOX", "work"], 1)
    assert row.sender is not None
    assert (row.sender.name, row.sender.email) == (ADA.name, ADA.email)


async def test_one_message_has_its_text_and_whoever_takes_part(
    setting: Setting, client: Sanderling
) -> None:
    """Of attachments it tells what is known without fetching them."""
    await bring(setting, "a")

    message = await client.messages.get(message_id("a"))

    assert message.text == "The text of a."
    assert [(each.role, each.email) for each in message.participants] == [
        ("to", "me@example.com"),
        ("from", ADA.email),
    ]
    [attachment] = message.attachments
    assert (attachment.id, attachment.name) == ("att-1", "a.pdf")
    assert (attachment.media_type, attachment.size_bytes) == ("application/pdf", 7)


async def test_an_attachment_comes_with_a_name_to_keep_it_under(
    setting: Setting, client: Sanderling
) -> None:
    """Its provider is asked for it now; the first one that the message lists is number 1."""
    await bring(setting, "a")

    file = await client.messages.attachment(message_id("a"), 1)

    assert (file.name, file.content) == ("a.pdf", b"%PDF-1")
    for number in (0, 2, 5000):
        with pytest.raises(AttachmentUnknown) as unknown:
            await client.messages.attachment(message_id("a"), number)
        assert unknown.value.facts == {"message_id": message_id("a"), "number": number}
    with pytest.raises(MessageUnknown):
        await client.messages.attachment("../keys", 1)


async def test_why_an_attachment_does_not_come_is_told(
    setting: Setting, client: Sanderling
) -> None:
    """Whether the provider is away, or somebody has to do something first."""
    doorstep = setting.house.doorstep
    await bring(setting, "a")
    doorstep.faults = [RateLimited(retry_after_s=7.5), Defect("no")]
    with pytest.raises(ProviderAway) as away:
        await client.messages.attachment(message_id("a"), 1)
    with pytest.raises(AttachmentRefused):
        await client.messages.attachment(message_id("a"), 1)
    await doorstep.store.change(AccountId(MINE), AccountStatus.PAUSED)
    with pytest.raises(AccountStopped) as stopped:
        await client.messages.attachment(message_id("a"), 1)

    assert away.value.facts["retry_after_s"] == 7.5
    assert f"sanderling accounts resume {MINE}" in stopped.value.advice


async def test_what_an_event_is_about_is_told_unless_its_owner_closed_it(
    setting: Setting, client: Sanderling
) -> None:
    """Of a private one it is told when it is and who takes part, and nothing else."""
    account = account_of(setting.house.workspace_id)
    await bring_event(setting.house.doorstep, account, "open", "default")
    await bring_event(setting.house.doorstep, account, "closed", "private")

    page = await client.calendar_events.list(account_id=MINE)

    shown = {event.id: event for event in page.items}
    opened, closed = shown["evt_open"], shown["evt_closed"]
    assert (opened.title, opened.location) == ("open", "where it is")
    assert (opened.description, opened.is_private) == ("what it is about", False)
    assert closed.is_private
    assert {closed.title, closed.location, closed.description, closed.conference_url} == {None}
    for event in (opened, closed):
        assert [each.email for each in event.attendees] == [ADA.email]
        assert event.start.at is not None


@pytest.mark.parametrize(
    ("visibility", "subject", "text"),
    [
        (Visibility.METADATA, None, None),
        (Visibility.SUBJECT, "a", None),
        (Visibility.EVERYTHING, "a", "The text of a."),
    ],
)
async def test_no_more_is_shown_than_the_owner_lets_others_see(
    setting: Setting,
    client: Sanderling,
    visibility: Visibility,
    subject: str | None,
    text: str | None,
) -> None:
    """Each account's choice holds for what it brought, whenever that came in."""
    doorstep = setting.house.doorstep
    await bring(setting, "a")
    await bring(setting, "other", account_id=OTHERS)
    await bring_event(doorstep, account_of(setting.house.workspace_id), "e", "default")
    await doorstep.store.choose(AccountId(MINE), PolicyChange(visibility=visibility))

    [row] = (await client.messages.list(account_id=MINE)).items
    message = await client.messages.get(message_id("a"))
    [event] = (await client.calendar_events.list(account_id=MINE)).items
    other = await client.messages.get(message_id("other", OTHERS))

    assert (row.subject, message.subject, message.text) == (subject, subject, text)
    assert event.is_private == (visibility is not Visibility.EVERYTHING)
    assert [each.email for each in message.participants if each.role == "from"] == [ADA.email]
    assert other.text == "The text of other."


async def test_what_a_gone_account_leaves_for_a_moment_is_not_read(
    setting: Setting, client: Sanderling
) -> None:
    """Between the end of an account and that of its records nobody is shown what they say."""
    await bring(setting, "a")
    await setting.house.doorstep.store.remove(AccountId(MINE))

    message = await client.messages.get(message_id("a"))

    assert (message.subject, message.text) == (None, None)


async def test_contacts_are_listed_page_by_page_whatever_their_addresses(
    setting: Setting, client: Sanderling
) -> None:
    """The longest address, and one that holds what no address may, have a page after them."""
    emails = [f"{HOSTILE}@example.com", "\N{BIRD}" * 318 + "@b", "ada@example.com"]
    await bring_contacts(setting.house.doorstep, account_of(setting.house.workspace_id), *emails)

    found: list[str] = []
    cursor = None
    for _ in emails:
        page = await client.contacts.list(limit=1, cursor=cursor)
        found.extend(contact.email for contact in page.items)
        cursor = page.next_cursor

    assert found == [email.replace("\ud83d", "?") for email in emails]
    assert cursor is None


async def test_texts_of_strangers_arrive_whatever_they_hold(
    setting: Setting, client: Sanderling
) -> None:
    """Half a surrogate pair is a question mark, and everything else is as it was sent."""
    await bring(setting, HOSTILE)

    message = await client.messages.get(message_id(HOSTILE))

    assert message.subject == HOSTILE.replace("\ud83d", "?")
    assert message.attachments[0].name == f"{message.subject}.pdf"


@pytest.mark.parametrize("kind", ["messages", "calendar_events", "contacts"])
async def test_what_no_list_made_is_refused(
    setting: Setting, client: Sanderling, kind: str
) -> None:
    """A cursor of another list, or of none, is refused alike; so is an account that cannot be."""
    listed = getattr(client, kind).list
    await bring(setting, "a", "b")
    await bring_contacts(
        setting.house.doorstep, account_of(setting.house.workspace_id), "a@b.c", "d@e.f"
    )
    lists = client.contacts if kind == "messages" else client.messages
    other = (await lists.list(limit=1)).next_cursor

    assert other is not None
    for cursor in ("!", "", "WyJtZXNzYWdlcyJd", other):
        with pytest.raises(CursorRefused):
            await listed(cursor=cursor)
    with pytest.raises(RequestInvalid, match="limit"):
        await listed(limit=101)
    for account_id in ("", "../keys", "\ud800"):
        with pytest.raises(AccountUnknown, match="sanderling accounts list"):
            await listed(account_id=account_id)
    assert (await listed(account_id="acc_" + "0" * 26)).items == []


@pytest.mark.parametrize("unknown", ["msg_" + "0" * 32, "", "..", "msg_x/..", "m" * 200, "\ud800"])
async def test_what_is_no_message_is_refused(client: Sanderling, unknown: str) -> None:
    """No other route is reached by an id, and the refusal shows the way to the list."""
    with pytest.raises(MessageUnknown, match="sanderling messages list"):
        await client.messages.get(unknown)


async def test_other_workspaces_see_nothing(setting: Setting, client: Sanderling) -> None:
    """What came in for another workspace does not exist for it."""
    account = account_of(setting.house.workspace_id)
    await bring(setting, "a")
    await bring_event(setting.house.doorstep, account, "e", "default")
    await bring_contacts(setting.house.doorstep, account, ADA.email)
    others = await setting.client(elsewhere=True)

    assert (await client.messages.get(message_id("a"))).subject == "a"
    with pytest.raises(MessageUnknown):
        await others.messages.get(message_id("a"))
    for listed in (others.messages, others.calendar_events, others.contacts):
        assert (await listed.list()).items == []
        assert (await listed.list(account_id=MINE)).items == []


async def test_members_see_nothing_of_what_came_in(setting: Setting) -> None:
    """Other people's mail is for admins of the workspace alone."""
    member = await setting.client(role=Role.MEMBER)

    for listed in (member.messages, member.calendar_events, member.contacts):
        with pytest.raises(Forbidden, match=r"records\.read"):
            await listed.list()
    with pytest.raises(Forbidden, match=r"records\.read"):
        await member.messages.get("msg_" + "0" * 32)
