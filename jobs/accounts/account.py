"""Accounts: somebody's mail and calendars at a provider, and the consent to read them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from jobs.accounts.policy import AccountPolicy
from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.ids import WorkspaceId

AccountPlace = tuple[datetime, AccountId]
"""Where an account stands in the list of its workspace: when it was connected, then its id."""


class Provider(StrEnum):
    """Who keeps an account."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"

    @property
    def channels(self) -> frozenset[Channel]:
        """What can be synced with this provider."""
        return _CHANNELS[self]


_CHANNELS = {
    Provider.GOOGLE: frozenset({Channel.GMAIL, Channel.GOOGLE_CALENDAR}),
    Provider.MICROSOFT: frozenset({Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR}),
}


SWITCHES = {
    Channel.GMAIL: "MESSAGING_PROVIDER_GMAIL_ENABLED",
    Channel.GOOGLE_CALENDAR: "CALENDAR_PROVIDER_GOOGLE_ENABLED",
    Channel.MICROSOFT_MAIL: "MESSAGING_PROVIDER_MICROSOFT_ENABLED",
    Channel.MICROSOFT_CALENDAR: "CALENDAR_PROVIDER_MICROSOFT_ENABLED",
}
"""The setting that turns each channel on."""


class AccountStatus(StrEnum):
    """Whether an account can be read, and if not, who has to do something."""

    CONNECTED = "connected"
    NEEDS_REAUTH = "needs_reauth"
    """Its owner has to connect it again; `reason` says why."""
    FAILED_PERMISSION = "failed_permission"
    """Something has to be allowed or enabled at the provider; `reason` says what."""
    PAUSED = "paused"
    """Somebody stopped it; it goes on when somebody lets it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account.

    `subject` is the provider's own id of its owner, which stays when the address changes. Of one
    subject there is one account in a workspace.
    """

    id: AccountId
    workspace_id: WorkspaceId
    provider: Provider
    subject: str
    email: str
    channels: tuple[Channel, ...]
    created_at: datetime
    aliases: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    status: AccountStatus = AccountStatus.CONNECTED
    reason: str = ""
    policy: AccountPolicy = field(default_factory=AccountPolicy)


@dataclass(frozen=True, slots=True)
class AccountRows:
    """Some accounts, and where the next page begins; None at the end."""

    rows: tuple[Account, ...]
    next_place: AccountPlace | None = None


def account_place(account: Account) -> AccountPlace:
    """Return where an account stands in the list of its workspace."""
    return account.created_at, account.id


def account_rows(found: Sequence[Account], limit: int) -> AccountRows:
    """Return a page of `limit` accounts, of which more were found where it is not the last."""
    rows = tuple(found[:limit])
    return AccountRows(rows, account_place(rows[-1]) if len(found) > limit else None)


def reconnected(before: Account, after: Account) -> Account:
    """Return an account that is connected again: as before, with what is new."""
    channels = sorted({*before.channels, *after.channels})
    return replace(
        after,
        id=before.id,
        created_at=before.created_at,
        channels=tuple(channels),
        policy=before.policy,
    )


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a provider gave to get in with; `refresh` brings the next one."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HeldTokens:
    """The tokens of an account as they are kept; `version` counts how often they were written."""

    provider: Provider
    status: AccountStatus
    tokens: TokenSet
    version: int


@dataclass(frozen=True, slots=True)
class Errand:
    """Somebody's way to the provider and back: what was asked for, and how it is told apart.

    It is known by the digest of its state; `verifier` is the secret half of its PKCE challenge.
    """

    state_digest: str
    verifier: str = field(repr=False)
    provider: Provider
    workspace_id: WorkspaceId
    channels: tuple[Channel, ...]
    expires_at: datetime
    sends: bool = False
    """Whether the person is asked to let mail be sent, too."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a person consented to, and who that is."""

    subject: str
    email: str
    scopes: tuple[str, ...]
    tokens: TokenSet
