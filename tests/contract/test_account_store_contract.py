"""What every store of accounts promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.accounts.account import Account, AccountStatus, Errand, Provider, TokenSet
from jobs.accounts.errors import ConsentRefused
from jobs.accounts.memory import MemoryAccountStore
from jobs.accounts.policy import AccountPolicy, MailKind, PolicyChange
from jobs.accounts.ports import AccountStore, Renewal
from jobs.streams.ports import StreamStore
from jobs.streams.stream import AccountId, Channel, Stream, StreamId, StreamStatus
from jobs.sync.rules import ContactPolicy, Visibility
from sanderling.store import SQLAccountStore, SQLStreamStore, open_database
from support.accounts import ELSEWHERE, HOME, HOUR, NOW, TOKENS, a_sealer, an_account

NEXT = TokenSet("next-access", "next-refresh", NOW + 2 * HOUR)
LATER = NOW + HOUR
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(
    request: pytest.FixtureRequest,
) -> AsyncGenerator[tuple[AccountStore, StreamStore]]:
    """Yield an empty store of each kind in turn, with that of the accounts' streams."""
    if request.param == "memory":
        memory = MemoryAccountStore()
        yield memory, memory.streams
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLAccountStore(database, a_sealer()), SQLStreamStore(database)


@pytest.fixture
def store(stores: tuple[AccountStore, StreamStore]) -> AccountStore:
    """Return the store of accounts alone."""
    return stores[0]


def streams_of(account: Account) -> list[Stream]:
    """Return a stream for each channel of an account, due an hour from now."""
    return [
        Stream(StreamId(f"{account.id}:{each}"), account.workspace_id, account.id, each, LATER, NOW)
        for each in account.channels
    ]


def an_errand(state: str = "s1") -> Errand:
    """Return an errand that lasts an hour."""
    return Errand(state, "verifier", Provider.GOOGLE, HOME, (Channel.GMAIL,), LATER, sends=True)


async def claim(store: AccountStore, *, version: int = 1) -> Renewal | None:
    """Claim the right to renew for an hour."""
    return await store.claim_renewal("acc_1", version=version, now=NOW, until=LATER)


async def test_an_errand_is_taken_once(store: AccountStore) -> None:
    """Of many who come back with one state, one is taken in."""
    await store.begin(an_errand())

    taken = await asyncio.gather(*(store.take("s1", NOW) for _ in range(4)))

    assert [errand for errand in taken if errand] == [an_errand()]
    assert await store.waiting(HOME, "s1", NOW) is None


async def test_an_errand_that_took_too_long_is_gone(store: AccountStore) -> None:
    """From its end on nobody comes back with it."""
    await store.begin(an_errand())
    await store.begin(replace(an_errand("s2"), expires_at=LATER + HOUR))

    assert await store.take("s1", LATER) is None
    assert await store.take("unknown", NOW) is None
    assert (await store.take("s2", LATER)) is not None


async def test_an_account_is_kept_with_its_tokens(store: AccountStore) -> None:
    """It is found in its workspace alone, and its tokens by its id."""
    account = an_account()
    assert await store.connect(account, TOKENS) == account
    await store.connect(an_account(3), NEXT)
    await store.connect(an_account(2, workspace_id=ELSEWHERE), NEXT)

    assert await store.find(HOME, account.id) == account
    assert await store.find(ELSEWHERE, account.id) is None
    assert (await store.list_accounts(HOME, limit=9)).rows == (account, an_account(3))
    held = await store.tokens(account.id)
    assert held is not None
    assert (held.tokens, held.provider, held.status) == (
        TOKENS,
        Provider.GOOGLE,
        AccountStatus.CONNECTED,
    )
    assert await store.tokens("acc_unknown") is None


