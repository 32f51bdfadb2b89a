"""Accounts as they look over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from jobs.accounts.account import Account, Errand
from jobs.accounts.accounts import AccountView, Departure
from jobs.streams.stream import Stream
from jobs.sync.history import SliceRecord
from sanderling.api.function_models import Asked, Shown

ProviderWord = Literal["google", "microsoft"]
ChannelWord = Literal["gmail", "google-calendar", "microsoft-mail", "microsoft-calendar"]
AccountWord = Literal["connected", "needs_reauth", "failed_permission", "paused"]
StreamWord = Literal["active", "paused", "parked"]
PhaseWord = Literal["list", "import"]

_LONGEST_ADDRESS = 254


class AskedAccount(Asked):
    """Which account somebody wants to connect."""

    provider: ProviderWord
    channels: Annotated[
        list[ChannelWord],
        Field(
            default_factory=list,
            max_length=4,
            description="What is synced; without any, all of the provider's that are turned on.",
        ),
    ]
    email: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=_LONGEST_ADDRESS,
            description="Which account is meant; the provider's page has it filled in.",
        ),
    ] = None


class ErrandShown(Shown):
    """Somebody's way to a provider, as long as that one may still come back."""

    id: str
    provider: ProviderWord
    channels: list[ChannelWord]
    expires_at: datetime

    @classmethod
    def of(cls, errand: Errand) -> Self:
        """Return what is shown of an errand: neither its state nor its verifier."""
        return cls(
            id=errand.state_digest,
            provider=errand.provider.value,
            channels=[channel.value for channel in errand.channels],
            expires_at=errand.expires_at,
        )


class DepartureShown(ErrandShown):
    """An errand that has begun; `address` is for the account's owner to open, once."""

    address: str

    @classmethod
    def leaving(cls, departure: Departure) -> Self:
        """Return where somebody is sent."""
        return cls(**dict(ErrandShown.of(departure.errand)), address=departure.address)


class StreamFailureShown(Shown):
    """Why the last slice brought nothing: a class for programs, and a sentence for people."""

    kind: str
    sentence: str


class SliceShown(Shown):
    """One bounded piece of work on a channel; `units` are those of the provider's quota."""

    phase: PhaseWord
    began_at: datetime
    ended_at: datetime
    requests: int
    items: int
    units: int
    failure_kind: str | None
    detail: str

    @classmethod
    def of(cls, record: SliceRecord) -> Self:
        """Return what is shown of a slice."""
        return cls(
            phase=record.phase.value,
            began_at=record.began_at,
            ended_at=record.ended_at,
            requests=record.requests,
            items=record.items,
            units=record.units,
            failure_kind=record.failure_kind,
            detail=record.detail,
        )


class StreamShown(Shown):
    """One channel of an account, and how it is getting on."""

    channel: ChannelWord
    status: StreamWord
    phase: Annotated[
        PhaseWord, Field(description="What comes next: find changes, or bring in what was found.")
    ]
    is_running: Annotated[bool, Field(description="A worker is on it now.")]
    is_asked: Annotated[bool, Field(description="Sync out of turn waits to be begun.")]
    next_due_at: datetime
    last_success_at: datetime | None
    last_failure: StreamFailureShown | None
    detail: str
    slices: Annotated[list[SliceShown], Field(description="What was done lately, newest first.")]

    @classmethod
    def of(cls, stream: Stream, slices: Sequence[SliceRecord]) -> Self:
        """Return what is shown of a stream and its latest slices."""
        failure = stream.last_failure
        return cls(
            channel=stream.channel.value,
            status=stream.status.value,
            phase=stream.phase.value,
            is_running=stream.lease_owner is not None,
            is_asked=stream.asked_at is not None,
            next_due_at=stream.next_due_at,
            last_success_at=stream.last_success_at,
            last_failure=failure
            and StreamFailureShown(kind=failure.kind, sentence=failure.sentence),
            detail=stream.detail,
            slices=[SliceShown.of(record) for record in slices],
        )


class AccountSummary(Shown):
    """One connected account; `reason` says what its owner or an administrator has to do."""

    id: str
    provider: ProviderWord
    email: str
    channels: list[ChannelWord]
    status: AccountWord
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Return what is shown of an account, of which tokens are no part."""
        return cls(
            id=account.id,
            provider=account.provider.value,
            email=account.email,
            channels=[channel.value for channel in account.channels],
            status=account.status.value,
            reason=account.reason,
            created_at=account.created_at,
        )


class AccountShown(AccountSummary):
    """One account with what was consented to, and how each of its channels is getting on."""

    aliases: list[str]
    scopes: list[str]
    streams: list[StreamShown]

    @classmethod
    def seen(cls, view: AccountView) -> Self:
        """Return what is shown of an account and its streams."""
        return cls(
            **dict(AccountSummary.of(view.account)),
            aliases=list(view.account.aliases),
            scopes=list(view.account.scopes),
            streams=[StreamShown.of(stream, view.slices[stream.id]) for stream in view.streams],
        )


class AccountList(Shown):
    """The accounts of a workspace, the oldest first."""

    items: list[AccountSummary]

    @classmethod
    def of(cls, accounts: Sequence[Account]) -> Self:
        """Return what is shown of accounts."""
        return cls(items=[AccountSummary.of(account) for account in accounts])
