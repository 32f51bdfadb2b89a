"""The port between what people ask of what came in and where that is kept."""

from dataclasses import dataclass
from typing import Protocol

from sanderling.api.record_models import CalendarEventPage, ContactPage, MessagePage, MessageShown
from sanderling.api.record_pages import AskedRecords


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """An attachment: a name that is fit to keep it under on any system, and its bytes."""

    name: str
    content: bytes


class RecordsTransport(Protocol):
    """Carry what is asked about messages, calendar events and contacts of a workspace.

    Every implementation passes `tests/contract/test_client_records_contract.py`: same values,
    same refusals.
    """

    async def messages(self, asked: AskedRecords) -> MessagePage:
        """Return messages, newest first."""
        ...

    async def message(self, message_id: str) -> MessageShown:
        """Return one message."""
        ...

    async def attachment(self, message_id: str, number: int) -> AttachmentFile:
        """Return one attachment of a message."""
        ...

    async def calendar_events(self, asked: AskedRecords) -> CalendarEventPage:
        """Return events, the latest start first."""
        ...

    async def contacts(self, asked: AskedRecords) -> ContactPage:
        """Return contacts, the last found first."""
        ...
