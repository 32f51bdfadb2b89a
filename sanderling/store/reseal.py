"""Seals the tokens of accounts anew, under the key in force."""

from collections.abc import AsyncGenerator, Mapping

from sqlalchemy import select, update

from config.errors import SecretUnreadableError
from config.ports import Sealer
from config.rewrap import Rewrapped
from sanderling.store.account_schema import account_tokens
from sanderling.store.accounts import token_place
from sanderling.store.database import Database
from sanderling.store.rows import read_all

_rows = account_tokens.c
_COLUMNS = ("access", "refresh")
_PAGE = 100
_ATTEMPTS = 5


async def reseal_tokens(database: Database, sealer: Sealer) -> Rewrapped:
    """Seal the tokens of every account with the key in force.

    Each account is one step. Tokens that are renewed meanwhile are never put back: they are
    looked at again. Whoever is killed in between leaves nothing torn.

    Raises:
        SealingRefused: there is no key in force, and an account.
        StoreUnavailableError: the database is away; what was done stays done.

    """
    done = Rewrapped()
    async for account_id in _accounts(database):
        done = done.plus(await _reseal(database, sealer, account_id))
    return done


async def _accounts(database: Database) -> AsyncGenerator[str]:
    last = ""
    while True:
        query = select(_rows.account_id).where(_rows.account_id > last)
        page = await read_all(
            database, query.order_by(_rows.account_id).limit(_PAGE), lambda row: str(row.account_id)
        )
        for last in page:
            yield last
        if len(page) < _PAGE:
            return


async def _reseal(database: Database, sealer: Sealer, account_id: str) -> Rewrapped:
    kept = select(_rows.access, _rows.refresh).where(_rows.account_id == account_id)
    for _ in range(_ATTEMPTS):
        found = await read_all(
            database, kept, lambda row: {"access": row.access, "refresh": row.refresh}
        )
        if not found:
            # It was disconnected meanwhile.
            return Rewrapped()
        anew, counts = _resealed(found[0], sealer, account_id)
        if not anew:
            return counts
        same = [_rows[column] == found[0][column] for column in _COLUMNS]
        change = update(account_tokens).where(_rows.account_id == account_id, *same).values(anew)
        async with database.write() as connection:
            if (await connection.execute(change)).rowcount == 1:
                return counts
    # Whoever renews them that often seals them each time.
    return Rewrapped(accounts=1)


def _resealed(
    texts: Mapping[str, str], sealer: Sealer, account_id: str
) -> tuple[dict[str, str], Rewrapped]:
    anew: dict[str, str] = {}
    current, unreadable = 0, list[str]()
    for column in _COLUMNS:
        place = token_place(account_id, column)
        try:
            value = sealer.open(texts[column], place)
        except SecretUnreadableError:
            unreadable.append(f"{column} token of {account_id}")
            continue
        if sealer.is_current(texts[column]):
            current += 1
        else:
            anew[column] = sealer.seal(value, place)
    return anew, Rewrapped(0, len(anew), current, tuple(unreadable), accounts=1)
