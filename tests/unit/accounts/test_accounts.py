"""People connect accounts, look after them, and take them back."""

import pytest

from jobs.accounts.account import Account, AccountStatus, Provider
from jobs.accounts.accounts import ERRAND_LASTS, digest_of
from jobs.accounts.consent import Answer
from jobs.accounts.errors import (
    AccountUnknown,
    ChannelRefused,
    ConsentRefused,
    ErrandUnknown,
    ProviderDisabled,
)
from jobs.streams.stream import Channel, Lane, Lease, Phase, StreamClaim, StreamId, StreamStatus
from jobs.sync.faults import AuthRevoked, PermissionMissing, Temporary
from jobs.sync.held import MailBatch, Reason, Want
from jobs.sync.provider import AccountRef
from sanderling.kernel.errors import StoreUnavailableError
from support.account_desk import BOTH, EMAIL, GOOGLE, Desk
from support.accounts import ELSEWHERE, HOME


@pytest.fixture
def desk() -> Desk:
    """Return an empty desk."""
    return Desk()


async def test_an_account_is_connected_with_a_stream_for_each_channel(desk: Desk) -> None:
    """Whoever comes back has an account, and sync begins at once."""
    account = await desk.connected()

    view = await desk.accounts.show(HOME, account.id)
    assert (account.email, account.status, account.channels) == (
        EMAIL,
        AccountStatus.CONNECTED,
        BOTH,
    )
    assert [stream.channel for stream in view.streams] == list(BOTH)
    assert all(stream.next_due_at <= desk.clock.now() for stream in view.streams)
    assert list((await desk.accounts.list_accounts(HOME)).rows) == [account]
    assert list((await desk.accounts.list_accounts(ELSEWHERE)).rows) == []


async def test_a_state_is_kept_as_its_digest_alone(desk: Desk) -> None:
    """Whoever reads the database cannot come back in somebody's place."""
    departure, state = await desk.leave()

    assert departure.errand.state_digest == digest_of(state)
    assert state not in repr(departure.errand)
    assert departure.errand.verifier not in departure.address


async def test_a_way_back_is_good_once_for_its_provider_and_for_ten_minutes(desk: Desk) -> None:
    """Forged, repeated, crossed and late ones are all unknown."""
    departure, state = await desk.leave()
    code = desk.consent(departure)
    await desk.accounts.complete(GOOGLE, state=state, answer=Answer(code))
    crossed, late = (await desk.leave())[1], (await desk.leave())[1]

    with pytest.raises(ErrandUnknown):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(code))
    with pytest.raises(ErrandUnknown):
        await desk.accounts.complete(GOOGLE, state="forged\ud800", answer=Answer(code))
    with pytest.raises(ErrandUnknown):
        await desk.accounts.complete(Provider.MICROSOFT, state=crossed, answer=Answer(code))
    desk.clock.advance(ERRAND_LASTS.total_seconds())
    with pytest.raises(ErrandUnknown):
        await desk.accounts.complete(GOOGLE, state=late, answer=Answer(code))


async def test_a_person_who_says_no_is_told_what_to_do(desk: Desk) -> None:
    """Nothing is connected, and the state is used up."""
    _, state = await desk.leave()

    with pytest.raises(ConsentRefused, match="allow it"):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(error="access_denied"))

    assert list((await desk.accounts.list_accounts(HOME)).rows) == []


async def test_consent_to_half_of_it_is_refused(desk: Desk) -> None:
    """An account whose calendar could not be read is not connected as if it could."""
    departure, state = await desk.leave()
    code = desk.consent(departure, Channel.GMAIL)

    with pytest.raises(ConsentRefused, match="leave every permission ticked"):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(code))


async def test_a_code_that_is_refused_is_begun_again(desk: Desk) -> None:
    """A made-up code connects nothing."""
    _, state = await desk.leave()

    with pytest.raises(ConsentRefused, match="Connect again"):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer("made-up"))


async def test_who_connects_again_heals_the_account(desk: Desk) -> None:
    """It is the same account, connected, with its streams going on."""
    first = await desk.connected(Channel.GMAIL)
    await desk.store.change(first.id, AccountStatus.NEEDS_REAUTH, "ended")
    await desk.accounts.pause(HOME, first.id)

    again = await desk.connected(Channel.GOOGLE_CALENDAR, email=EMAIL)

    assert (again.id, again.status, again.channels) == (first.id, AccountStatus.CONNECTED, BOTH)
    assert await desk.statuses(again) == dict.fromkeys(BOTH, StreamStatus.ACTIVE)


