"""What every store of watches promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.accounts.account import AccountStatus
from jobs.push.watch import Watch, digest_of_secret
from jobs.streams.stream import AccountId, Channel, StreamStatus
from sanderling.store import SQLAccountStore, SQLStreamStore, SQLWatchStore, open_database
from support.accounts import HOME, NOW, a_sealer
from support.watches import CLAIM, EVENTS, GMAIL, UNTIL, Estate, MemoryEstate

BOTH = (GMAIL, EVENTS)
PLACES = {GMAIL: "topic", EVENTS: "https://crm.example.org/push"}
LATER = UNTIL + CLAIM


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def estate(request: pytest.FixtureRequest) -> AsyncGenerator[Estate]:
    """Yield empty stores of each kind in turn."""
    if request.param == "memory":
        yield MemoryEstate().opened()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        accounts = SQLAccountStore(database, a_sealer())
        yield Estate(accounts, SQLStreamStore(database), SQLWatchStore(database))


async def test_a_stream_without_a_watch_is_claimed_with_a_row(estate: Estate) -> None:
    """Whoever dies after that leaves a row, which is due again once the claim is over."""
    account = await estate.connect()
    new = Watch(account.id, account.workspace_id, GMAIL, "p1@example.com", UNTIL)

    assert await estate.watches.claim(PLACES, NOW, UNTIL, limit=9) == [new]

    assert await estate.watches.of_account(account.id) == (new,)
    assert not await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)
    assert await estate.watches.claim(PLACES, UNTIL, LATER, limit=9) == [
        replace(new, next_at=LATER)
    ]


async def test_of_many_who_claim_each_watch_has_one(estate: Estate) -> None:
    """Whoever claims at the same moment gets other watches."""
    for number in range(1, 7):
        await estate.connect(number, *BOTH)

    claims = await asyncio.gather(
        *(estate.watches.claim(PLACES, NOW, UNTIL, limit=20) for _ in range(3))
    )

    claimed = [(watch.account_id, watch.channel) for claim in claims for watch in claim]
    assert sorted(claimed) == sorted(
        (f"acc_{number}", channel) for number in range(1, 7) for channel in BOTH
    )


async def test_what_is_new_comes_before_what_waits_longest(estate: Estate) -> None:
    """No more are claimed than asked for, and what has time is left alone."""
    kept = [await estate.watched(number) for number in (1, 2, 3)]
    moments = (NOW - CLAIM, NOW - 2 * CLAIM, NOW + CLAIM)
    early, earlier, late = (
        replace(watch, next_at=at) for watch, at in zip(kept, moments, strict=True)
    )
    for watch in (early, earlier, late):
        await estate.watches.put(watch)
    await estate.connect(4)

    first = await estate.watches.claim(PLACES, NOW, UNTIL, limit=2)
    rest = await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)

    assert [watch.account_id for watch in first] == ["acc_4", "acc_2"]
    assert first[1] == replace(earlier, next_at=UNTIL)
    assert rest == [replace(early, next_at=UNTIL)]


@pytest.mark.parametrize("status", [StreamStatus.PAUSED, StreamStatus.PARKED])
async def test_what_is_not_worked_on_is_to_be_stopped(estate: Estate, status: StreamStatus) -> None:
    """A watch of a stream that rests is no more renewed, and stopped by one of many."""
    watch = await estate.watched(next_at=NOW)
    await estate.switch(watch.account_id, status)

    assert not await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)
    claims = await asyncio.gather(
        *(estate.watches.claim_unwanted(BOTH, NOW, UNTIL, limit=9) for _ in range(3))
    )

    ending = replace(watch, next_at=UNTIL, is_ending=True)
    assert [list(claim) for claim in claims if claim] == [[ending]]
    assert not await estate.watches.claim_unwanted(BOTH, UNTIL - CLAIM / 2, LATER, limit=9)
    assert await estate.watches.claim_unwanted(BOTH, UNTIL, LATER, limit=9) == [
        replace(ending, next_at=LATER)
    ]


@pytest.mark.parametrize("status", [AccountStatus.PAUSED, AccountStatus.NEEDS_REAUTH])
async def test_an_account_that_is_not_connected_is_not_watched(
    estate: Estate, status: AccountStatus
) -> None:
    """Whatever is the matter with it: nobody asks its provider for more."""
    watch = await estate.watched()
    await estate.connect(2)
    for account in ("acc_1", "acc_2"):
        await estate.accounts.change(AccountId(account), status)

    assert not await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)
    [unwanted] = await estate.watches.claim_unwanted(BOTH, NOW, UNTIL, limit=9)
    assert unwanted.account_id == watch.account_id


async def test_a_channel_that_is_turned_off_is_not_watched(estate: Estate) -> None:
    """With no channel at all everything is to be stopped; what is wanted is left alone."""
    await estate.connect(1, *BOTH)
    await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)

    assert not await estate.watches.claim_unwanted(BOTH, NOW, UNTIL, limit=9)
    [unwanted] = await estate.watches.claim_unwanted([GMAIL], NOW, UNTIL, limit=9)
    assert unwanted.channel is EVENTS
    rest = await estate.watches.claim_unwanted([], NOW, UNTIL, limit=9)
    assert [watch.channel for watch in rest] == [GMAIL]


async def test_what_is_gone_is_to_be_stopped(estate: Estate) -> None:
    """A watch outlives the account that somebody disconnected halfway, so that it can be ended."""
    watch = await estate.watched()
    await estate.streams.close(watch.account_id)
    await estate.accounts.remove(watch.account_id)

    [unwanted] = await estate.watches.claim_unwanted(BOTH, NOW, UNTIL, limit=9)

    assert unwanted == replace(watch, next_at=UNTIL, is_ending=True)


async def test_what_is_worked_on_again_is_watched_again(estate: Estate) -> None:
    """A watch that was being stopped is wanted once that is over, and says so."""
    watch = await estate.watched()
    await estate.switch(watch.account_id, StreamStatus.PAUSED)
    await estate.watches.claim_unwanted(BOTH, NOW, UNTIL, limit=9)
    await estate.switch(watch.account_id, StreamStatus.ACTIVE)

    assert not await estate.watches.claim(PLACES, NOW, LATER, limit=9)
    assert await estate.watches.claim(PLACES, UNTIL, LATER, limit=9) == [
        replace(watch, next_at=LATER)
    ]


async def test_a_watch_is_kept_as_it_was_written(estate: Estate) -> None:
    """Everything of it comes back; what has no row is not written, and is not there."""
    watch = await estate.watched(failures=3, detail="It was refused.", is_ending=True)

    assert await estate.watches.of_account(watch.account_id) == (watch,)
    await estate.watches.remove(watch.account_id, GMAIL)
    await estate.watches.remove(watch.account_id, GMAIL)
    assert not await estate.watches.put(watch)
    assert not await estate.watches.of_account(watch.account_id)


async def test_a_notification_finds_its_watch(estate: Estate) -> None:
    """It is found by the word for it, in its channel; whatever else somebody sends finds none."""
    watch = await estate.watched()
    await estate.connect(2)
    await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)

    assert await estate.watches.find(GMAIL, watch.remote_id) == watch
    for text in ("", "remote", "\0", "\ud800", "REMOTE-ACC_1", "'; DROP TABLE watches; --"):
        assert await estate.watches.find(GMAIL, text) is None
    assert await estate.watches.find(EVENTS, watch.remote_id) is None


async def test_a_mailbox_may_be_of_several_workspaces(estate: Estate) -> None:
    """All watches of an address are found, in whatever case it is written, and no other."""
    for number in (1, 2):
        await estate.connect(number, email="Ada@Example.com")
    await estate.connect(3)
    await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)

    found = await estate.watches.find_by_address(GMAIL, "aDA@example.com")

    assert [watch.account_id for watch in found] == ["acc_1", "acc_2"]
    for text in ("", "ada@example", "\0", "\ud800", "%"):
        assert not await estate.watches.find_by_address(GMAIL, text)
    assert not await estate.watches.find_by_address(Channel.MICROSOFT_MAIL, "ada@example.com")


def test_a_secret_is_known_by_its_digest_alone() -> None:
    """What is kept shows no secret, and only the right one is taken for it."""
    watch = Watch(
        AccountId("a"), HOME, GMAIL, "a@example.com", NOW, secret_digest=digest_of_secret("secret")
    )

    assert watch.knows("secret")
    assert not any(map(watch.knows, ("", "Secret", "secret ", "\ud800")))
    assert watch.is_held(NOW) is False
    assert replace(watch, expires_at=NOW + timedelta(seconds=1)).is_held(NOW)


async def test_what_leads_elsewhere_is_claimed_once(estate: Estate) -> None:
    """Neither what may be claimed, nor what failed, nor what was never arranged comes early."""
    moved, failed, soon = [await estate.watched(number) for number in (1, 2, 3)]
    await estate.watches.put(replace(failed, failures=1))
    await estate.watches.put(replace(soon, next_at=UNTIL))
    await estate.connect(4)
    await estate.watches.claim({GMAIL: "topic"}, NOW, UNTIL, limit=9)

    claims = await asyncio.gather(
        *(estate.watches.claim({GMAIL: "other"}, NOW, UNTIL, limit=9) for _ in range(3))
    )

    assert [list(claim) for claim in claims if claim] == [[replace(moved, next_at=UNTIL)]]


async def test_a_channel_is_left_out_of_what_is_to_be_stopped(estate: Estate) -> None:
    """Whose provider is away keeps its watches as they are, and the others are stopped."""
    await estate.connect(1, *BOTH)
    await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)

    [unwanted] = await estate.watches.claim_unwanted([], NOW, UNTIL, limit=9, besides=[GMAIL])

    assert unwanted.channel is EVENTS
    assert not await estate.watches.claim_unwanted([], NOW, UNTIL, limit=9, besides=BOTH)


@pytest.mark.parametrize("is_gone", [True, False])
async def test_a_watch_is_brought_forward(estate: Estate, *, is_gone: bool) -> None:
    """Only the one that is named, and nothing else of it; what may be claimed stays as it is."""
    watch, other, claimed = [await estate.watched(number) for number in (1, 2, 3)]
    claimed = replace(claimed, next_at=UNTIL)
    await estate.watches.put(claimed)

    async def forward(remote_id: str) -> bool:
        return await estate.watches.bring_forward(GMAIL, remote_id, NOW, UNTIL, is_gone=is_gone)

    names = (watch.remote_id, watch.remote_id, claimed.remote_id, "", "\0", "unknown")
    assert [await forward(name) for name in names] == [True, *[False] * 5]

    kept = [(await estate.watches.of_account(each.account_id))[0] for each in (watch, other)]
    expires_at = None if is_gone else watch.expires_at
    assert kept == [replace(watch, next_at=NOW, expires_at=expires_at), other]
    assert await estate.watches.of_account(claimed.account_id) == (claimed,)


async def test_all_watches_of_an_account_are_brought_forward(estate: Estate) -> None:
    """Those that nobody may have claimed, with all that is known of them, and no stranger's."""
    account = await estate.connect(1, *BOTH)
    claimed, free = await estate.watches.claim(PLACES, NOW, UNTIL, limit=9)
    other = await estate.watched(2)
    free = replace(free, next_at=UNTIL + timedelta(hours=1), failures=2, detail="why")
    await estate.watches.put(free)

    assert await estate.watches.bring_all_forward(account.id, NOW, UNTIL) == 1
    assert await estate.watches.bring_all_forward(AccountId("acc_none"), NOW, UNTIL) == 0

    kept = set(await estate.watches.of_account(account.id))
    assert kept == {claimed, replace(free, next_at=NOW)}
    assert await estate.watches.of_account(other.account_id) == (other,)


async def test_many_watches_are_found_in_one_look(estate: Estate) -> None:
    """Those that are there, in the channels that were asked for; strangers' words find none."""
    watches = [await estate.watched(number) for number in (1, 2)]
    names = [*(watch.remote_id for watch in watches), "", "\0", "\ud800", "unknown"]

    assert await estate.watches.find_many(BOTH, names) == tuple(watches)
    assert not await estate.watches.find_many([EVENTS], names)
    assert not await estate.watches.find_many(BOTH, [])
