"""What accounts are consented to: no more than is asked for, and never less than before."""

from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.accounts.account import AccountStatus
from jobs.accounts.consent import Answer
from jobs.accounts.errors import (
    ConsentRefused,
)
from jobs.streams.stream import Channel, StreamStatus
from support.account_desk import BOTH, EMAIL, GOOGLE, Desk
from support.accounts import HOME


@pytest.fixture
def desk() -> Desk:
    """Return an empty desk."""
    return Desk()


async def test_sending_is_asked_for_by_whoever_wants_it_alone(desk: Desk) -> None:
    """Sync asks for no more than it reads; to send is another consent."""
    reading = await desk.connected()

    assert "send" not in reading.scopes
    assert not (await desk.accounts.show(HOME, reading.id)).can_send


async def test_an_account_comes_to_send_later_and_keeps_what_it_has(desk: Desk) -> None:
    """Its id, its channels and its streams stay; the new tokens do what the old ones did."""
    before = await desk.connected(Channel.GMAIL, Channel.GOOGLE_CALENDAR)

    after = await desk.connected(Channel.GMAIL, email=EMAIL.upper(), sends=True)

    view = await desk.accounts.show(HOME, after.id)
    assert (after.id, after.channels, view.can_send) == (before.id, BOTH, True)
    assert {*before.scopes, "send"} == {*after.scopes}
    assert await desk.statuses(after) == dict.fromkeys(BOTH, StreamStatus.ACTIVE)


async def test_consent_to_send_outlasts_connecting_again(desk: Desk) -> None:
    """Who reconnects an account that sends is asked for that again, without a word of it."""
    await desk.connected(sends=True)

    departure, _ = await desk.leave(Channel.GMAIL, email=EMAIL)
    again = await desk.connected(Channel.GMAIL, email=EMAIL)

    assert (departure.errand.channels, departure.errand.sends) == (BOTH, True)
    assert (await desk.accounts.show(HOME, again.id)).can_send


async def test_sending_that_is_not_ticked_leaves_the_account_as_it_was(desk: Desk) -> None:
    """The refusal names the permission; tokens and scopes are those of before."""
    before = await desk.connected()
    held = await desk.store.tokens(before.id)
    departure, state = await desk.leave(email=EMAIL, sends=True)
    challenge = parse_qs(urlsplit(departure.address).query)["code_challenge"][0]
    code = desk.sign_in.consent(EMAIL, challenge=challenge, channels=BOTH)

    with pytest.raises(ConsentRefused, match=r"needs: send.*leave every permission ticked"):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(code))

    assert list((await desk.accounts.list_accounts(HOME)).rows) == [before]
    assert await desk.store.tokens(before.id) == held


@pytest.mark.parametrize("sends", [False, True])
async def test_tokens_that_do_less_replace_none(desk: Desk, *, sends: bool) -> None:
    """Who connects an account again without naming it is told how to keep what it has."""
    before = await desk.connected(Channel.GMAIL, sends=sends)
    other = Channel.GMAIL if sends else Channel.GOOGLE_CALENDAR

    with pytest.raises(ConsentRefused, match=r"would lose (send|gmail)\..*--email"):
        await desk.connected(other)

    assert list((await desk.accounts.list_accounts(HOME)).rows) == [before]


@pytest.mark.parametrize("email", [None, EMAIL])
async def test_consent_to_send_that_ended_is_not_asked_for_again(
    desk: Desk, email: str | None
) -> None:
    """Who took the app's access away at the provider connects again without it."""
    before = await desk.connected(sends=True)
    await desk.store.change(before.id, AccountStatus.NEEDS_REAUTH, "it was taken back")

    again = await desk.connected(email=email)

    view = await desk.accounts.show(HOME, before.id)
    assert (again.id, again.status) == (before.id, AccountStatus.CONNECTED)
    assert (again.channels, view.can_send) == (BOTH, False)


@pytest.mark.parametrize("email", [None, EMAIL])
async def test_a_channel_that_is_turned_off_is_not_demanded(desk: Desk, email: str | None) -> None:
    """An account that has it is connected again for the rest."""
    before = await desk.connected()
    desk.sign_in.turned_on = frozenset({Channel.GMAIL})

    departure, _ = await desk.leave(Channel.GMAIL, email=email)
    again = await desk.connected(Channel.GMAIL, email=email)

    assert departure.errand.channels == (Channel.GMAIL,)
    assert (again.id, again.scopes) == (before.id, (Channel.GMAIL,))