async def test_an_account_is_paused_and_goes_on(desk: Desk) -> None:
    """Account and streams say the same."""
    account = await desk.connected()

    paused = await desk.accounts.pause(HOME, account.id)
    assert paused.account.status is AccountStatus.PAUSED
    assert await desk.statuses(account) == dict.fromkeys(BOTH, StreamStatus.PAUSED)

    resumed = await desk.accounts.resume(HOME, account.id)
    assert resumed.account.status is AccountStatus.CONNECTED
    assert await desk.statuses(account) == dict.fromkeys(BOTH, StreamStatus.ACTIVE)


async def test_consent_that_ended_is_not_resumed(desk: Desk) -> None:
    """Only its owner can let it go on, and a pause does not hide that."""
    account = await desk.connected()
    await desk.store.change(account.id, AccountStatus.NEEDS_REAUTH, "ended")

    paused = await desk.accounts.pause(HOME, account.id)

    assert paused.account.status is AccountStatus.NEEDS_REAUTH
    with pytest.raises(ConsentRefused, match="Connect it again"):
        await desk.accounts.resume(HOME, account.id)


async def test_a_disconnected_account_leaves_nothing(desk: Desk) -> None:
    """Its tokens are revoked, and it has no streams."""
    account = await desk.connected()
    held = await desk.store.tokens(account.id)
    assert held is not None

    await desk.accounts.disconnect(HOME, account.id)

    assert await desk.streams.of_account(account.id) == ()
    with pytest.raises(AccountUnknown):
        await desk.accounts.show(HOME, account.id)
    with pytest.raises(AuthRevoked):
        await desk.sign_in.renew(held.tokens)


async def bring(desk: Desk, account: Account, count: int) -> None:
    """Let so many messages of an account be wanted."""
    wants = tuple(Want(f"m{number}", "t", Reason.NEW) for number in range(count))
    owner = AccountRef(account.id, account.workspace_id, account.email)
    lease = Lease(StreamId("any"), "worker", 1, desk.clock.now())
    await desk.mail.commit(owner, lease, MailBatch(wanted=wants))


async def test_what_an_account_brought_goes_with_it(desk: Desk) -> None:
    """However much there is, it is removed in steps."""
    account = await desk.connected()
    await bring(desk, account, 2500)

    await desk.accounts.disconnect(HOME, account.id)

    assert desk.records.steps == [1000, 1000, 500, 0]
    assert await desk.mail.next_wanted_at(account.id) is None


async def test_whoever_is_interrupted_disconnects_again(desk: Desk) -> None:
    """The account is there until all it brought is gone, and nothing comes in meanwhile."""
    account = await desk.connected()
    await bring(desk, account, 1500)
    desk.records.fails_at_step = 2

    with pytest.raises(StoreUnavailableError):
        await desk.accounts.disconnect(HOME, account.id)
    left = await desk.accounts.show(HOME, account.id)
    desk.records.fails_at_step = 0
    await desk.accounts.disconnect(HOME, account.id)

    assert left.streams == ()
    assert await desk.mail.next_wanted_at(account.id) is None
    assert (await desk.accounts.list_accounts(HOME)).rows == ()


async def test_everything_is_looked_through_anew(desk: Desk) -> None:
    """Whoever works on the account loses its hold, and each stream begins as soon as may be."""
    account = await desk.connected()
    now = desk.clock.now()
    claim = StreamClaim("worker", now, now + ERRAND_LASTS)
    (held,) = await desk.streams.claim(Lane(Channel.GMAIL, Phase.LIST), claim, limit=1)

    view = await desk.accounts.resync(HOME, account.id)

    assert await desk.streams.renew([held.lease()], until=now + ERRAND_LASTS) == frozenset()
    assert [stream.fence for stream in view.streams] == [held.fence + 1, 1]
    assert all(stream.asked_at and stream.lease_until is None for stream in view.streams)
    await desk.store.change(account.id, AccountStatus.NEEDS_REAUTH, "ended")
    with pytest.raises(ConsentRefused, match="Connect it again"):
        await desk.accounts.resync(HOME, account.id)


