"""Streams for tests."""

from dataclasses import replace
from datetime import datetime, timedelta

from jobs.streams.stream import (
    AccountId,
    Channel,
    Due,
    Healing,
    Lane,
    Phase,
    SliceResult,
    Stream,
    StreamClaim,
    StreamFailure,
    StreamId,
    StreamStatus,
)
from sanderling.kernel.ids import WorkspaceId
from support.records import HERE, START

LEASE = timedelta(seconds=30)
LISTING = Lane(Channel.GMAIL, Phase.LIST)
DONE = SliceResult(Due.IN_TURN, Phase.LIST, "Nothing was new.")
REFUSED = SliceResult(
    Due.IN_TURN,
    Phase.LIST,
    "Connect the account again.",
    StreamFailure("provider_auth_revoked", "Connect the account again."),
    failures=3,
    status=StreamStatus.PARKED,
)

DEFECT = replace(REFUSED, healing=Healing.BY_TIME)
REFUSED_FOR_NOW = replace(REFUSED, status=StreamStatus.ACTIVE)


def a_stream(
    account: str = "a",
    *,
    workspace_id: WorkspaceId = HERE,
    channel: Channel = Channel.GMAIL,
    due_at: datetime = START,
) -> Stream:
    """Return a stream that nobody worked on yet."""
    return Stream(
        id=StreamId(f"{account}.{channel}"),
        workspace_id=workspace_id,
        account_id=AccountId(account),
        channel=channel,
        next_due_at=due_at,
        updated_at=START,
    )


def a_claim(now: datetime = START, *, worker: str = "worker-1") -> StreamClaim:
    """Return what a worker puts on streams that it claims at `now`."""
    return StreamClaim(worker, now, now + LEASE)
