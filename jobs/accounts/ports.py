"""What accounts need from others; the adapters live in `sanderling.store` and beside us."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from jobs.accounts.account import (
    Account,
    AccountPlace,
    AccountRows,
    AccountStatus,
    Errand,
    Granted,
    HeldTokens,
    Provider,
    TokenSet,
)
from jobs.accounts.policy import PolicyChange
from jobs.streams.stream import AccountId, Channel, Stream
from jobs.sync.faults import ProviderFault
from jobs.sync.items import Kind
from jobs.sync.status import Progress
from sanderling.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Renewal:
    """One process's right to renew the tokens of an account; void once another has it."""

    account_id: AccountId
    fence: int
    held: HeldTokens


Requirement = Callable[[Account, Account], None]
"""Raises unless an account that is there may become another: as it is, and as it would be."""


def require_nothing(before: Account, after: Account) -> None:
    """Let every account become any other."""


Beginning = Callable[[Account], Sequence[Stream]]
"""Returns the streams of an account as it is kept, which begin with it."""


def begin_nothing(account: Account) -> Sequence[Stream]:  # noqa: ARG001 - the signature is the port's.
    """Let an account have no further stream."""
    return ()


class AccountStore(Protocol):
    """Keep accounts, their tokens and the errands that lead to them. Its rows are the truth.

    Tokens and verifiers are sealed where they are kept. When the database is away or refuses,
    every method raises `StoreUnavailableError` and nothing was changed.
    """

    async def begin(self, errand: Errand) -> None:
        """Keep an errand until it is taken or expires."""
        ...

    async def take(self, state_digest: str, now: datetime) -> Errand | None:
        """Return an errand once; None when it is unknown, was taken, or expired.

        Errands that expired are removed on the way.
        """
        ...

    async def waiting(
        self, workspace_id: WorkspaceId, state_digest: str, now: datetime
    ) -> Errand | None:
        """Return an errand of a workspace that somebody may still come back from."""
        ...

    async def connect(
        self,
        account: Account,
        tokens: TokenSet,
        require: Requirement = require_nothing,
        begin: Beginning = begin_nothing,
    ) -> Account:
        """Keep an account with its tokens and streams, all or none, and return it as it is kept.

        One of the same workspace, provider and subject keeps its id and its age, gains the
        channels, keeps its policy, and is connected again; who renews its tokens meanwhile has
        lost. What `require` raises leaves it as it was; nobody changes it meanwhile. Streams of
        `begin` that are there already go on, as `switched` says, when the new ones begin.
        """
        ...

    async def find(self, workspace_id: WorkspaceId, account_id: str) -> Account | None:
        """Return an account of a workspace."""
        ...

    async def find_some(
        self, workspace_id: WorkspaceId, account_ids: Collection[str]
    ) -> Sequence[Account]:
        """Return those of a workspace that have these ids, in any order; few are asked for."""
        ...

    async def named(
        self, workspace_id: WorkspaceId, provider: Provider, email: str
    ) -> Sequence[Account]:
        """Return the accounts of a workspace that have this address, which is in small letters."""
        ...

    async def list_accounts(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: AccountPlace | None = None,
        status: AccountStatus | None = None,
    ) -> AccountRows:
        """Return at most `limit` accounts of a workspace behind a place, the oldest first.

        With `status` it is those alone that stand so.
        """
        ...

    async def change(self, account_id: AccountId, status: AccountStatus, reason: str = "") -> bool:
        """Write how an account stands; False when there is none."""
        ...

    async def choose(self, account_id: AccountId, change: PolicyChange) -> bool:
        """Change the policy of an account and nothing else; False when there is none.

        Of changes at the same time none is lost, unless they are of the same part.
        """
        ...

    async def remove(self, account_id: AccountId) -> TokenSet | None:
        """Remove an account and return its tokens, so that they can be revoked."""
        ...

    async def tokens(self, account_id: str) -> HeldTokens | None:
        """Return the tokens of an account."""
        ...

    async def ending(
        self, provider: Provider, *, after: datetime, by: datetime, limit: int
    ) -> Sequence[AccountId]:
        """Return at most `limit` connected accounts whose token ends in that time, soonest first.

        It is later than `after`, and not later than `by`.
        """
        ...

    async def claim_renewal(
        self, account_id: str, *, version: int, now: datetime, until: datetime
    ) -> Renewal | None:
        """Return the right to renew tokens, for at most until `until`.

        None when they were written since `version`, or another process has the right.
        """
        ...

    async def renewed(self, renewal: Renewal, tokens: TokenSet) -> bool:
        """Write new tokens, access and refresh at once; False when the right was lost."""
        ...

    async def give_back(
        self, renewal: Renewal, status: AccountStatus | None = None, reason: str = ""
    ) -> bool:
        """Give up the right, and write how the account stands; False when it was lost."""
        ...