async def test_accounts_of_others_are_unknown(desk: Desk) -> None:
    """No workspace sees, stops or removes an account of another."""
    account = await desk.connected()

    for deed in (
        desk.accounts.show,
        desk.accounts.pause,
        desk.accounts.resume,
        desk.accounts.sync_now,
        desk.accounts.resync,
        desk.accounts.disconnect,
    ):
        with pytest.raises(AccountUnknown):
            await deed(ELSEWHERE, account.id)
    assert (await desk.accounts.show(HOME, account.id)).account == account


async def test_channels_are_the_providers_own(desk: Desk) -> None:
    """Nobody is sent off for what is another provider's."""
    with pytest.raises(ChannelRefused, match="gmail, google-calendar"):
        await desk.accounts.connect(HOME, GOOGLE, [Channel.MICROSOFT_MAIL])


async def test_without_channels_it_is_all_that_are_turned_on(desk: Desk) -> None:
    """What is off is refused by the name of its setting when it is asked for."""
    all_of_it = await desk.accounts.connect(HOME, GOOGLE)
    desk.sign_in.turned_on = frozenset({Channel.GMAIL})

    some = await desk.accounts.connect(HOME, GOOGLE)
    with pytest.raises(ProviderDisabled, match="CALENDAR_PROVIDER_GOOGLE_ENABLED") as refused:
        await desk.accounts.connect(HOME, GOOGLE, BOTH)
    desk.sign_in.turned_on = frozenset()
    with pytest.raises(ProviderDisabled, match="GMAIL_ENABLED and CALENDAR"):
        await desk.accounts.connect(HOME, GOOGLE)

    assert (all_of_it.errand.channels, some.errand.channels) == (BOTH, (Channel.GMAIL,))
    assert "GMAIL" not in str(refused.value)


async def test_an_errand_is_known_until_somebody_comes_back(desk: Desk) -> None:
    """Whoever waits sees it end, and those of others are unknown."""
    departure, state = await desk.leave()
    late, _ = await desk.leave()
    errand_id = departure.errand.state_digest

    assert await desk.accounts.errand(HOME, errand_id) == departure.errand
    with pytest.raises(ErrandUnknown):
        await desk.accounts.errand(ELSEWHERE, errand_id)
    await desk.accounts.complete(GOOGLE, state=state, answer=Answer(desk.consent(departure)))
    with pytest.raises(ErrandUnknown):
        await desk.accounts.errand(HOME, errand_id)
    desk.clock.advance(ERRAND_LASTS.total_seconds())
    with pytest.raises(ErrandUnknown):
        await desk.accounts.errand(HOME, late.errand.state_digest)


async def test_another_persons_code_does_not_fit(desk: Desk) -> None:
    """Whoever smuggles a code of their own into somebody's way connects nothing there."""
    theirs, _ = await desk.leave()
    _, state = await desk.leave()

    with pytest.raises(ConsentRefused, match="did not let it in"):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(desk.consent(theirs)))

    assert list((await desk.accounts.list_accounts(HOME)).rows) == []


async def test_a_provider_that_is_away_is_told(desk: Desk) -> None:
    """Whoever came back begins again."""
    departure, state = await desk.leave()
    code = desk.consent(departure)
    desk.sign_in.redeem_fault = Temporary("status 503")

    with pytest.raises(ConsentRefused, match="begin again"):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(code))


async def test_a_slice_is_wanted_of_each_stream(desk: Desk) -> None:
    """Streams are asked alone where consent holds."""
    account = await desk.connected()

    view = await desk.accounts.sync_now(HOME, account.id)
    await desk.store.change(account.id, AccountStatus.NEEDS_REAUTH, "ended")

    assert [stream.asked_at for stream in view.streams] == [desk.clock.now()] * 2
    with pytest.raises(ConsentRefused, match="Connect it again"):
        await desk.accounts.sync_now(HOME, account.id)


async def test_an_administrators_part_is_told(desk: Desk) -> None:
    """What the provider wants allowed comes with what to do."""
    departure, state = await desk.leave()
    code = desk.consent(departure)
    desk.sign_in.redeem_fault = PermissionMissing("it is not allowed", "Ask Bob")

    with pytest.raises(ConsentRefused, match=r"it is not allowed\. Ask Bob\."):
        await desk.accounts.complete(GOOGLE, state=state, answer=Answer(code))
