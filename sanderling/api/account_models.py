"""Accounts as they look over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from jobs.accounts.account import Account, AccountPlace, AccountRows, AccountStatus, Errand
from jobs.accounts.accounts import Accounts, AccountView, Departure
from jobs.accounts.policy import (
    MOST_BLOCKED,
    AccountPolicy,
    MailKind,
    PolicyChange,
    blocked_form,
    blocklist_of,
)
from jobs.push.watches import PushState
from jobs.streams.stream import AccountId, Stream
from jobs.sync.history import SliceRecord
from jobs.sync.rules import ContactPolicy, Visibility
from jobs.sync.status import SyncStatus, Usage
from sanderling.api.function_models import Asked, Shown
from sanderling.api.record_cursors import CursorKind, record_cursor, record_place
from sanderling.kernel.ids import WorkspaceId

ProviderWord = Literal["google", "microsoft"]
ChannelWord = Literal["gmail", "google-calendar", "microsoft-mail", "microsoft-calendar"]
AccountWord = Literal["connected", "needs_reauth", "failed_permission", "paused"]
StreamWord = Literal["active", "paused", "parked"]
PhaseWord = Literal["list", "import"]
StageWord = Literal[
    "scanning", "fetching", "following", "waiting", "stopped", "paused", "needs_reconnect"
]
PushedWord = Literal["off", "waiting", "watched", "failed"]
VisibilityWord = Literal["metadata", "subject", "everything"]
ContactsWord = Literal["sent", "sent_and_received", "none"]
MailKindWord = Literal["promotions", "social", "groups", "non_professional"]

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
            description="Which account is meant; the provider's page has it filled in. Of one that "
            "is connected, all that it has is asked for again.",
        ),
    ] = None
    sends: Annotated[
        bool,
        Field(description="Ask its owner, too, to let mail be sent; sync needs it for nothing."),
    ] = False


class AskedPolicy(Asked):
    """What somebody chooses anew for an account; what is left out, or null, stays as it is."""

    visibility: Annotated[
        VisibilityWord | None, Field(description="How much of a message others than its owner see.")
    ] = None
    contacts: Annotated[
        ContactsWord | None,
        Field(description="Who becomes a contact: whom the owner writes to, also who writes."),
    ] = None
    blocklist: Annotated[
        list[Annotated[str, AfterValidator(blocked_form)]] | None,
        Field(
            max_length=MOST_BLOCKED,
            description="Addresses and @domains whose mail stays out, in place of those before.",
        ),
    ] = None
    excluded: Annotated[
        list[MailKindWord] | None,
        Field(max_length=len(MailKind), description="The kinds of mail that stay out."),
    ] = None

    def change(self) -> PolicyChange:
        """Return the change that is asked for."""
        return PolicyChange(
            None if self.visibility is None else Visibility(self.visibility),
            None if self.contacts is None else ContactPolicy(self.contacts),
            None if self.blocklist is None else blocklist_of(self.blocklist),
            None if self.excluded is None else frozenset(map(MailKind, self.excluded)),
        )


class PolicyShown(Shown):
    """What the owner of an account chose."""

    visibility: VisibilityWord
    contacts: ContactsWord
    blocklist: list[str]
    excluded: list[MailKindWord]

    @classmethod
    def of(cls, policy: AccountPolicy) -> Self:
        """Return what is shown of a policy: all of it."""
        return cls(
            visibility=policy.visibility.value,
            contacts=policy.contacts.value,
            blocklist=list(policy.blocklist),
            excluded=[kind.value for kind in MailKind if kind in policy.excluded],
        )


class ErrandShown(Shown):
    """Somebody's way to a provider, as long as that one may still come back."""

    id: str
    provider: ProviderWord
    channels: list[ChannelWord]
    sends: Annotated[bool, Field(description="Whether that mail may be sent is asked for.")]
    expires_at: datetime

    @classmethod
    def of(cls, errand: Errand) -> Self:
        """Return what is shown of an errand: neither its state nor its verifier."""
        return cls(
            id=errand.state_digest,
            provider=errand.provider.value,
            channels=[channel.value for channel in errand.channels],
            sends=errand.sends,
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


class UsageShown(Shown):
    """Units of the provider's quota that were spent on a channel since a moment."""

    units: int
    since: Annotated[
        datetime, Field(description="Later than asked for while so many slices are not kept.")
    ]

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """Return what is shown of it."""
        return cls(units=usage.units, since=usage.since)


class PushShown(Shown):
    """Whether a provider tells of changes in a channel, and until when it said that it does."""

    state: PushedWord
    until: datetime | None
    detail: Annotated[str, Field(description="Why it does not, where that can be said.")]

    @classmethod
    def of(cls, push: PushState) -> Self:
        """Return what is shown of it."""
        return cls(state=push.word.value, until=push.until, detail=push.detail)


class StreamShown(Shown):
    """One channel of an account, and how it is getting on."""

    channel: ChannelWord
    status: StreamWord
    stage: Annotated[StageWord, Field(description="What sync of it is about.")]
    done: Annotated[
        int, Field(description="How many messages or events were brought in or left out.")
    ]
    left_out: Annotated[
        int, Field(description="How many of them are not shown, by a rule or for their folder.")
    ]
    estimated_total: Annotated[
        int,
        Field(description="How many `done` will be; at least so many while it is not `is_listed`."),
    ]
    is_listed: Annotated[bool, Field(description="The provider told of all that there is.")]
    phase: Annotated[
        PhaseWord, Field(description="What comes next: find changes, or bring in what was found.")
    ]
    is_running: Annotated[bool, Field(description="A worker is on it now.")]
    is_asked: Annotated[bool, Field(description="Sync out of turn waits to be begun.")]
    next_due_at: datetime
    recover_at: Annotated[
        datetime | None,
        Field(
            description="When a parked one is tried again by itself; null where nobody but people "
            "lets it go on, or nothing has to."
        ),
    ]
    last_success_at: datetime | None
    last_failure: StreamFailureShown | None
    detail: str
    push: PushShown
    used_last_hour: UsageShown
    used_last_day: UsageShown
    slices: Annotated[list[SliceShown], Field(description="What was done lately, newest first.")]

    @classmethod
    def of(cls, stream: Stream, sync: SyncStatus, push: PushState) -> Self:
        """Return what is shown of a stream, and of how it is getting on."""
        failure = stream.last_failure
        return cls(
            channel=stream.channel.value,
            status=stream.status.value,
            stage=sync.stage.value,
            done=sync.progress.done,
            left_out=sync.progress.left_out,
            estimated_total=sync.progress.estimated_total,
            is_listed=sync.progress.is_listed,
            phase=stream.phase.value,
            is_running=stream.lease_owner is not None,
            is_asked=stream.asked_at is not None,
            next_due_at=stream.next_due_at,
            recover_at=stream.recover_at,
            last_success_at=stream.last_success_at,
            last_failure=failure
            and StreamFailureShown(kind=failure.kind, sentence=failure.sentence),
            detail=stream.detail,
            push=PushShown.of(push),
            used_last_hour=UsageShown.of(sync.last_hour),
            used_last_day=UsageShown.of(sync.last_day),
            slices=[SliceShown.of(record) for record in sync.slices],
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
    scopes: Annotated[list[str], Field(description="What its owner consented to.")]
    can_send: Annotated[bool, Field(description="Whether its owner lets mail be sent.")]
    policy: PolicyShown
    streams: list[StreamShown]

    @classmethod
    def seen(cls, view: AccountView) -> Self:
        """Return what is shown of an account and its streams."""
        return cls(
            **dict(AccountSummary.of(view.account)),
            aliases=list(view.account.aliases),
            scopes=list(view.account.scopes),
            can_send=view.can_send,
            policy=PolicyShown.of(view.account.policy),
            streams=[
                StreamShown.of(stream, view.statuses[stream.id], view.pushes[stream.channel])
                for stream in view.streams
            ],
        )


class AccountPage(Shown):
    """Accounts, the oldest first; `next_cursor` continues after them and is null at the end."""

    items: list[AccountSummary]
    next_cursor: str | None

    @classmethod
    def of(cls, page: AccountRows) -> Self:
        """Return what is shown of a page."""
        place = page.next_place
        return cls(
            items=[AccountSummary.of(account) for account in page.rows],
            next_cursor=None if place is None else record_cursor(CursorKind.ACCOUNTS, place),
        )


@dataclass(frozen=True, slots=True)
class AskedAccounts:
    """Which part of the list is wanted; with `status` it is of those alone that stand so."""

    limit: int
    cursor: str | None = None
    status: AccountStatus | None = None

    def after(self) -> AccountPlace | None:
        """Return the place that the page begins after.

        Raises:
            CursorRefused: the cursor was not made by a list of accounts.

        """
        if self.cursor is None:
            return None
        moment, account_id = record_place(CursorKind.ACCOUNTS, self.cursor)
        return moment, AccountId(account_id)

    async def of(self, accounts: Accounts, workspace_id: WorkspaceId) -> AccountPage:
        """Return the page.

        Raises:
            CursorRefused: as `after`.

        """
        page = await accounts.list_accounts(
            workspace_id, self.status, limit=self.limit, after=self.after()
        )
        return AccountPage.of(page)
