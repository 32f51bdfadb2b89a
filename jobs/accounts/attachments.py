"""Fetches an attachment from its provider when somebody asks for it; nothing of it is kept.

What is held is one attachment for each of a bounded number of readers, each of a bounded size.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from jobs.accounts.account import Account, AccountStatus
from jobs.accounts.errors import (
    AccountStopped,
    AttachmentRefused,
    AttachmentsBusy,
    AttachmentTooLarge,
    AttachmentUnknown,
    MessageUnknown,
    ProviderAway,
)
from jobs.accounts.ports import AccountStore
from jobs.accounts.work import owner_policy
from jobs.sync.faults import (
    AppRefused,
    AuthRevoked,
    Defect,
    ItemGone,
    ItemTooLarge,
    PermissionMissing,
    ProviderFault,
    RateLimited,
)
from jobs.sync.items import Attachment
from jobs.sync.provider import MOST_ATTACHMENT_BYTES, MailProvider
from jobs.sync.records import MessageRecord, SyncRecords
from jobs.sync.rules import Exclusion, Visibility, exclusion
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import WorkspaceId

AT_ONCE: Final = 4
"""How many attachments one process holds."""

AT_ONCE_EACH: Final = 2
"""How many of them are for one workspace."""

WITHIN_S: Final = 60.0
"""How long a provider may take, all of its requests together."""

_CONNECT = "Connect it again with `sanderling accounts connect`"
_AT_PROVIDER = "Open the message at its provider"

OpenMailbox = Callable[[Account], AbstractAsyncContextManager[MailProvider]]
"""Opens the mail of an account for as long as the block lasts.

Raises `ProviderDisabled` where its mail is turned off here.
"""


@dataclass(frozen=True, slots=True)
class FetchedAttachment:
    """What the message tells of an attachment, and its bytes."""

    attachment: Attachment
    content: bytes


class Attachments:
    """Fetch attachments, within one workspace at a time; one event loop owns it."""

    def __init__(
        self,
        accounts: AccountStore,
        records: SyncRecords,
        open_mailbox: OpenMailbox,
        *,
        within_s: float = WITHIN_S,
    ) -> None:
        """Find messages in `records`, and ask the mailboxes of `accounts`."""
        self._accounts = accounts
        self._records = records
        self._open_mailbox = open_mailbox
        self._within_s = within_s
        self._held = Counter[WorkspaceId]()

    @asynccontextmanager
    async def open(
        self, workspace_id: WorkspaceId, message_id: str, number: int
    ) -> AsyncGenerator[FetchedAttachment]:
        """Yield an attachment of a message, counted from 1 as the message lists them.

        Raises:
            MessageUnknown: nobody of the workspace sees such a message.
            AttachmentUnknown: it has no such attachment, or none any more.
            AttachmentRefused: the account's owner lets nobody have it, or the provider does not.
            AttachmentTooLarge: it is larger than `MOST_ATTACHMENT_BYTES`.
            AttachmentsBusy: as many are held as may be.
            AccountStopped: the account is not read until somebody does something.
            ProviderAway: the provider cannot be asked now.
            ProviderDisabled: mail of this provider is turned off here.

        """
        if self._held.total() >= AT_ONCE or self._held[workspace_id] >= AT_ONCE_EACH:
            raise AttachmentsBusy(held=self._held.total())
        self._held[workspace_id] += 1
        try:
            yield await self._fetched(workspace_id, message_id, number)
        finally:
            self._held[workspace_id] -= 1

    async def _fetched(
        self, workspace_id: WorkspaceId, message_id: str, number: int
    ) -> FetchedAttachment:
        record = await self._records.message(workspace_id, message_id)
        account = None
        if record is not None:
            account = await self._accounts.find(workspace_id, record.account_id)
        if record is None or account is None:
            raise MessageUnknown(message_id=message_id)
        _require_shown(record, account)
        attachments = record.message.attachments
        if not 0 < number <= len(attachments):
            raise AttachmentUnknown(message_id=message_id, number=number)
        _require_going_on(account)
        attachment = attachments[number - 1]
        _require_size(attachment.size_bytes)
        try:
            content = await self._asked(account, record.message.remote_id, attachment.remote_id)
        except ItemGone:
            raise AttachmentUnknown(message_id=message_id, number=number) from None
        except ProviderFault as fault:
            # In our own words: what the provider wrote is not repeated.
            raise _refusal(account, fault) from None
        _require_size(len(content))
        return FetchedAttachment(attachment, content)

    async def _asked(self, account: Account, message_id: str, attachment_id: str) -> bytes:
        try:
            async with asyncio.timeout(self._within_s), self._open_mailbox(account) as mailbox:
                return await mailbox.attachment(message_id, attachment_id)
        except TimeoutError:
            raise ProviderAway(reason="it took too long") from None


def _require_shown(record: MessageRecord, account: Account) -> None:
    """Refuse what the owner of an account shows nobody; the newest choice holds."""
    visibility = account.policy.visibility
    if visibility is not Visibility.EVERYTHING:
        raise AttachmentRefused(
            reason=f"the owner of the account lets others see no more than {visibility.value}",
            what_to_do="The owner may choose another visibility with `sanderling accounts policy`",
        )
    if exclusion(record.message, owner_policy(account)) is Exclusion.BLOCKED:
        raise AttachmentRefused(
            reason="who wrote it is on the blocklist of the account",
            what_to_do="The owner may change the blocklist with `sanderling accounts policy`",
        )


def _require_going_on(account: Account) -> None:
    """Ask no provider for an account that somebody stopped, or that is not let in."""
    resume = f"`sanderling accounts resume {account.id}`"
    stopped = {
        AccountStatus.PAUSED: ("it is paused", f"Let it go on with {resume}"),
        AccountStatus.NEEDS_REAUTH: ("its consent ended", _CONNECT),
        AccountStatus.FAILED_PERMISSION: (
            "it lacks a permission at its provider",
            f"`sanderling accounts show {account.id}` says which; then {resume}",
        ),
    }
    if account.status in stopped:
        reason, what_to_do = stopped[account.status]
        raise AccountStopped(account_id=account.id, reason=reason, what_to_do=what_to_do)


def _require_size(size_bytes: int) -> None:
    if size_bytes > MOST_ATTACHMENT_BYTES:
        raise AttachmentTooLarge(size_bytes=size_bytes, allowed_bytes=MOST_ATTACHMENT_BYTES)


def _refusal(account: Account, fault: ProviderFault) -> Refusal:
    match fault:
        case ItemTooLarge():
            return AttachmentTooLarge(allowed_bytes=MOST_ATTACHMENT_BYTES)
        case AuthRevoked():
            return AccountStopped(
                account_id=account.id, reason="its consent ended", what_to_do=_CONNECT
            )
        case PermissionMissing() | AppRefused():
            detail, what_to_do = str(fault.facts["detail"]), str(fault.facts["what_to_do"])
            return AccountStopped(account_id=account.id, reason=detail, what_to_do=what_to_do)
        case RateLimited():
            return ProviderAway(reason="it asks us to wait", retry_after_s=fault.retry_after_s)
        case Defect():
            return AttachmentRefused(
                reason="its provider does not give it out", what_to_do=_AT_PROVIDER
            )
        case _:
            return ProviderAway(reason="it could not be reached, or answered nothing usable")
