"""What came in, without a server: in this process, past the same gate as over HTTP."""

from collections.abc import Awaitable, Callable

from jobs.accounts.file_name import file_name
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.record_models import CalendarEventPage, ContactPage, MessagePage, MessageShown
from sanderling.api.record_pages import AskedRecords, RecordPages
from sanderling.api.services import Services
from sanderling.client.records_transport import AttachmentFile

READ = Permission.RECORDS_READ

Admit = Callable[[Permission], Awaitable[Principal]]


class InProcessRecords:
    """Look at the records themselves."""

    def __init__(self, services: Callable[[], Services], admit: Admit) -> None:
        """Ask for `services` once they are open, and `admit` who may."""
        self._services = services
        self._admit = admit

    async def messages(self, asked: AskedRecords) -> MessagePage:
        """Return messages, newest first."""
        return await (await self._pages()).messages(asked)

    async def message(self, message_id: str) -> MessageShown:
        """Return one message."""
        return await (await self._pages()).message(message_id)

    async def attachment(self, message_id: str, number: int) -> AttachmentFile:
        """Return one attachment of a message."""
        principal, services = await self._admit(READ), self._services()
        async with services.attachments.open(principal.workspace_id, message_id, number) as found:
            return AttachmentFile(file_name(found.attachment.name), found.content)

    async def calendar_events(self, asked: AskedRecords) -> CalendarEventPage:
        """Return events, the latest start first."""
        return await (await self._pages()).calendar_events(asked)

    async def contacts(self, asked: AskedRecords) -> ContactPage:
        """Return contacts, the last found first."""
        return await (await self._pages()).contacts(asked)

    async def _pages(self) -> RecordPages:
        principal, services = await self._admit(READ), self._services()
        return RecordPages(services.sync_records, services.accounts, principal.workspace_id)