class AccountRecords(Protocol):
    """Count what was synced, remove it, or have it looked at anew.

    The suite is `tests/contract/test_sync_records_contract.py`.
    """

    async def progress(self, account_id: AccountId, kind: Kind) -> Progress:
        """Return how much of an account's mail or calendars is here, and how much is missing.

        When the database is away it raises `StoreUnavailableError`.
        """
        ...

    async def forget(self, account_id: str, *, limit: int) -> int:
        """Remove at most `limit` messages, wishes, events and places of an account, all or none.

        Return how many it was, 0 once nothing is left. Its contacts stay: they belong to the
        workspace. When the database is away it raises `StoreUnavailableError`.
        """
        ...

    async def rescan(self, account_id: AccountId, now: datetime) -> None:
        """Have every folder and calendar of an account scanned anew, and its streams asked for.

        Nothing that is kept is touched. It is done whole or not at all, and whoever works on a
        stream meanwhile changes nothing any more: what that one read is of before. When the
        database is away it raises `StoreUnavailableError`.
        """
        ...


class SignIn(Protocol):
    """Send people to a provider, and get tokens from it.

    Every method that asks the provider raises `ProviderFault` and its kinds: `AuthRevoked` when
    consent ended, `PermissionMissing` when this person's account may not be asked for, and
    `AppRefused` when no account may, because our app is set or registered wrongly.
    """

    def address(
        self,
        *,
        channels: Sequence[Channel],
        state: str,
        challenge: str,
        email: str | None,
        sends: bool = False,
    ) -> str:
        """Return where a person consents to these channels; `email` says which account is meant.

        That mail may be sent is asked for with `sends` alone.

        Raises:
            ProviderDisabled: the app at the provider is not configured.

        """
        ...

    async def redeem(self, code: str, verifier: str) -> Granted:
        """Return what a code stands for, which is good once."""
        ...

    async def renew(self, tokens: TokenSet) -> TokenSet:
        """Return the next tokens; where no new refresh token comes the old one stays."""
        ...

    async def revoke(self, tokens: TokenSet) -> None:
        """Tell the provider that consent is not used any more; where it has no way, do nothing."""
        ...

    def missing(
        self, channels: Sequence[Channel], scopes: Sequence[str], *, sends: bool = False
    ) -> Sequence[str]:
        """Return the scopes that these channels need and that are not among `scopes`.

        With `sends` also what it needs to send mail.
        """
        ...

    def refusal(self, error: str, description: str) -> ProviderFault:
        """Return what it means that a person came back with an error in place of a code.

        Both texts come from a browser: nothing of them is repeated.
        """
        ...


class SignIns(Protocol):
    """Find the way to each provider; the suite is `tests/contract/test_sign_in_contract.py`."""

    def offered(self, provider: Provider) -> frozenset[Channel]:
        """Return the channels of a provider that are turned on here."""
        ...

    def of(self, provider: Provider) -> SignIn:
        """Return the way to a provider.

        Raises:
            ProviderDisabled: accounts of this provider cannot be connected here.

        """
        ...
