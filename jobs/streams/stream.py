"""Streams: one account's one channel, how far it is, and who works on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, TypeAlias

from sanderling.kernel.ids import WorkspaceId

StreamId = NewType("StreamId", str)
AccountId = NewType("AccountId", str)


class Channel(StrEnum):
    """What is synced of an account, and with whom."""

    GMAIL = "gmail"
    GOOGLE_CALENDAR = "google-calendar"
    MICROSOFT_MAIL = "microsoft-mail"
    MICROSOFT_CALENDAR = "microsoft-calendar"


class Phase(StrEnum):
    """What the next slice does: find what changed, or bring in what was found."""

    LIST = "list"
    IMPORT = "import"


class StreamStatus(StrEnum):
    """Whether a stream is worked on."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Somebody stopped it; it goes on when somebody lets it."""
    PARKED = "parked"
    """It would only fail again; `detail` says why, and what to do."""


LOST_WORKER: Final = "lost-worker"
BROKEN: Final = "broken"


@dataclass(frozen=True, slots=True)
class StreamFailure:
    """Why a slice brought nothing: a class for programs, and a sentence for people."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The streams of one channel that are in one phase; a job of the worker sweeps each lane."""

    channel: Channel
    phase: Phase


@dataclass(frozen=True, slots=True)
class LaneOutlook:
    """How many active streams are in a lane, how many are due, and the first moment of any."""

    streams: int
    due: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's hold on one stream; effects under another fence change nothing."""

    stream_id: StreamId
    worker: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Stream:
    """One account's one channel.

    `fence` counts claims, and losses of a claim. `attempts` counts claims since a slice last ended
    in order, `failures` slices in a row that ended in order and with a failure. `asked_at` is when
    somebody asked for a slice out of turn that was not begun yet. `recover_at` is when a parked
    stream is tried again by itself, None for never, and `recoveries` how often that was done since
    a slice was last good. `hinted_at` is when the provider told of changes that no listing that
    began later has looked for. `rests_until` is a moment that its last slice named, before which
    only people have it worked on; None where it waits for its turn.
    """

    id: StreamId
    workspace_id: WorkspaceId
    account_id: AccountId
    channel: Channel
    next_due_at: datetime
    updated_at: datetime
    phase: Phase = Phase.LIST
    status: StreamStatus = StreamStatus.ACTIVE
    lease_owner: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    attempts: int = 0
    failures: int = 0
    asked_at: datetime | None = None
    detail: str = ""
    last_success_at: datetime | None = None
    last_failure: StreamFailure | None = None
    recoveries: int = 0
    recover_at: datetime | None = None
    hinted_at: datetime | None = None
    rests_until: datetime | None = None

    @property
    def lane(self) -> Lane:
        """The lane that it is in now."""
        return Lane(self.channel, self.phase)

    @property
    def is_suspect(self) -> bool:
        """Claim that its last attempt lost its worker, which this one may lose as well."""
        return self.last_failure is not None and self.last_failure.kind == LOST_WORKER

    @property
    def is_well(self) -> bool:
        """Claim that it waits, and not because something went wrong."""
        is_waiting = self.status is StreamStatus.ACTIVE and self.lease_until is None
        return is_waiting and not self.failures and not self.attempts

    @property
    def is_in_turn(self) -> bool:
        """Claim that it waits for its next turn: nothing went wrong, and it does not rest."""
        return self.is_well and self.rests_until is None

    def lease(self) -> Lease:
        """Return the hold that its claim gave.

        Raises:
            ValueError: nobody holds it.

        """
        if self.lease_owner is None or self.lease_until is None:
            raise ValueError(self.id)
        return Lease(self.id, self.lease_owner, self.fence, self.lease_until)


class Due(StrEnum):
    """When a stream is due again, without a moment of its own."""

    AT_ONCE = "at_once"
    """There is more to do."""
    IN_TURN = "in_turn"
    """At its next tick: that of its lane's cron, put off by its own share of the interval."""


class Healing(StrEnum):
    """What a parked stream needs to go on."""

    BY_PEOPLE = "by_people"
    """Somebody has to do something first."""
    BY_TIME = "by_time"
    """It may be well again by itself, so it is tried again later, a few times."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What one slice came to.

    `phase` is what the next one does. `due` is when: a moment is for a provider that asked to wait,
    or for quota of ours that is spent, and no hint makes it come sooner.
    `failure` is what ended it early; then `failures` is how many such slices there were in a row,
    this one among them. A `status` of `PARKED` or `PAUSED` ends the work on it. `healing` says
    whether a stream that is parked may be well again without anybody's doing.
    """

    due: Due | datetime
    phase: Phase
    detail: str = ""
    failure: StreamFailure | None = None
    failures: int = 0
    status: StreamStatus = StreamStatus.ACTIVE
    healing: Healing = Healing.BY_PEOPLE


StreamWork: TypeAlias = Callable[[Stream, Lease], Awaitable[SliceResult]]
"""Does one slice of a stream, bounded in requests and in seconds.

It may be cancelled at any moment, and the same slice may come again, in another process: so it
works in steps that are each whole, guarded by the lease's fence. What it raises is taken for a
defect of ours and tried again later; `LeaseLost` ends it without a word.
"""


@dataclass(frozen=True, slots=True)
class StreamClaim:
    """What whoever claims streams puts on them."""

    worker: str
    now: datetime
    lease_until: datetime