async def test_accounts_come_page_by_page(store: AccountStore) -> None:
    """The oldest first; a page may be of one status, and a made-up place leads nowhere else."""
    made = [an_account(number, created_at=NOW + number // 2 * HOUR) for number in range(1, 6)]
    for each in reversed(made):
        await store.connect(each, TOKENS)
    await store.connect(an_account(9, workspace_id=ELSEWHERE), TOKENS)
    for number in (2, 4):
        await store.change(AccountId(f"acc_{number}"), AccountStatus.PAUSED)
    paused = replace(made[1], status=AccountStatus.PAUSED)

    first = await store.list_accounts(HOME, limit=2)
    second = await store.list_accounts(HOME, limit=2, after=first.next_place)
    third = await store.list_accounts(HOME, limit=2, after=second.next_place)
    some = await store.list_accounts(HOME, limit=1, status=AccountStatus.PAUSED)
    rest = await store.list_accounts(
        HOME, limit=1, status=AccountStatus.PAUSED, after=some.next_place
    )
    nowhere = await store.list_accounts(HOME, limit=9, after=(NOW + 2 * HOUR, AccountId("\ud83d")))

    pages = [[each.id for each in page.rows] for page in (first, second, third)]
    assert pages == [["acc_1", "acc_2"], ["acc_3", "acc_4"], ["acc_5"]]
    assert third.next_place is None
    assert (some.rows, [each.id for each in rest.rows]) == ((paused,), ["acc_4"])
    assert rest.next_place is None
    assert {each.id for each in nowhere.rows} <= {"acc_4", "acc_5"}


async def test_some_accounts_are_found_by_id_or_address(store: AccountStore) -> None:
    """Within their workspace, and nothing where there is none."""
    first, second = an_account(1), an_account(2, email="p1@example.com")
    other = an_account(3, workspace_id=ELSEWHERE, email="p1@example.com")
    for each in (first, second, other):
        await store.connect(each, TOKENS)

    found = await store.find_some(HOME, frozenset({first.id, other.id, "acc_unknown"}))
    named = await store.named(HOME, Provider.GOOGLE, "p1@example.com")

    assert list(found) == [first]
    assert {each.id for each in named} == {first.id, second.id}
    assert list(await store.find_some(HOME, frozenset())) == []
    assert list(await store.named(HOME, Provider.MICROSOFT, "p1@example.com")) == []
    assert list(await store.named(HOME, Provider.GOOGLE, "\ud83d\0")) == []


async def test_of_two_who_connect_at_once_the_later_sees_what_the_earlier_left(
    store: AccountStore,
) -> None:
    """What is required of an account is asked on the row itself; a refusal leaves it as it was."""
    seen: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def require(before: Account, after: Account) -> None:
        seen.append((before.scopes, after.scopes))
        if set(after.scopes) < set(before.scopes):
            raise ConsentRefused(reason="it would lose a scope", what_to_do="Connect again")

    first = replace(an_account(), scopes=("read",))
    await store.connect(first, TOKENS, require)
    more, less = (
        replace(an_account(number, subject=first.subject), scopes=scopes)
        for number, scopes in ((2, ("read", "send")), (3, ("read",)))
    )

    await asyncio.gather(
        store.connect(more, NEXT, require),
        store.connect(less, TOKENS, require),
        return_exceptions=True,
    )

    kept = await store.find(HOME, first.id)
    held = await store.tokens(first.id)
    assert kept is not None
    assert held is not None
    assert (kept.scopes, held.tokens) == (more.scopes, NEXT)
    assert len(seen) == 2
    with pytest.raises(ConsentRefused):
        await store.connect(less, TOKENS, require)
    assert await store.find(HOME, first.id) == kept
    assert await store.tokens(first.id) == held


async def test_who_connects_again_keeps_the_account(store: AccountStore) -> None:
    """One subject has one account: it keeps its id and age, gains channels, and is connected."""
    first = an_account()
    await store.connect(first, TOKENS)
    await store.change(first.id, AccountStatus.NEEDS_REAUTH, "gone")
    held = await claim(store)
    assert held is not None
    again = an_account(
        2, subject=first.subject, email="new@example.com", channels=(Channel.GOOGLE_CALENDAR,)
    )

    kept = await store.connect(again, NEXT)

    expected = replace(
        again,
        id=first.id,
        created_at=first.created_at,
        channels=(Channel.GMAIL, Channel.GOOGLE_CALENDAR),
    )
    assert kept == expected == await store.find(HOME, first.id)
    assert (await store.list_accounts(HOME, limit=9)).rows == (expected,)
    found = await store.tokens(first.id)
    assert found is not None
    assert found.tokens == NEXT
    assert not await store.renewed(held, TOKENS)
    assert not await store.give_back(held, AccountStatus.NEEDS_REAUTH, "late")
    assert await store.find(HOME, first.id) == expected


async def test_an_account_begins_with_its_streams(
    stores: tuple[AccountStore, StreamStore],
) -> None:
    """One for each channel; connected again, what rested goes on beside what is new."""
    store, streams = stores
    account = await store.connect(an_account(), TOKENS, begin=streams_of)
    [gmail] = await streams.of_account(account.id)
    await streams.switch(gmail.id, StreamStatus.PARKED, NOW, "It ended.")
    more = replace(
        an_account(2, subject=account.subject), channels=(Channel.GMAIL, Channel.GOOGLE_CALENDAR)
    )

    await store.connect(more, NEXT, begin=streams_of)

    kept = await streams.of_account(account.id)
    assert [(each.channel, each.status, each.detail) for each in kept] == [
        (Channel.GMAIL, StreamStatus.ACTIVE, ""),
        (Channel.GOOGLE_CALENDAR, StreamStatus.ACTIVE, ""),
    ]
    assert {each.next_due_at for each in kept} == {LATER}


async def test_nothing_is_kept_of_an_account_whose_streams_cannot_begin(
    stores: tuple[AccountStore, StreamStore],
) -> None:
    """There is no account that nobody syncs; one that was there is as before."""
    store, streams = stores
    before = await store.connect(an_account(), TOKENS, begin=streams_of)

    def refuse(account: Account) -> list[Stream]:
        raise ConsentRefused(reason=f"{account.id} cannot begin", what_to_do="Connect again")

    for account in (an_account(2), replace(an_account(3, subject=before.subject), scopes=("x",))):
        with pytest.raises(ConsentRefused):
            await store.connect(account, NEXT, begin=refuse)

    assert (await store.list_accounts(HOME, limit=9)).rows == (before,)
    held = await store.tokens(before.id)
    assert held is not None
    assert (held.tokens, held.version) == (TOKENS, 1)
    assert len(await streams.of_account(before.id)) == 1


async def test_the_same_subject_elsewhere_is_another_account(store: AccountStore) -> None:
    """Workspaces do not meet in their accounts."""
    await store.connect(an_account(), TOKENS)
    other = an_account(2, workspace_id=ELSEWHERE, subject="subject-1")

    assert await store.connect(other, TOKENS) == other


async def test_how_an_account_stands_is_written(store: AccountStore) -> None:
    """Status and reason change together, also for those who hold tokens."""
    await store.connect(an_account(), TOKENS)

    assert await store.change(an_account().id, AccountStatus.PAUSED, "because")
    assert not await store.change(an_account(9).id, AccountStatus.PAUSED)

    found = await store.find(HOME, "acc_1")
    assert found == an_account(status=AccountStatus.PAUSED, reason="because")
    held = await store.tokens("acc_1")
    assert held is not None
    assert held.status is AccountStatus.PAUSED


async def test_a_policy_is_changed_and_nothing_else(store: AccountStore) -> None:
    """Changes at once of different parts are all kept, and connecting again keeps them too."""
    account = await store.connect(an_account(), TOKENS)
    other = await store.connect(an_account(2), TOKENS)

    changed = await asyncio.gather(
        store.choose(account.id, PolicyChange(visibility=Visibility.SUBJECT)),
        store.choose(account.id, PolicyChange(contacts=ContactPolicy.NONE)),
        store.choose(account.id, PolicyChange(blocklist=("@spam.example", "eve@evil.example"))),
        store.choose(account.id, PolicyChange(excluded=frozenset({MailKind.SOCIAL}))),
    )
    await store.connect(an_account(3, subject=account.subject), NEXT)

    assert all(changed)
    chosen = AccountPolicy(
        Visibility.SUBJECT,
        ContactPolicy.NONE,
        ("@spam.example", "eve@evil.example"),
        frozenset({MailKind.SOCIAL}),
    )
    kept = await store.find(HOME, account.id)
    assert kept is not None
    assert (kept.id, kept.policy) == (account.id, chosen)
    assert await store.find(HOME, other.id) == an_account(2)
    assert not await store.choose(an_account(9).id, PolicyChange(blocklist=()))


async def test_a_removed_account_gives_its_tokens_back_once(store: AccountStore) -> None:
    """They can be revoked then, and nothing of them is left."""
    account = await store.connect(an_account(), TOKENS)

    assert await store.remove(account.id) == TOKENS
    assert await store.remove(account.id) is None
    assert await store.find(HOME, account.id) is None
    assert await store.tokens(account.id) is None


async def test_of_many_who_renew_one_does(store: AccountStore) -> None:
    """One has the right, until it has written, and the others see what it wrote."""
    await store.connect(an_account(), TOKENS)

    claims = [one for one in await asyncio.gather(*(claim(store) for _ in range(4))) if one]

    assert len(claims) == 1
    assert claims[0].held.tokens == TOKENS
    assert await store.renewed(claims[0], NEXT)
    held = await store.tokens("acc_1")
    assert held is not None
    assert (held.tokens, held.version) == (NEXT, 2)
    assert not await store.renewed(claims[0], TOKENS)
    assert await claim(store) is None
    assert await claim(store, version=2) is not None


async def test_tokens_that_end_soon_are_found(store: AccountStore) -> None:
    """Those of connected accounts of one provider, the soonest first, and no more than asked."""
    ends = {1: NOW + 2 * SECOND, 2: NOW + SECOND, 3: NOW, 4: NOW + 3 * SECOND, 5: NOW + SECOND}
    for number, end in ends.items():
        await store.connect(an_account(number), replace(TOKENS, expires_at=end))
    await store.change(AccountId("acc_5"), AccountStatus.PAUSED)

    google, by = Provider.GOOGLE, NOW + 2 * SECOND
    found = await store.ending(google, after=NOW, by=by, limit=9)
    first = await store.ending(google, after=NOW, by=by, limit=1)

    assert list(found) == ["acc_2", "acc_1"]
    assert list(first) == ["acc_2"]
    assert not await store.ending(Provider.MICROSOFT, after=NOW, by=by, limit=9)


async def test_a_right_that_ran_out_goes_to_the_next(store: AccountStore) -> None:
    """Who held it before changes nothing any more."""
    await store.connect(an_account(), TOKENS)
    old = await claim(store)
    assert old is not None

    new = await store.claim_renewal("acc_1", version=1, now=LATER, until=LATER + HOUR)

    assert new is not None
    assert not await store.renewed(old, TOKENS)
    assert not await store.give_back(old, AccountStatus.NEEDS_REAUTH, "late")
    assert await store.renewed(new, NEXT)


async def test_a_right_is_given_back_with_a_word(store: AccountStore) -> None:
    """The next one may renew at once, and people read why it went wrong."""
    await store.connect(an_account(), TOKENS)
    first = await claim(store)
    assert first is not None
    assert await store.give_back(first)
    second = await claim(store)
    assert second is not None

    assert await store.give_back(second, AccountStatus.NEEDS_REAUTH, "it ended")

    assert await store.find(HOME, "acc_1") == an_account(
        status=AccountStatus.NEEDS_REAUTH, reason="it ended"
    )


async def test_nothing_secret_is_shown(store: AccountStore) -> None:
    """Whoever prints what is kept sees no token and no verifier."""
    await store.begin(an_errand())
    await store.connect(an_account(), TOKENS)
    shown = repr([await store.tokens("acc_1"), await claim(store), an_errand(), TOKENS])

    assert "secret" not in shown
    assert "verifier'" not in shown
