"""Accounts without a server: the use-case, in this process, past the same gate as over HTTP."""

from collections.abc import Awaitable, Callable

from jobs.accounts.account import Provider
from jobs.accounts.accounts import Accounts
from jobs.streams.stream import Channel
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.account_models import (
    AccountPage,
    AccountShown,
    AskedAccount,
    AskedAccounts,
    AskedPolicy,
    DepartureShown,
    ErrandShown,
)

READ = Permission.ACCOUNTS_READ
MANAGE = Permission.ACCOUNTS_MANAGE

Admit = Callable[[Permission], Awaitable[Principal]]


class InProcessAccounts:
    """Work on the accounts themselves."""

    def __init__(self, accounts: Callable[[], Accounts], admit: Admit) -> None:
        """Ask for `accounts` once they are open, and `admit` who may."""
        self._accounts = accounts
        self._admit = admit

    async def connect(self, asked: AskedAccount) -> DepartureShown:
        """Begin to connect an account."""
        principal = await self._admit(MANAGE)
        departure = await self._accounts().connect(
            principal.workspace_id,
            Provider(asked.provider),
            [Channel(channel) for channel in asked.channels],
            email=asked.email,
            sends=asked.sends,
        )
        return DepartureShown.leaving(departure)

    async def errand(self, errand_id: str) -> ErrandShown:
        """Return an errand that somebody may still come back from."""
        principal = await self._admit(READ)
        return ErrandShown.of(await self._accounts().errand(principal.workspace_id, errand_id))

    async def list(self, asked: AskedAccounts) -> AccountPage:
        """Return a page of accounts, or of those that stand so."""
        workspace_id = (await self._admit(READ)).workspace_id
        return await asked.of(self._accounts(), workspace_id)

    async def get(self, account_id: str) -> AccountShown:
        """Return one account."""
        principal = await self._admit(READ)
        return AccountShown.seen(await self._accounts().show(principal.workspace_id, account_id))

    async def choose(self, account_id: str, asked: AskedPolicy) -> AccountShown:
        """Change the policy of an account."""
        workspace_id = (await self._admit(MANAGE)).workspace_id
        view = await self._accounts().choose(workspace_id, account_id, asked.change())
        return AccountShown.seen(view)

    async def pause(self, account_id: str) -> AccountShown:
        """Stop syncing an account."""
        here = (await self._admit(MANAGE)).workspace_id
        return AccountShown.seen(await self._accounts().pause(here, account_id))

    async def resume(self, account_id: str) -> AccountShown:
        """Let an account go on."""
        here = (await self._admit(MANAGE)).workspace_id
        return AccountShown.seen(await self._accounts().resume(here, account_id))

    async def sync_now(self, account_id: str) -> AccountShown:
        """Ask for sync out of turn."""
        here = (await self._admit(MANAGE)).workspace_id
        return AccountShown.seen(await self._accounts().sync_now(here, account_id))

    async def resync(self, account_id: str) -> AccountShown:
        """Look through everything anew."""
        here = (await self._admit(MANAGE)).workspace_id
        return AccountShown.seen(await self._accounts().resync(here, account_id))

    async def disconnect(self, account_id: str) -> None:
        """Forget an account."""
        principal = await self._admit(MANAGE)
        await self._accounts().disconnect(principal.workspace_id, account_id)
