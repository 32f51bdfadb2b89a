"""Attachments are fetched when they are asked for, and only by whom their owner lets."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from jobs.accounts.account import Account, AccountStatus
from jobs.accounts.attachments import AT_ONCE, AT_ONCE_EACH, Attachments, FetchedAttachment
from jobs.accounts.errors import (
    AccountStopped,
    AttachmentRefused,
    AttachmentsBusy,
    AttachmentTooLarge,
    AttachmentUnknown,
    MessageUnknown,
    ProviderAway,
)
from jobs.accounts.policy import PolicyChange
from jobs.streams.stream import AccountId
from jobs.sync.faults import (
    AppRefused,
    AuthRevoked,
    Defect,
    ItemTooLarge,
    PermissionMissing,
    ProviderFault,
    QuotaSpent,
    RateLimited,
    Temporary,
)
from jobs.sync.memory_mail import MemoryMail, MemoryMailbox
from jobs.sync.provider import MOST_ATTACHMENT_BYTES, MailProvider
from jobs.sync.rules import Visibility
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import SortableIds, WorkspaceId
from support.came_in import MINE, OTHERS, account_of, bring_messages, message_id
from support.doorstep import Doorstep

HERE, THERE = WorkspaceId("ws_1"), WorkspaceId("ws_2")
WORD = "a-word-of-the-provider"


@pytest.fixture
async def doorstep() -> Doorstep:
    """Return a house into which a message with one attachment came."""
    clock = VirtualClock()
    doorstep = Doorstep(clock, SortableIds(clock))
    await bring_messages(doorstep, account_of(HERE), "a")
    return doorstep


async def fetched(doorstep: Doorstep, number: int = 1) -> FetchedAttachment:
    """Return an attachment of the message."""
    async with doorstep.attachments.open(HERE, message_id("a"), number) as found:
        return found


async def test_an_attachment_comes_from_its_provider(doorstep: Doorstep) -> None:
    """With what the message tells of it; the first one is number 1."""
    found = await fetched(doorstep)

    assert (found.attachment.name, found.content) == ("a.pdf", b"%PDF-1")


@pytest.mark.parametrize("number", [0, 2, -1])
async def test_what_a_message_does_not_list_is_unknown(doorstep: Doorstep, number: int) -> None:
    """And nobody is asked for it."""
    doorstep.faults = [Temporary("nobody asks")]
    with pytest.raises(AttachmentUnknown):
        await fetched(doorstep, number)

    assert len(doorstep.faults) == 1


async def test_what_the_provider_has_no_more_is_unknown(doorstep: Doorstep) -> None:
    """A message may have gone since the last sync."""
    doorstep.mailbox.attachments.clear()

    with pytest.raises(AttachmentUnknown):
        await fetched(doorstep)


async def test_messages_of_others_are_unknown(doorstep: Doorstep) -> None:
    """Another workspace learns nothing, nor does anybody of a message that never was."""
    for workspace_id, name in ((THERE, "a"), (HERE, "b")):
        with pytest.raises(MessageUnknown):
            async with doorstep.attachments.open(workspace_id, message_id(name), 1):
                pass


@pytest.mark.parametrize("visibility", [Visibility.METADATA, Visibility.SUBJECT])
async def test_whose_text_is_not_shown_its_attachments_are_not(
    doorstep: Doorstep, visibility: Visibility
) -> None:
    """The owner's newest choice holds at once, and the provider is not asked."""
    await doorstep.store.choose(AccountId(MINE), PolicyChange(visibility=visibility))
    doorstep.faults = [Temporary("nobody asks")]

    with pytest.raises(AttachmentRefused, match=f"no more than {visibility.value}"):
        await fetched(doorstep)

    assert len(doorstep.faults) == 1


@pytest.mark.parametrize("entry", ["ada@example.com", "@example.com"])
async def test_attachments_of_who_is_blocked_stay_out(doorstep: Doorstep, entry: str) -> None:
    """Also of a message that came before its sender was blocked."""
    await doorstep.store.choose(AccountId(MINE), PolicyChange(blocklist=(entry,)))
    doorstep.faults = [Temporary("nobody asks")]

    with pytest.raises(AttachmentRefused, match="blocklist"):
        await fetched(doorstep)

    assert len(doorstep.faults) == 1


