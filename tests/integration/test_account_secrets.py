"""A copy of the database lets nobody into an account."""

from sqlalchemy import select

from jobs.accounts.account import Errand, Provider, TokenSet
from jobs.streams.stream import Channel
from sanderling.store import Database, SQLAccountStore, open_database
from sanderling.store.account_schema import account_errands, account_tokens, connected_accounts
from support.accounts import HOME, HOUR, NOW, TOKENS, a_sealer, an_account

VERIFIER = "verifier-of-a-person"
NEXT = TokenSet("next-access-secret", "next-refresh-secret", NOW + HOUR)


async def test_no_table_holds_a_token_or_a_verifier(sqlite_url: str) -> None:
    """Tokens are sealed when an account is connected and when they are renewed, verifiers too."""
    async with open_database(sqlite_url) as database:
        store = SQLAccountStore(database, a_sealer())
        await store.begin(Errand("d", VERIFIER, Provider.GOOGLE, HOME, (Channel.GMAIL,), NOW))
        await store.connect(an_account(), TOKENS)
        renewal = await store.claim_renewal("acc_1", version=1, now=NOW, until=NOW + HOUR)
        assert renewal is not None
        before = await _everything(database)
        assert await store.renewed(renewal, NEXT)
        after = await _everything(database)

    for text in (before, after):
        assert "sealed:v1:" in text
        for secret in (VERIFIER, TOKENS.access, TOKENS.refresh, NEXT.access, NEXT.refresh):
            assert secret not in text
    assert before != after


async def _everything(database: Database) -> str:
    async with database.read() as connection:
        tables = (connected_accounts, account_tokens, account_errands)
        return repr([(await connection.execute(select(table))).all() for table in tables])
