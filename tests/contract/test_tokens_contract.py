"""What everything that gives out access tokens promises."""

import asyncio

import pytest

from jobs.accounts.account import AccountStatus
from jobs.accounts.renewal import EARLY
from jobs.accounts.tokens import MemoryTokens, Tokens
from jobs.sync.faults import AppRefused, AuthRevoked, PermissionMissing, ProviderFault, Temporary
from support.accounts import HOME, HOUR, NOW, an_account
from support.tokens import House, a_house

ACCOUNT = "acc_1"


@pytest.fixture
async def house() -> House:
    """Return an account whose tokens are kept in a store."""
    return await a_house()


@pytest.fixture(params=["memory", "renewed"])
def tokens(request: pytest.FixtureRequest, house: House) -> Tokens:
    """Return tokens of an account that can be refreshed once, of each kind in turn."""
    if request.param == "renewed":
        house.sign_in.stop_after = 1
        return house.tokens
    made = MemoryTokens()
    made.grant(ACCOUNT, "first", "second")
    return made


async def test_a_token_stays_until_it_is_refused(tokens: Tokens) -> None:
    """Asking again gives the same token."""
    assert len({await tokens.access_token(ACCOUNT) for _ in range(2)}) == 1


async def test_a_stale_token_is_refreshed_once(tokens: Tokens) -> None:
    """Who comes later with the same stale token gets what the first one brought."""
    stale = await tokens.access_token(ACCOUNT)

    fresh = {await tokens.refresh(ACCOUNT, stale) for _ in range(2)}

    assert fresh == {await tokens.access_token(ACCOUNT)}
    assert stale not in fresh


async def test_consent_that_ended_says_so(tokens: Tokens) -> None:
    """When the provider gives no further token, nobody is let in any more."""
    second = await tokens.refresh(ACCOUNT, await tokens.access_token(ACCOUNT))

    with pytest.raises(AuthRevoked):
        await tokens.refresh(ACCOUNT, second)
    with pytest.raises(AuthRevoked):
        await tokens.access_token(ACCOUNT)


async def test_an_unknown_account_has_no_token(tokens: Tokens) -> None:
    """An account that nobody connected is let in nowhere."""
    with pytest.raises(AuthRevoked):
        await tokens.access_token("acc_unknown")


async def test_a_token_is_renewed_before_it_ends(house: House) -> None:
    """Nothing is sent out with a token that ends on its way."""
    first = await house.tokens.access_token(ACCOUNT)
    house.clock.advance((HOUR - EARLY).total_seconds() - 1)
    assert await house.tokens.access_token(ACCOUNT) == first

    house.clock.advance(1)

    assert await house.tokens.access_token(ACCOUNT) != first
    assert house.sign_in.renewals == 1


async def test_many_processes_renew_once(house: House) -> None:
    """Of many who ask in several processes one goes to the provider, and all get its token."""
    others = [house.another_process() for _ in range(3)]
    stale = await house.tokens.access_token(ACCOUNT)
    house.sign_in.hold()

    asking = [
        asyncio.create_task(each.refresh(ACCOUNT, stale))
        for each in (house.tokens, *others)
        for _ in range(3)
    ]
    await house.sign_in.wait_asked()
    for _ in range(20):
        house.clock.advance(0.25)
        await asyncio.sleep(0)
    house.sign_in.release()
    while not all(task.done() for task in asking):
        house.clock.advance(0.25)
        await asyncio.sleep(0)

    assert len({await task for task in asking}) == 1
    assert house.sign_in.renewals == 1


async def test_a_process_that_died_is_followed(house: House) -> None:
    """When its right has run out, another one renews."""
    stale = await house.tokens.access_token(ACCOUNT)
    await house.store.claim_renewal(ACCOUNT, version=1, now=NOW, until=NOW + EARLY / 2)

    asking = asyncio.create_task(house.tokens.refresh(ACCOUNT, stale))
    while not asking.done():
        house.clock.advance(0.25)
        await asyncio.sleep(0)

    assert await asking != stale


async def test_a_right_that_is_never_given_back_is_waited_for_so_long(house: House) -> None:
    """Whoever waits gives up in the end, and tries again later."""
    stale = await house.tokens.access_token(ACCOUNT)
    await house.store.claim_renewal(ACCOUNT, version=1, now=NOW, until=NOW + 9 * HOUR)

    asking = asyncio.create_task(house.tokens.refresh(ACCOUNT, stale))
    while not asking.done():
        house.clock.advance(0.25)
        await asyncio.sleep(0)

    with pytest.raises(Temporary):
        await asking


async def test_an_end_is_told_to_people(house: House) -> None:
    """The account needs somebody then, and says what to do."""
    stale = await house.tokens.access_token(ACCOUNT)
    house.sign_in.end()

    with pytest.raises(AuthRevoked):
        await house.tokens.refresh(ACCOUNT, stale)

    account = await house.store.find(HOME, ACCOUNT)
    assert account is not None
    assert account.status is AccountStatus.NEEDS_REAUTH
    assert "Connect the account again with" in account.reason


@pytest.mark.parametrize(
    "fault",
    [Temporary("status 503"), PermissionMissing("x", "Do y"), AppRefused("x", "Do y")],
)
async def test_what_passes_leaves_the_account_as_it_is(house: House, fault: ProviderFault) -> None:
    """The right is given back, so that the next one may try at once."""
    stale = await house.tokens.access_token(ACCOUNT)
    house.sign_in.fault = fault

    with pytest.raises(type(fault)):
        await house.tokens.refresh(ACCOUNT, stale)

    account = await house.store.find(HOME, ACCOUNT)
    assert account is not None
    assert account.status is AccountStatus.CONNECTED
    house.sign_in.fault = None
    assert await house.tokens.refresh(ACCOUNT, stale) != stale


async def test_a_refresh_token_that_another_used_up_ends_nothing(house: House) -> None:
    """When somebody connected the account meanwhile, what they brought counts."""
    stale = await house.tokens.access_token(ACCOUNT)
    house.sign_in.hold()
    asking = asyncio.create_task(house.tokens.refresh(ACCOUNT, stale))
    await house.sign_in.wait_asked()
    held = await house.store.tokens(ACCOUNT)
    assert held is not None
    house.sign_in.end()
    await house.store.connect(an_account(), type(held.tokens)("newer", "newer-refresh", NOW + HOUR))
    house.sign_in.release()

    assert await asking == "newer"
    account = await house.store.find(HOME, ACCOUNT)
    assert account is not None
    assert account.status is AccountStatus.CONNECTED
