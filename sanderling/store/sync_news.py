"""What a batch of sync tells others: record events, and who became a contact."""

from collections.abc import Sequence

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.sync.held import Contact
from jobs.sync.provider import AccountRef
from runner.triggers.outbox import outbox_event
from sanderling.kernel.events import RecordChanged
from sanderling.kernel.jsontext import JSON, encode
from sanderling.store.database import Database
from sanderling.store.record_outbox import SQLRecordOutbox
from sanderling.store.row_insert import RowInsert
from sanderling.store.sync_schema import contacts


class SQLNews:
    """Keep news in the transaction that changes what they are about."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._outbox = SQLRecordOutbox(database)
        self._contacts = RowInsert(database.insert_missing(contacts))

    async def write(
        self,
        connection: AsyncConnection,
        account: AccountRef,
        events: Sequence[RecordChanged],
        found: Sequence[Contact],
    ) -> None:
        """Keep news that are new; events and contacts that are known stay as they are.

        Raises:
            InvalidJSON: an event has no strict JSON form.

        """
        changes = [outbox_event(each, each.happened_at, _composed) for each in events]
        await self._outbox.write(connection, changes)
        owner = {"workspace_id": account.workspace_id, "account_id": account.id}
        await self._contacts.run(connection, [{**owner, **_row(each)} for each in found])


def _composed(value: JSON) -> bytes:
    """Return what sync itself composed, of texts and flags and no fractions, as compact JSON.

    Raises:
        InvalidJSON: it has no strict form after all.

    """
    try:
        return to_json(value)
    except ValueError:
        return encode(value)


def _row(contact: Contact) -> dict[str, object]:
    address = contact.address
    return {"email": address.email, "name": address.name, "found_at": contact.found_at}
