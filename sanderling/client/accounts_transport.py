"""The port between what people write about accounts and where it happens."""

from typing import Protocol

from sanderling.api.account_models import (
    AccountPage,
    AccountShown,
    AskedAccount,
    AskedAccounts,
    AskedPolicy,
    DepartureShown,
    ErrandShown,
)


class AccountsTransport(Protocol):
    """Carry what is asked about the accounts of a workspace.

    Every implementation passes `tests/contract/test_client_accounts_contract.py`: same values,
    same refusals.
    """

    async def connect(self, asked: AskedAccount) -> DepartureShown:
        """Begin to connect an account."""
        ...

    async def errand(self, errand_id: str) -> ErrandShown:
        """Return an errand that somebody may still come back from."""
        ...

    async def list(self, asked: AskedAccounts) -> AccountPage:
        """Return a page of accounts, or of those that stand so."""
        ...

    async def get(self, account_id: str) -> AccountShown:
        """Return one account."""
        ...

    async def choose(self, account_id: str, asked: AskedPolicy) -> AccountShown:
        """Change the policy of an account."""
        ...

    async def pause(self, account_id: str) -> AccountShown:
        """Stop syncing an account."""
        ...

    async def resume(self, account_id: str) -> AccountShown:
        """Let an account go on."""
        ...

    async def sync_now(self, account_id: str) -> AccountShown:
        """Ask for sync out of turn."""
        ...

    async def resync(self, account_id: str) -> AccountShown:
        """Look through everything anew."""
        ...

    async def disconnect(self, account_id: str) -> None:
        """Forget an account."""
        ...
