"""How a batch of mail is written, each kind of row by one statement for all of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, delete, literal_column
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.sync.held import HeldMessage, MailBatch, Presence, Reason, Want, Written
from jobs.sync.provider import AccountRef
from jobs.sync.records import AT_ONCE, dated_at
from sanderling.store.columns import WORD
from sanderling.store.content import message_content
from sanderling.store.database import Database
from sanderling.store.row_insert import RowInsert
from sanderling.store.rows import portions
from sanderling.store.sync_schema import message_contents, message_folders, message_wants, messages

_STRONGER: Final[ColumnElement[str]] = literal_column(
    f"CASE WHEN excluded.reason = '{Reason.CONFIRM.value}' THEN message_wants.reason "
    "ELSE excluded.reason END",
    WORD,
)
"""That a message is to be confirmed says less than any other reason to fetch it."""


def _last_words(wants: Sequence[Want]) -> Collection[Want]:
    """Return one wish for each message, as they would be after one another."""
    words: dict[str, Want] = {}
    for want in wants:
        before = words.get(want.remote_id)
        is_weaker = before is not None and want.reason is Reason.CONFIRM
        reason = before.reason if before is not None and is_weaker else want.reason
        words[want.remote_id] = replace(want, reason=reason)
    return words.values()


class MailInserts:
    """How rows of mail are put in; made once and shared by all transactions."""

    def __init__(self, database: Database) -> None:
        """Speak the words of `database`."""
        self.messages = RowInsert(database.replacing(messages))
        self.folders = RowInsert(database.insert(message_folders))
        self.contents = RowInsert(database.replacing(message_contents))
        self.wants = RowInsert(database.replacing(message_wants, reason=_STRONGER))


class MailWrites:
    """Write to the mail of one account, in a transaction of somebody else."""

    def __init__(
        self, connection: AsyncConnection, inserts: MailInserts, account: AccountRef
    ) -> None:
        """Write through `connection`."""
        self._connection = connection
        self._inserts = inserts
        self._account = account

    async def write_messages(self, batch: MailBatch) -> None:
        """Keep messages, where they are, and their content while they are live."""
        # The last word on a message is that of `moved`.
        held = {each.held.remote_id: each.held for each in batch.written}
        held.update({each.remote_id: each for each in batch.moved})
        if not held:
            return
        rows = [self._message(each) for each in held.values()]
        await self._inserts.messages.run(self._connection, rows)
        await self._write_folders(held.values())
        written = {each.held.remote_id: each for each in batch.written}
        contents = [self._content(each) for each in written.values()]
        await self._inserts.contents.run(self._connection, contents)
        hidden = [each.remote_id for each in batch.moved if each.presence is not Presence.LIVE]
        for some in portions(hidden):
            columns = message_contents.c
            mine = columns.account_id == self._account.id
            removing = delete(message_contents).where(mine, columns.remote_id.in_(some))
            await self._connection.execute(removing)

    async def _write_folders(self, held: Collection[HeldMessage]) -> None:
        columns = message_folders.c
        mine = columns.account_id == self._account.id
        for some in portions([each.remote_id for each in held]):
            await self._connection.execute(
                delete(message_folders).where(mine, columns.remote_id.in_(some))
            )
        rows = [
            {"account_id": self._account.id, "remote_id": each.remote_id, "folder": folder}
            for each in held
            for folder in each.folders
        ]
        await self._inserts.folders.run(self._connection, rows)

    async def write_wants(self, batch: MailBatch) -> None:
        """End what came to be, and then keep what is wanted."""
        await self._end(batch.done)
        await self._end(batch.arrived, message_wants.c.reason == Reason.CONFIRM.value)
        await self._inserts.wants.run(self._connection, self._wants(batch.wanted))

    async def _end(self, remote_ids: Iterable[str], *conditions: ColumnElement[bool]) -> None:
        columns = message_wants.c
        mine = columns.account_id == self._account.id
        for some in portions(sorted(remote_ids)):
            await self._connection.execute(
                delete(message_wants).where(mine, columns.remote_id.in_(some), *conditions)
            )

    def _wants(self, wants: Sequence[Want]) -> list[dict[str, object]]:
        return [
            {
                "account_id": self._account.id,
                "remote_id": each.remote_id,
                "thread_id": each.thread_id,
                "reason": each.reason.value,
                "tries": each.tries,
                "due_at": each.not_before or AT_ONCE,
            }
            for each in _last_words(wants)
        ]

    def _message(self, held: HeldMessage) -> dict[str, object]:
        return {
            "account_id": self._account.id,
            "remote_id": held.remote_id,
            "id": held.record_id,
            "thread_id": held.thread_id,
            "version": held.version,
            "is_read": held.is_read,
            "presence": held.presence.value,
            "generation": held.generation,
            "revision": held.revision,
        }

    def _content(self, written: Written) -> dict[str, object]:
        return {
            "account_id": self._account.id,
            "remote_id": written.held.remote_id,
            "workspace_id": self._account.workspace_id,
            "id": written.held.record_id,
            "dated_at": dated_at(written.message),
            "is_outgoing": written.is_outgoing,
            "content": message_content(written.message),
        }
