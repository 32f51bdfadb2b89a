"""The port to access tokens, and its twin in memory."""

from typing import Protocol

from jobs.sync.faults import AuthRevoked


class Tokens(Protocol):
    """Give out what a provider lets us in with.

    A token is a secret: whoever gets it sends it to its provider and nowhere else. When the
    provider or the database is away, `Temporary` or `StoreUnavailableError` is raised and the
    tokens stay as they were.
    """

    async def access_token(self, account_id: str) -> str:
        """Return a token that was good when it was last looked at.

        Raises:
            AuthRevoked: the account is unknown, disconnected, or has to be connected again.

        """
        ...

    async def refresh(self, account_id: str, stale: str) -> str:
        """Return a token other than `stale`, which the provider refused.

        However many ask at the same time, in whatever process, one of them asks the provider; who
        comes after it gets what it brought.

        Raises:
            AuthRevoked: the provider gives no further token.

        """
        ...


class MemoryTokens:
    """Hold tokens for as long as this process lives; each refresh counts its token on.

    It belongs to one event loop; no method waits, so each one is atomic.
    """

    def __init__(self) -> None:
        """Know no account."""
        self._tokens: dict[str, str] = {}
        self._next: dict[str, list[str]] = {}
        self.refreshes = 0

    def grant(self, account_id: str, token: str, *renewed: str) -> None:
        """Let an account in with `token`, and after refreshes with those `renewed`, in turn."""
        self._tokens[account_id] = token
        self._next[account_id] = list(renewed)

    async def access_token(self, account_id: str) -> str:
        """Return the token that is held."""
        if account_id not in self._tokens:
            raise AuthRevoked("there is no token")
        return self._tokens[account_id]

    async def refresh(self, account_id: str, stale: str) -> str:
        """Return the token after `stale`."""
        held = await self.access_token(account_id)
        if held != stale:
            return held
        if not self._next[account_id]:
            del self._tokens[account_id]
            raise AuthRevoked("invalid_grant")
        self.refreshes += 1
        self._tokens[account_id] = self._next[account_id].pop(0)
        return self._tokens[account_id]