@pytest.mark.parametrize(
    ("status", "reason", "what_to_do"),
    [
        (AccountStatus.PAUSED, "it is paused", f"sanderling accounts resume {MINE}"),
        (AccountStatus.NEEDS_REAUTH, "its consent ended", "sanderling accounts connect"),
        (AccountStatus.FAILED_PERMISSION, "a permission", f"sanderling accounts show {MINE}"),
    ],
)
async def test_an_account_that_is_stopped_is_not_asked(
    doorstep: Doorstep, status: AccountStatus, reason: str, what_to_do: str
) -> None:
    """The refusal says what somebody has to do."""
    await doorstep.store.change(AccountId(MINE), status, "why")
    doorstep.faults = [Temporary("nobody asks")]

    with pytest.raises(AccountStopped, match=reason) as refused:
        await fetched(doorstep)

    assert what_to_do in refused.value.advice
    assert len(doorstep.faults) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (RateLimited(retry_after_s=7.0), ProviderAway, "asks us to wait"),
        (QuotaSpent(retry_after_s=7.0), ProviderAway, "asks us to wait"),
        (Temporary(WORD), ProviderAway, "could not be reached"),
        (AuthRevoked(WORD), AccountStopped, "consent ended"),
        (PermissionMissing("the API is off", "Enable it"), AccountStopped, "the API is off"),
        (AppRefused("the app is in test mode", "Publish it"), AccountStopped, "test mode"),
        (Defect(WORD), AttachmentRefused, "does not give it out"),
        (ItemTooLarge(), AttachmentTooLarge, "larger than"),
    ],
)
async def test_what_the_provider_says_is_told_in_our_words(
    doorstep: Doorstep, fault: ProviderFault, kind: type[Refusal], told: str
) -> None:
    """Its own words, in which a secret may be, are not repeated."""
    doorstep.faults = [fault]

    with pytest.raises(kind, match=told) as refused:
        await fetched(doorstep)

    shown = f"{refused.value} {refused.value.advice} {refused.value.facts}"
    assert WORD not in shown
    assert refused.value.facts.get("retry_after_s") in {None, 7.0}
    assert isinstance(refused.value, kind)
    assert (await fetched(doorstep)).content == b"%PDF-1"


async def test_what_is_too_large_is_not_held(doorstep: Doorstep) -> None:
    """Neither what a message says is too large nor what turns out to be."""
    doorstep.mailbox.attachments["a", "att-1"] = bytes(MOST_ATTACHMENT_BYTES + 1)
    with pytest.raises(AttachmentTooLarge) as refused:
        await fetched(doorstep)
    assert refused.value.facts["size_bytes"] == MOST_ATTACHMENT_BYTES + 1

    written = next(iter(doorstep.mail.live(MINE).values()))
    [attachment] = written.message.attachments
    huge = replace(attachment, size_bytes=MOST_ATTACHMENT_BYTES + 1)
    object.__setattr__(written.message, "attachments", (huge,))
    doorstep.faults = [Temporary("nobody asks")]
    with pytest.raises(AttachmentTooLarge):
        await fetched(doorstep)
    assert len(doorstep.faults) == 1


async def test_only_so_many_are_held_at_once(doorstep: Doorstep) -> None:
    """Of one workspace and in all; whoever is done makes room."""
    await bring_messages(doorstep, account_of(THERE, OTHERS), "b")
    here, there = message_id("a"), message_id("b", OTHERS)
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE_EACH):
            await stack.enter_async_context(doorstep.attachments.open(HERE, here, 1))
        with pytest.raises(AttachmentsBusy):
            await fetched(doorstep)
        for _ in range(AT_ONCE - AT_ONCE_EACH):
            await stack.enter_async_context(doorstep.attachments.open(THERE, there, 1))
        with pytest.raises(AttachmentsBusy):
            async with doorstep.attachments.open(WorkspaceId("ws_3"), there, 1):
                pass

    assert (await fetched(doorstep)).content == b"%PDF-1"


async def test_a_provider_that_never_answers_is_away(doorstep: Doorstep) -> None:
    """Nobody waits for longer than may be, and the place is free again."""

    @asynccontextmanager
    async def silent(_account: Account) -> AsyncGenerator[MailProvider]:
        async def before(_request: str) -> None:
            await asyncio.Event().wait()

        yield MemoryMail(MemoryMailbox(()), before)

    attachments = Attachments(doorstep.store, doorstep.records, silent, within_s=0.0)

    for _ in range(AT_ONCE + 1):
        with pytest.raises(ProviderAway, match="too long"):
            async with attachments.open(HERE, message_id("a"), 1):
                pass
