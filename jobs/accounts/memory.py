"""The twin of the store of accounts that lives in memory: for embedding, trials and tests.

It belongs to one event loop; no method waits, so each one is atomic.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.accounts.account import (
    Account,
    AccountPlace,
    AccountRows,
    AccountStatus,
    Errand,
    HeldTokens,
    Provider,
    TokenSet,
    account_place,
    account_rows,
    reconnected,
)
from jobs.accounts.policy import PolicyChange
from jobs.accounts.ports import (
    Beginning,
    Renewal,
    Requirement,
    begin_nothing,
    require_nothing,
)
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.stream import AccountId
from sanderling.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class _Kept:
    account: Account
    tokens: TokenSet
    version: int = 1
    fence: int = 0
    renewing_until: datetime | None = None

    def held(self) -> HeldTokens:
        return HeldTokens(self.account.provider, self.account.status, self.tokens, self.version)


class MemoryAccountStore:
    """Keep accounts for as long as this process lives, and their streams in `streams`."""

    def __init__(self, streams: MemoryStreamStore | None = None) -> None:
        """Start empty; without `streams` it is a store of its own."""
        self.streams = streams or MemoryStreamStore()
        self._kept: dict[str, _Kept] = {}
        self._errands: dict[str, Errand] = {}

    async def begin(self, errand: Errand) -> None:
        """Keep an errand."""
        self._errands[errand.state_digest] = errand

    async def take(self, state_digest: str, now: datetime) -> Errand | None:
        """Return an errand once."""
        self._errands = {
            digest: errand for digest, errand in self._errands.items() if errand.expires_at > now
        }
        return self._errands.pop(state_digest, None)

    async def waiting(
        self, workspace_id: WorkspaceId, state_digest: str, now: datetime
    ) -> Errand | None:
        """Return an errand of a workspace."""
        errand = self._errands.get(state_digest)
        is_theirs = errand is not None and errand.workspace_id == workspace_id
        return errand if errand and is_theirs and errand.expires_at > now else None

    async def connect(
        self,
        account: Account,
        tokens: TokenSet,
        require: Requirement = require_nothing,
        begin: Beginning = begin_nothing,
    ) -> Account:
        """Keep an account with its tokens and streams."""
        before = next(
            (kept for kept in self._kept.values() if _identity(kept.account) == _identity(account)),
            None,
        )
        if before is None:
            kept = _Kept(account, tokens)
        else:
            require(before.account, account)
            kept = replace(
                before,
                account=reconnected(before.account, account),
                tokens=tokens,
                version=before.version + 1,
                fence=before.fence + 1,
                renewing_until=None,
            )
        self.streams.begin(begin(kept.account))
        self._kept[kept.account.id] = kept
        return kept.account

    async def find(self, workspace_id: WorkspaceId, account_id: str) -> Account | None:
        """Return an account of a workspace."""
        kept = self._kept.get(account_id)
        is_theirs = kept is not None and kept.account.workspace_id == workspace_id
        return kept.account if kept is not None and is_theirs else None

    async def find_some(
        self, workspace_id: WorkspaceId, account_ids: Collection[str]
    ) -> Sequence[Account]:
        """Return those of a workspace that have these ids."""
        return [each for each in self._of(workspace_id) if each.id in account_ids]

    async def named(
        self, workspace_id: WorkspaceId, provider: Provider, email: str
    ) -> Sequence[Account]:
        """Return the accounts of a workspace that have this address."""
        mine = self._of(workspace_id)
        return [each for each in mine if (each.provider, each.email) == (provider, email)]

    async def list_accounts(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: AccountPlace | None = None,
        status: AccountStatus | None = None,
    ) -> AccountRows:
        """Return a page of the accounts of a workspace."""
        found = [
            each
            for each in sorted(self._of(workspace_id), key=account_place)
            if status in {None, each.status} and (after is None or account_place(each) > after)
        ]
        return account_rows(found, limit)

    def _of(self, workspace_id: WorkspaceId) -> list[Account]:
        kept = (each.account for each in self._kept.values())
        return [each for each in kept if each.workspace_id == workspace_id]

    async def change(self, account_id: AccountId, status: AccountStatus, reason: str = "") -> bool:
        """Write how an account stands."""
        kept = self._kept.get(account_id)
        if kept is None:
            return False
        account = replace(kept.account, status=status, reason=reason)
        self._kept[account_id] = replace(kept, account=account)
        return True

    async def choose(self, account_id: AccountId, change: PolicyChange) -> bool:
        """Change the policy of an account."""
        kept = self._kept.get(account_id)
        if kept is None:
            return False
        account = replace(kept.account, policy=change.of(kept.account.policy))
        self._kept[account_id] = replace(kept, account=account)
        return True

    async def remove(self, account_id: AccountId) -> TokenSet | None:
        """Remove an account."""
        kept = self._kept.pop(account_id, None)
        return None if kept is None else kept.tokens

    async def tokens(self, account_id: str) -> HeldTokens | None:
        """Return the tokens of an account."""
        kept = self._kept.get(account_id)
        return None if kept is None else kept.held()

    async def ending(
        self, provider: Provider, *, after: datetime, by: datetime, limit: int
    ) -> Sequence[AccountId]:
        """Return connected accounts whose token ends in that time, soonest first."""
        ends = sorted(
            (kept.tokens.expires_at, kept.account.id)
            for kept in self._kept.values()
            if kept.account.provider is provider
            and kept.account.status is AccountStatus.CONNECTED
            and after < kept.tokens.expires_at <= by
        )
        return tuple(account_id for _, account_id in ends[:limit])

    async def claim_renewal(
        self, account_id: str, *, version: int, now: datetime, until: datetime
    ) -> Renewal | None:
        """Return the right to renew tokens."""
        kept = self._kept.get(account_id)
        if kept is None or kept.version != version:
            return None
        if kept.renewing_until is not None and kept.renewing_until > now:
            return None
        self._kept[account_id] = replace(kept, fence=kept.fence + 1, renewing_until=until)
        return Renewal(kept.account.id, kept.fence + 1, kept.held())

    async def renewed(self, renewal: Renewal, tokens: TokenSet) -> bool:
        """Write new tokens."""
        kept = self._mine(renewal)
        if kept is None:
            return False
        self._kept[renewal.account_id] = replace(
            kept, tokens=tokens, version=kept.version + 1, renewing_until=None
        )
        return True

    async def give_back(
        self, renewal: Renewal, status: AccountStatus | None = None, reason: str = ""
    ) -> bool:
        """Give up the right."""
        kept = self._mine(renewal)
        if kept is None:
            return False
        self._kept[renewal.account_id] = replace(kept, renewing_until=None)
        if status is not None:
            await self.change(renewal.account_id, status, reason)
        return True

    def _mine(self, renewal: Renewal) -> _Kept | None:
        kept = self._kept.get(renewal.account_id)
        is_held = kept is not None and kept.fence == renewal.fence and kept.renewing_until
        return kept if is_held else None


def _identity(account: Account) -> tuple[str, str, str]:
    return account.workspace_id, account.provider, account.subject
