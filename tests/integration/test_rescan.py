"""An account that is looked through anew loses nothing, whoever is at work on it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.errors import LeaseLost
from jobs.streams.stream import AccountId, Phase, StreamClaim
from jobs.sync.held import MailBatch, Place, Stage
from sanderling.store import SQLAccountRecords, SQLMailStore, SQLStreamStore
from support.records import START
from support.remote import ACCOUNT, LEASE
from support.sync_stores import held_database

PLACES = (
    Place("INBOX", Stage.INCR, cursor="7", generation=3, round=2),
    Place("SENT", Stage.FULL, page="p2", base="6", generation=1, is_confirming=True),
)
LATER = START + timedelta(seconds=1)


async def test_every_place_begins_anew_under_another_hold(database_url: str) -> None:
    """What a worker read before is not written after; generations go on, so nothing is wiped."""
    async with held_database(database_url) as database:
        mail, streams = SQLMailStore(database), SQLStreamStore(database)
        other = replace(ACCOUNT, id="acc_other")
        await mail.commit(ACCOUNT, LEASE, MailBatch(places=PLACES))
        await mail.commit(other, LEASE, MailBatch(places=PLACES))

        await SQLAccountRecords(database).rescan(AccountId(ACCOUNT.id), LATER)

        with pytest.raises(LeaseLost):
            await mail.commit(ACCOUNT, LEASE, MailBatch(places=PLACES))
        places = await mail.places(ACCOUNT.id)
        [stream] = await streams.of_account(AccountId(ACCOUNT.id))
        others = await mail.places(other.id)
        claim = StreamClaim("another", LATER, LEASE.until)
        [again] = await streams.claim(stream.lane, claim, limit=1)

    assert [
        (each.stage, each.cursor, each.page, each.base, each.generation)
        for _, each in sorted(places.items())
    ] == [(Stage.NEW, None, None, None, 3), (Stage.NEW, None, None, None, 1)]
    assert (stream.phase, stream.asked_at, stream.lease_until) == (Phase.LIST, LATER, None)
    assert tuple(others[each.remote_id] for each in PLACES) == PLACES
    assert again.fence == LEASE.fence + 2


async def test_an_account_without_anything_is_left_alone(database_url: str) -> None:
    """Nothing is made that was not there."""
    async with held_database(database_url) as database:
        await SQLAccountRecords(database).rescan(AccountId("acc_none"), LATER)

        assert await SQLMailStore(database).places("acc_none") == {}
