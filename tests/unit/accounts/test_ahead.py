"""Access tokens are renewed before they end."""

import asyncio

import pytest

from jobs.accounts.account import AccountStatus
from jobs.accounts.accounts import challenge_of
from jobs.accounts.ahead import AHEAD, AWAY_AFTER, TokensAhead
from jobs.sync.faults import AppRefused, PermissionMissing, ProviderFault, Temporary
from support.accounts import HOME, HOUR, an_account
from support.tokens import House, a_house

NOTHING = "Tokens renewed: 0; refused for good: 0; to be tried again: 0."


@pytest.fixture
async def house() -> House:
    """Return twenty accounts whose tokens end soon."""
    house = await a_house()
    for number in range(2, 21):
        code = house.sign_in.consent(f"p{number}@e.org", challenge=challenge_of("v"), channels=())
        granted = await house.sign_in.redeem(code, "v")
        await house.store.connect(an_account(number), granted.tokens)
    house.clock.advance((HOUR - AHEAD).total_seconds())
    return house


def _a_worker(house: House) -> TokensAhead:
    return TokensAhead(house.store, house.sign_in, house.another_process(), house.clock)


async def _finished(house: House, *working: asyncio.Task[str]) -> list[str]:
    while not all(task.done() for task in working):
        house.clock.advance(0.25)
        await asyncio.sleep(0)
    return [task.result() for task in working]


async def test_two_workers_renew_each_token_once(house: House) -> None:
    """Both see that the tokens end, and no provider is asked twice for one account."""
    house.sign_in.hold()
    working = [asyncio.create_task(_a_worker(house).renew()) for _ in range(2)]
    await house.sign_in.wait_asked()
    house.sign_in.release()

    await _finished(house, *working)

    assert house.sign_in.renewals == 20
    assert await _a_worker(house).renew() == NOTHING


async def test_what_ends_later_is_left(house: House) -> None:
    """A token that is good for longer than that stays, and so does one that ended long ago."""
    house.clock.advance(-1)
    early = await _a_worker(house).renew()
    house.clock.advance(2 * AHEAD.total_seconds() + 2)

    assert [early, await _a_worker(house).renew()] == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    "fault",
    [
        Temporary("no answer"),
        AppRefused("the client secret is wrong", "Correct it"),
        PermissionMissing("a policy bars the app", "Ask the administrator"),
    ],
)
async def test_a_provider_that_is_away_is_asked_again_later(
    house: House, fault: ProviderFault
) -> None:
    """No account has to be connected again for that, and a run soon leaves the provider alone."""
    house.sign_in.fault = fault
    house.sign_in.hold()
    working = asyncio.create_task(_a_worker(house).renew())
    await house.sign_in.wait_asked()
    house.sign_in.release()
    [away] = await _finished(house, working)
    house.sign_in.fault = None

    again = await _a_worker(house).renew()

    tried = int(away.removesuffix(".").rpartition(" ")[2])
    assert AWAY_AFTER <= tried < 20
    assert again.startswith("Tokens renewed: 20;")
    assert {each.status for each in (await house.store.list_accounts(HOME, limit=99)).rows} == {
        AccountStatus.CONNECTED
    }


async def test_consent_that_ended_stops_its_account_alone(house: House) -> None:
    """What the provider refuses for good is told apart from what is tried again."""
    first = await house.store.tokens("acc_1")
    assert first is not None
    await house.sign_in.revoke(first.tokens)

    told = await _a_worker(house).renew()

    assert told == "Tokens renewed: 19; refused for good: 1; to be tried again: 0."
    refused = await house.store.find(HOME, "acc_1")
    assert refused is not None
    assert refused.status is AccountStatus.NEEDS_REAUTH


async def test_what_nobody_turned_on_is_not_renewed(house: House) -> None:
    """Tokens of a provider that is off are left until somebody needs them."""
    house.sign_in.turned_on = frozenset()

    assert await _a_worker(house).renew() == NOTHING
