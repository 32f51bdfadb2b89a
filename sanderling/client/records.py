"""What people look at of what came in through connected accounts."""

import re

from jobs.accounts.errors import AccountUnknown, AttachmentUnknown, MessageUnknown
from sanderling.api.attachment_name import MAX_NUMBER
from sanderling.api.record_models import CalendarEventPage, ContactPage, MessagePage, MessageShown
from sanderling.api.record_pages import AskedRecords
from sanderling.client.asked import page_place
from sanderling.client.records_transport import AttachmentFile, RecordsTransport
from sanderling.kernel.ids import is_id

MANY = 50

_MESSAGE_ID = re.compile("msg_[0-9a-f]{32}")


class Messages:
    """Look at the messages of a workspace."""

    def __init__(self, transport: RecordsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def list(
        self, *, account_id: str | None = None, limit: int = MANY, cursor: str | None = None
    ) -> MessagePage:
        """Return messages, newest first, without their texts.

        `account_id` leaves out what other accounts brought.

        Raises:
            AccountUnknown: no account can have this id.
            CursorRefused: the cursor was not made by this list.

        """
        return await self._transport.messages(_asked(account_id, limit, cursor))

    async def get(self, message_id: str) -> MessageShown:
        """Return one message with its text, and with what is known of its attachments.

        Raises:
            MessageUnknown: nobody of the workspace sees such a message.

        """
        return await self._transport.message(_known(message_id))

    async def attachment(self, message_id: str, number: int) -> AttachmentFile:
        """Return an attachment of a message, fetched from its provider now.

        `number` is its place in the message's `attachments`, counted from 1.

        Raises:
            MessageUnknown: nobody of the workspace sees such a message.
            AttachmentUnknown: it has no such attachment, or none any more.
            AttachmentRefused: the account's owner lets nobody have it, or the provider does not.
            AttachmentTooLarge: it is larger than what is fetched, which is 32 MiB.
            AttachmentsBusy: as many are fetched at once as may be.
            AccountStopped: the account is not read until somebody does something.
            ProviderAway: the provider cannot be asked now.
            ProviderDisabled: mail of this provider is turned off.

        """
        known = _known(message_id)
        if not 1 <= number <= MAX_NUMBER:
            raise AttachmentUnknown(message_id=message_id, number=number)
        return await self._transport.attachment(known, number)


class CalendarEvents:
    """Look at the events of the connected calendars."""

    def __init__(self, transport: RecordsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def list(
        self, *, account_id: str | None = None, limit: int = MANY, cursor: str | None = None
    ) -> CalendarEventPage:
        """Return events, the latest start first; it raises what lists of messages raise."""
        return await self._transport.calendar_events(_asked(account_id, limit, cursor))


class Contacts:
    """Look at who became a contact."""

    def __init__(self, transport: RecordsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def list(
        self, *, account_id: str | None = None, limit: int = MANY, cursor: str | None = None
    ) -> ContactPage:
        """Return contacts, the last found first; it raises what lists of messages raise."""
        return await self._transport.contacts(_asked(account_id, limit, cursor))


def _known(message_id: str) -> str:
    # A text that is no id is not sent, for it could be another route.
    if not _MESSAGE_ID.fullmatch(message_id):
        raise MessageUnknown(message_id=message_id)
    return message_id


def _asked(account_id: str | None, limit: int, cursor: str | None) -> AskedRecords:
    place = page_place(limit, cursor)
    if account_id is not None and not is_id(account_id, "acc"):
        raise AccountUnknown(account_id=account_id)
    return AskedRecords(place.limit, place.cursor, account_id)
