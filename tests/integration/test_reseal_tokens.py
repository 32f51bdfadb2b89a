"""The tokens of accounts survive a change of APP_SECRET."""

import os
import sqlite3

from config.ports import SecretPlace
from config.rewrap import Rewrapped
from jobs.accounts.account import TokenSet
from sanderling.store import Database, SQLAccountStore, open_database, reseal_tokens
from sanderling.vault import AESGCMSealer, Keyring
from support.accounts import TOKENS, an_account

OLD = "the-quick-brown-fox-jumps-over-1"
NEW = "a-lazy-dog-lay-there-all-day-long-2"
ACCOUNTS = 103


def sealer(secret: str, *previous: str) -> AESGCMSealer:
    """Return a sealer under these secrets."""
    return AESGCMSealer(Keyring.of(secret, previous), os.urandom)


async def connect(database: Database, count: int) -> None:
    """Keep accounts whose tokens are sealed under the old secret."""
    store = SQLAccountStore(database, sealer(OLD))
    for number in range(count):
        await store.connect(an_account(number), TOKENS)


async def tokens(database: Database, secret: str, account_id: str) -> TokenSet | None:
    """Return the tokens of an account as one secret opens them."""
    held = await SQLAccountStore(database, sealer(secret)).tokens(account_id)
    return None if held is None else held.tokens


async def test_every_account_is_sealed_anew(database_url: str) -> None:
    """Afterwards the old secret is not needed, and a second run finds nothing to do."""
    async with open_database(database_url) as database:
        await connect(database, ACCOUNTS)

        stuck = await reseal_tokens(database, sealer(NEW))
        done = await reseal_tokens(database, sealer(NEW, OLD))
        again = await reseal_tokens(database, sealer(NEW))
        opened = [await tokens(database, NEW, f"acc_{number}") for number in (0, 57, 102)]

    assert (stuck.sealed, len(stuck.unreadable)) == (0, 2 * ACCOUNTS)
    assert "access token of acc_57" in stuck.unreadable
    assert done == Rewrapped(sealed=2 * ACCOUNTS, accounts=ACCOUNTS)
    assert again == Rewrapped(current=2 * ACCOUNTS, accounts=ACCOUNTS)
    assert opened == [TOKENS] * 3


async def test_tokens_that_are_renewed_meanwhile_are_not_put_back(sqlite_url: str) -> None:
    """Between reading and writing another process has kept the next tokens, sealed the old way."""
    path = sqlite_url.partition(":///")[2]
    following = TokenSet("access-2", "refresh-2", TOKENS.expires_at)

    class Overtaken(AESGCMSealer):
        """Let another process write, the first time that something is sealed."""

        has_waited = False

        def seal(self, value: str, place: SecretPlace) -> str:
            if not self.has_waited:
                self.has_waited = True
                old = sealer(OLD)
                sealed = [
                    old.seal(value, SecretPlace("account_tokens", "acc_0", column))
                    for column, value in (
                        ("access", following.access),
                        ("refresh", following.refresh),
                    )
                ]
                with sqlite3.connect(path) as other:
                    other.execute("UPDATE account_tokens SET access = ?, refresh = ?", sealed)
                other.close()
            return super().seal(value, place)

    async with open_database(sqlite_url) as database:
        await connect(database, 1)
        done = await reseal_tokens(database, Overtaken(Keyring.of(NEW, [OLD]), os.urandom))

        assert await tokens(database, NEW, "acc_0") == following
    assert done == Rewrapped(sealed=2, accounts=1)
