"""Thousands of accounts are listed page by page, and nobody reads more of them than is shown."""

from collections.abc import AsyncGenerator, Generator, Sized
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from jobs.accounts.account import AccountPlace, AccountStatus, Provider
from jobs.accounts.accounts import Accounts, Belongings, Tools
from jobs.accounts.policy import PolicyChange
from jobs.streams.stream import AccountId
from jobs.sync.announcements import record_id
from jobs.sync.held import HeldMessage, MailBatch, Presence, Written
from jobs.sync.provider import AccountRef
from jobs.sync.rules import Visibility
from sanderling.api.account_models import AccountPage
from sanderling.api.record_pages import AskedRecords, RecordPages
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds
from sanderling.store import (
    Database,
    SQLAccountRecords,
    SQLAccountStore,
    SQLMailStore,
    SQLSliceHistory,
    SQLStreamStore,
    SQLSyncRecords,
)
from sanderling.store.account_schema import connected_accounts
from support.accounts import a_sealer
from support.records import START
from support.remote import ACCOUNT, LEASE, whole_mailbox
from support.sync_stores import held_database
from support.tokens import Balky
from support.watches import unwatched

COUNT, PAGE = 3000, 100
HOME = ACCOUNT.workspace_id


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    """Yield a database with thousands of accounts in one workspace; some were made at once."""
    async with held_database(request.getfixturevalue(f"{request.param}_url")) as database:
        rows = [
            {
                "id": f"acc_{number:04}",
                "workspace_id": HOME,
                "provider": Provider.GOOGLE.value,
                "subject": f"subject-{number}",
                "email": f"p{number}@example.com",
                "aliases": "",
                "scopes": "",
                "channels": "gmail",
                "status": ("needs_reauth" if number % 1000 == 7 else "connected"),
                "reason": "",
                "created_at": START + timedelta(seconds=number // 3),
                "policy": None,
            }
            for number in range(COUNT)
        ]
        async with database.write() as connection:
            await connection.execute(connected_accounts.insert(), rows)
        yield database


@pytest.fixture
def store(database: Database) -> SQLAccountStore:
    """Return the store of accounts."""
    return SQLAccountStore(database, a_sealer())


@pytest.fixture
def accounts(database: Database, store: SQLAccountStore) -> Accounts:
    """Return what people do with accounts."""
    clock = VirtualClock(START)
    belongings = Belongings(
        SQLStreamStore(database),
        SQLAccountRecords(database),
        SQLSliceHistory(database),
        unwatched(clock),
    )
    return Accounts(store, belongings, Balky(clock), Tools(clock, SortableIds(clock), bytes))


@contextmanager
def asked() -> Generator[list[tuple[str, int]]]:
    """Yield what is asked about accounts meanwhile: each statement, and how many values it has."""
    statements: list[tuple[str, int]] = []

    def note(*told: object) -> None:
        _, _, statement, parameters, *_ = told
        if "connected_accounts" in str(statement):
            assert isinstance(parameters, Sized)
            statements.append((str(statement), len(parameters)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_every_account_is_on_one_page(store: SQLAccountStore) -> None:
    """In order, also where many were connected at one moment; a page is one statement."""
    seen: list[str] = []
    after: AccountPlace | None = None
    pages = 0
    with asked() as statements:
        while pages == 0 or after is not None:
            page = await store.list_accounts(HOME, limit=PAGE, after=after)
            seen += [each.id for each in page.rows]
            after, pages = page.next_place, pages + 1

    assert seen == [f"acc_{number:04}" for number in range(COUNT)]
    assert len(statements) == pages == COUNT // PAGE
    assert all("LIMIT" in statement for statement, _ in statements)


async def test_a_status_is_looked_for_by_the_database(store: SQLAccountStore) -> None:
    """A few among thousands fit one page."""
    with asked() as statements:
        page = await store.list_accounts(HOME, limit=PAGE, status=AccountStatus.NEEDS_REAUTH)

    assert [each.id for each in page.rows] == ["acc_0007", "acc_1007", "acc_2007"]
    assert page.next_place is None
    assert len(statements) == 1


async def test_an_address_is_found_without_reading_all(store: SQLAccountStore) -> None:
    """One statement, of one account."""
    with asked() as statements:
        found = await store.named(HOME, Provider.GOOGLE, "p2999@example.com")

    assert [each.id for each in found] == ["acc_2999"]
    assert len(statements) == 1


async def test_an_index_leads_to_a_page_and_to_an_address(sqlite_url: str) -> None:
    """SQLite says so of itself; PostgreSQL has the same indexes."""
    page = "WHERE workspace_id = 'w' ORDER BY created_at, id LIMIT 101"
    email = "WHERE workspace_id = 'w' AND provider = 'google' AND email = 'e'"
    plans: list[str] = []
    async with held_database(sqlite_url) as database, database.read() as connection:
        for condition in (page, email):
            query = text(f"EXPLAIN QUERY PLAN SELECT * FROM connected_accounts {condition}")  # noqa: S608 - two texts of ours.
            plans.append(" ".join(str(row) for row in await connection.execute(query)))

    assert "ix_connected_accounts_pages" in plans[0]
    assert "TEMP B-TREE" not in plans[0]
    assert "ix_connected_accounts_email" in plans[1]


async def _bring(database: Database, *account_ids: str) -> None:
    """Let one message come in through each of these accounts."""
    mailbox = whole_mailbox()
    mail = SQLMailStore(database)
    for account_id in account_ids:
        message = mailbox.messages[mailbox.add(folders=frozenset({"inbox"}), text="the text")]
        held = HeldMessage(
            record_id=record_id("msg", account_id, message.remote_id),
            remote_id=message.remote_id,
            thread_id=message.thread_id,
            version=message.version,
            folders=message.folders,
            is_read=False,
            presence=Presence.LIVE,
            generation=1,
            revision=1,
        )
        account = replace(ACCOUNT, id=account_id)
        written = Written(held, message, is_outgoing=False)
        assert isinstance(account, AccountRef)
        await mail.commit(account, LEASE, MailBatch(written=(written,)))


async def test_a_page_of_messages_reads_the_accounts_that_brought_them(
    database: Database, store: SQLAccountStore, accounts: Accounts
) -> None:
    """And no other one of the thousands; each owner's choice holds for what is shown."""
    await _bring(database, "acc_0001", "acc_0001", "acc_2998", "acc_gone")
    await store.choose(AccountId("acc_2998"), PolicyChange(visibility=Visibility.METADATA))
    pages = RecordPages(SQLSyncRecords(database), accounts, HOME)

    with asked() as statements:
        page = await pages.messages(AskedRecords(limit=PAGE))
        events = await pages.calendar_events(AskedRecords(limit=PAGE))

    [(statement, values)] = statements
    assert " IN " in statement
    assert values <= 1 + 3
    shown = {row.account_id: row.subject is not None for row in page.items}
    assert shown == {"acc_0001": True, "acc_2998": False, "acc_gone": False}
    assert len(page.items) == 4
    assert events.items == []


async def test_a_page_over_http_is_as_large_as_it_was_asked_for(accounts: Accounts) -> None:
    """Whatever the workspace has."""
    page = AccountPage.of(await accounts.list_accounts(HOME, limit=2))

    assert [each.id for each in page.items] == ["acc_0000", "acc_0001"]
    assert page.next_cursor is not None
