"""Jobs that keep sync going do so in a real worker, with the simulator in place of providers."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.streams.lanes import LANES
from jobs.streams.ports import StreamStore
from jobs.streams.steps import FIRST_RECOVERY, LONGEST_LEASE, MOST_ATTEMPTS, broken
from jobs.streams.stream import Stream, StreamClaim
from support.command import CommandLine
from support.sync_home import (
    EACH_SECOND,
    MAILS,
    RARELY,
    SyncHome,
    let_token_end,
    sync_home,
    token_row,
)
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LISTING = "gmail-message-list-fetch"
SENTENCE = "A slice took too long and was stopped."
LEFT = timedelta(minutes=5)


@pytest.fixture
async def home(command: CommandLine) -> AsyncGenerator[SyncHome]:
    """Yield a home in which sync has no turn for months, and what keeps it going has each second.

    So whatever is synced after the first time is what one of those jobs set going.
    """
    crons = {
        "JOB_MESSAGE_LIST_FETCH_CRON": RARELY,
        "JOB_MESSAGES_IMPORT_CRON": RARELY,
        "JOB_FAILED_RECOVERY_CRON": EACH_SECOND,
        "JOB_STALE_RECOVERY_CRON": EACH_SECOND,
        "JOB_TOKEN_REFRESH_CRON": EACH_SECOND,
    }
    async with sync_home(command, crons, stored={}) as found:
        yield found


async def claimed(store: StreamStore, lease: timedelta) -> Stream:
    """Return the one stream, held for so long by a worker that nobody has heard of."""
    now = datetime.now(UTC)
    claim = StreamClaim("gone", now, now + lease)
    (stream,) = await store.claim(LANES[LISTING], claim, limit=1)
    return stream


async def test_a_parked_account_recovers_and_its_sentence_goes(home: SyncHome) -> None:
    """What a defect of ours stopped half an hour ago is synced by itself, and says so no more."""
    then = datetime.now(UTC) - FIRST_RECOVERY - timedelta(seconds=1)
    async with home.rows() as (_, store):
        stream = await claimed(store, timedelta(minutes=1))
        worn = replace(stream, attempts=MOST_ATTEMPTS)
        await store.settle([(stream.lease(), broken(worn, SENTENCE, then))])
    parked = await home.stream()
    shown = home.command.run("accounts", "show", home.account).out

    with home.command.working():
        after = await home.until_followed()

    assert (parked.status, parked.stage) == ("parked", "waiting")
    assert parked.recover_at is not None
    assert parked.recover_at.replace(microsecond=0) == (then + FIRST_RECOVERY).replace(
        microsecond=0
    )
    assert f"is tried again by itself, at {parked.recover_at:%Y-%m-%d %H:%M:%S}" in shown
    assert parked.last_failure is not None
    assert SENTENCE in parked.detail
    assert SENTENCE in parked.last_failure.sentence
    assert (after.status, after.last_failure, after.recover_at) == ("active", None, None)
    assert SENTENCE not in after.detail
    assert after.done == MAILS


async def test_a_stuck_stream_is_freed(home: SyncHome) -> None:
    """A lease that a wrong clock gave for days is no lease: the account is synced."""
    async with home.rows() as (_, store):
        await claimed(store, LONGEST_LEASE + timedelta(days=2))
    stuck = await home.stream()

    with home.command.working() as worker:
        after = await home.until_followed()
        log = worker.log.read_text()

    assert stuck.is_running
    assert (after.is_running, after.done) == (False, MAILS)
    assert "stream.freed" in log


async def test_a_token_is_renewed_before_anybody_needs_it(home: SyncHome) -> None:
    """It is renewed while nothing is synced, and what is synced then needs no other."""
    async with home.rows() as (database, _):
        with home.command.working():
            await home.until_followed()
            asked_before = await home.requests()
            version, _ = await token_row(database, home.account)
            ends_at = datetime.now(UTC) + LEFT
            await let_token_end(database, home.account, ends_at)

            async def is_renewed() -> bool:
                return (await token_row(database, home.account))[0] > version

            await until(is_renewed)
            asked_after = await home.requests()
            await home.deliver(1)
            synced = await home.synced()
            renewed_version, renewed_until = await token_row(database, home.account)

    assert asked_after == asked_before
    assert renewed_version == version + 1
    assert renewed_until > ends_at
    assert synced.done == MAILS + 1
