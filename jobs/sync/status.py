"""How sync of one channel is getting on, for people: its stage, how much is done, what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from jobs.streams.stream import Channel, Phase, Stream, StreamStatus
from jobs.sync.history import MOST_KEPT, SliceRecord
from jobs.sync.items import Kind

KINDS: Final = {
    Channel.GMAIL: Kind.MAIL,
    Channel.GOOGLE_CALENDAR: Kind.CALENDAR,
    Channel.MICROSOFT_MAIL: Kind.MAIL,
    Channel.MICROSOFT_CALENDAR: Kind.CALENDAR,
}
"""What each channel brings."""

SLICES_SHOWN: Final = 5
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class SyncStage(StrEnum):
    """What sync of a channel is about."""

    SCANNING = "scanning"
    """It looks through everything, at first or anew."""
    FETCHING = "fetching"
    """It fetches what was found."""
    FOLLOWING = "following"
    """All that was found is here; it looks for changes in its turn."""
    WAITING = "waiting"
    """Something went wrong, and it tries again by itself."""
    STOPPED = "stopped"
    """Somebody has to do something before it goes on; the stream's `detail` says what."""
    PAUSED = "paused"
    NEEDS_RECONNECT = "needs_reconnect"
    """Consent ended; the account has to be connected again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a channel is here.

    `kept` are the messages or events that people see, `wanted` messages to be fetched, and
    `missing` those among them that were never here. `left_out` are messages that were looked at
    and that nobody is shown, by a rule or for the folder that they are in. `is_listed` says that
    all that there is was told of: until then more may be missing.
    """

    kept: int = 0
    wanted: int = 0
    missing: int = 0
    is_listed: bool = False
    left_out: int = 0

    @property
    def done(self) -> int:
        """How many were looked at, which no rule makes less."""
        return self.kept + self.left_out

    @property
    def estimated_total(self) -> int:
        """How many there will be to look at, as far as is known."""
        return self.done + self.missing


@dataclass(frozen=True, slots=True)
class Usage:
    """Units of a provider's quota that were spent since a moment."""

    units: int
    since: datetime


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How one stream is getting on; `slices` are its latest, the newest first."""

    stage: SyncStage
    progress: Progress
    last_hour: Usage
    last_day: Usage
    slices: Sequence[SliceRecord]


def status_of(
    stream: Stream,
    progress: Progress,
    slices: Sequence[SliceRecord],
    now: datetime,
    *,
    is_consented: bool,
) -> SyncStatus:
    """Return how a stream is getting on, of which all `slices` are given that are kept."""
    return SyncStatus(
        stage=stage_of(stream, progress, is_consented=is_consented),
        progress=progress,
        last_hour=used(slices, now - _HOUR),
        last_day=used(slices, now - _DAY),
        slices=slices[:SLICES_SHOWN],
    )


def stage_of(stream: Stream, progress: Progress, *, is_consented: bool) -> SyncStage:
    """Return what comes first of all that holds: what people have to do, then what went wrong."""
    if not is_consented:
        return SyncStage.NEEDS_RECONNECT
    if stream.status is not StreamStatus.ACTIVE:
        if stream.recover_at is not None:
            return SyncStage.WAITING
        is_paused = stream.status is StreamStatus.PAUSED
        return SyncStage.PAUSED if is_paused else SyncStage.STOPPED
    if stream.lease_owner is None and (stream.failures or stream.attempts):
        return SyncStage.WAITING
    if not progress.is_listed and (stream.phase is Phase.LIST or not progress.wanted):
        return SyncStage.SCANNING
    return SyncStage.FETCHING if progress.wanted else SyncStage.FOLLOWING


def used(slices: Sequence[SliceRecord], since: datetime) -> Usage:
    """Return what slices cost that ended after a moment, or after the oldest that is still kept.

    Slices that found nothing are not kept, and not counted.
    """
    counted = [each for each in slices if each.ended_at > since]
    if len(counted) >= MOST_KEPT:
        since = max(since, min(each.began_at for each in counted))
    return Usage(sum(each.units for each in counted), since)
