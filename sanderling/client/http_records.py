"""What came in, over HTTP."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from pydantic import BaseModel

from jobs.accounts.attachments import WITHIN_S
from sanderling.api.attachment_name import name_in
from sanderling.api.record_models import CalendarEventPage, ContactPage, MessagePage, MessageShown
from sanderling.api.record_pages import AskedRecords
from sanderling.client.records_transport import AttachmentFile

Answer = TypeVar("Answer", bound=BaseModel)


class _Connection(Protocol):
    async def read(
        self, path: str, model: type[Answer], query: Mapping[str, str] | None = None
    ) -> Answer: ...

    async def read_bytes(self, path: str, *, wait_s: float) -> tuple[Mapping[str, str], bytes]: ...


class HTTPRecords:
    """Ask a server for what came in."""

    def __init__(self, connection: _Connection) -> None:
        """Speak over `connection`."""
        self._connection = connection

    async def messages(self, asked: AskedRecords) -> MessagePage:
        """Return messages, newest first."""
        return await self._connection.read("/v1/messages", MessagePage, _query(asked))

    async def message(self, message_id: str) -> MessageShown:
        """Return one message."""
        return await self._connection.read(f"/v1/messages/{message_id}", MessageShown)

    async def attachment(self, message_id: str, number: int) -> AttachmentFile:
        """Return one attachment of a message, which its provider is asked for meanwhile."""
        path = f"/v1/messages/{message_id}/attachments/{number}"
        headers, content = await self._connection.read_bytes(path, wait_s=WITHIN_S)
        return AttachmentFile(name_in(headers.get("content-disposition", "")), content)

    async def calendar_events(self, asked: AskedRecords) -> CalendarEventPage:
        """Return events, the latest start first."""
        return await self._connection.read("/v1/calendar-events", CalendarEventPage, _query(asked))

    async def contacts(self, asked: AskedRecords) -> ContactPage:
        """Return contacts, the last found first."""
        return await self._connection.read("/v1/contacts", ContactPage, _query(asked))


def _query(asked: AskedRecords) -> dict[str, str]:
    words = {"limit": str(asked.limit), "cursor": asked.cursor, "account_id": asked.account_id}
    return {name: word for name, word in words.items() if word is not None}
