"""Accounts over HTTP."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from pydantic import BaseModel

from sanderling.api.account_models import (
    AccountPage,
    AccountShown,
    AskedAccount,
    AskedAccounts,
    AskedPolicy,
    DepartureShown,
    ErrandShown,
)

Answer = TypeVar("Answer", bound=BaseModel)
_ACCOUNTS = "/v1/accounts"


class _Connection(Protocol):
    async def read(
        self, path: str, model: type[Answer], query: Mapping[str, str] | None = None
    ) -> Answer: ...

    async def write(
        self, method: str, path: str, model: type[Answer], asked: BaseModel | None = None
    ) -> Answer: ...

    async def remove(self, path: str) -> None: ...


class HTTPAccounts:
    """Ask a server for its accounts."""

    def __init__(self, connection: _Connection) -> None:
        """Speak over `connection`."""
        self._connection = connection

    async def connect(self, asked: AskedAccount) -> DepartureShown:
        """Begin to connect an account."""
        return await self._connection.write("POST", _ACCOUNTS, DepartureShown, asked)

    async def errand(self, errand_id: str) -> ErrandShown:
        """Return an errand that somebody may still come back from."""
        return await self._connection.read(f"{_ACCOUNTS}/errands/{errand_id}", ErrandShown)

    async def list(self, asked: AskedAccounts) -> AccountPage:
        """Return a page of accounts, or of those that stand so."""
        words = {"limit": str(asked.limit), "cursor": asked.cursor, "status": asked.status}
        query = {name: word for name, word in words.items() if word is not None}
        return await self._connection.read(_ACCOUNTS, AccountPage, query)

    async def get(self, account_id: str) -> AccountShown:
        """Return one account."""
        return await self._connection.read(f"{_ACCOUNTS}/{account_id}", AccountShown)

    async def choose(self, account_id: str, asked: AskedPolicy) -> AccountShown:
        """Change the policy of an account."""
        return await self._connection.write(
            "PATCH", f"{_ACCOUNTS}/{account_id}", AccountShown, asked
        )

    async def pause(self, account_id: str) -> AccountShown:
        """Stop syncing an account."""
        return await self._ask(account_id, "pause")

    async def resume(self, account_id: str) -> AccountShown:
        """Let an account go on."""
        return await self._ask(account_id, "resume")

    async def sync_now(self, account_id: str) -> AccountShown:
        """Ask for sync out of turn."""
        return await self._ask(account_id, "sync-now")

    async def resync(self, account_id: str) -> AccountShown:
        """Look through everything anew."""
        return await self._ask(account_id, "resync")

    async def disconnect(self, account_id: str) -> None:
        """Forget an account."""
        await self._connection.remove(f"{_ACCOUNTS}/{account_id}")

    async def _ask(self, account_id: str, deed: str) -> AccountShown:
        return await self._connection.write(
            "POST", f"{_ACCOUNTS}/{account_id}/{deed}", AccountShown
        )
