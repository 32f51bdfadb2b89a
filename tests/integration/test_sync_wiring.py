"""A worker as it is wired brings accounts in, and says what stops it."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.accounts.account import AccountStatus, Provider
from jobs.accounts.policy import PolicyChange
from jobs.streams.stream import Channel, StreamStatus
from sanderling.kernel.clock import SystemClock
from sanderling.simulator.core.faults import FaultKind
from sanderling.store import SQLAccountRecords
from support.synced import ADA, Synced, synced
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

MAILS, MEETINGS = 30, 8
EVE, ANN = "eve@evil.example", "ann@work.example"


_NOT_FOLLOWED = {Provider.GOOGLE: frozenset[str](), Provider.MICROSOFT: frozenset({"junkemail"})}
"""Where mail is that no stream tells of; Gmail tells of everything, and rules hide it."""


async def _is_whole(here: Synced, provider: Provider) -> bool:
    """Claim that as much is kept as the provider tells of."""
    person = here.played[provider].world.people[ADA]
    told = [
        each for each in person.mailbox.mails.values() if not each.places & _NOT_FOLLOWED[provider]
    ]
    kept = (await here.mails(provider), await here.events(provider))
    return kept == (len(told), len(person.agenda.meetings))


async def test_a_worker_brings_in_an_account_of_each_provider(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Mail and calendars of Google and of Microsoft are kept, and every stream is at rest."""
    async with synced(tmp_path / "home", sqlite_url, mails=MAILS, meetings=MEETINGS) as here:
        for provider in Provider:
            await here.connect(provider)

        async with here.working():
            for provider in Provider:
                await until(lambda who=provider: _is_whole(here, who))

        for channel in Channel:
            stream = await here.stream(channel)
            assert (stream.status, stream.lease_until) == (StreamStatus.ACTIVE, None)
            assert stream.last_failure is None
            assert stream.last_success_at is not None


async def test_what_the_provider_asks_for_is_waited_for(tmp_path: Path, sqlite_url: str) -> None:
    """A 429 puts the stream off to the moment that Retry-After names, and nothing is lost."""
    async with synced(tmp_path / "home", sqlite_url, mails=2, meetings=0) as here:
        await here.connect(Provider.GOOGLE)
        faults = here.played[Provider.GOOGLE].world.faults
        faults.set_rates({FaultKind.RATE_429_SECONDS: 1.0}, seed=1)
        began_at = SystemClock().now()

        async with here.working():

            async def is_put_off() -> bool:
                stream = await here.stream(Channel.GMAIL)
                return stream.failures > 0 and stream.lease_until is None

            await until(is_put_off)
            stream = await here.stream(Channel.GMAIL)
            faults.set_rates({}, seed=1)
            await here.streams.ask(stream.id, SystemClock().now())
            await until(lambda: _has_mail(here))

        assert stream.status is StreamStatus.ACTIVE
        assert stream.last_failure is not None
        assert stream.last_failure.kind == "provider_rate_limited"
        assert stream.next_due_at > began_at + timedelta(seconds=1)


async def test_who_is_blocked_is_left_out_until_let_in_again(
    tmp_path: Path, sqlite_url: str
) -> None:
    """What the owner of an account chooses holds for the worker's next slice."""
    async with synced(tmp_path / "home", sqlite_url, mails=0, meetings=0) as here:
        records = SQLAccountRecords(here.database)
        for provider, played in here.played.items():
            await here.connect(provider)
            await here.accounts.choose(
                played.account.id, PolicyChange(blocklist=("@evil.example",))
            )
            for sender in (EVE, ANN):
                here.post(provider, sender)

        async with here.working():
            for provider in Provider:
                await until(lambda who=provider: _is_whole(here, who))
            first = [await here.senders(provider) for provider in Provider]
            for played in here.played.values():
                await here.accounts.choose(played.account.id, PolicyChange(blocklist=()))
                await records.rescan(played.account.id, SystemClock().now())
            for provider in Provider:
                await until(lambda who=provider: _has_senders(here, who, {EVE, ANN}))

        assert first == [{ANN}, {ANN}]


async def _has_senders(here: Synced, provider: Provider, senders: set[str]) -> bool:
    return await here.senders(provider) == senders


async def _has_mail(here: Synced) -> bool:
    return await here.mails(Provider.GOOGLE) == 2


async def test_ended_consent_parks_an_account_and_says_what_to_do(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Both streams of the account rest with the way out of it; connected again they go on."""
    async with synced(tmp_path / "home", sqlite_url, mails=2, meetings=1) as here:
        await here.connect(Provider.GOOGLE)
        oauth = here.played[Provider.GOOGLE].world.oauth
        oauth.revoke_person(ADA)
        account = here.played[Provider.GOOGLE].account

        async with here.working():

            async def is_parked() -> bool:
                streams = await here.streams.of_account(account.id)
                return all(each.status is StreamStatus.PARKED for each in streams)

            await until(is_parked)
            parked = await here.streams.of_account(account.id)
            kept = await here.accounts.find(account.workspace_id, account.id)
            await here.connect(Provider.GOOGLE)
            for each in parked:
                await here.streams.switch(each.id, StreamStatus.ACTIVE, SystemClock().now())
            await until(lambda: _has_mail(here))

        assert kept is not None
        assert kept.status is AccountStatus.NEEDS_REAUTH
        assert {each.detail for each in parked} == {kept.reason}
        assert "`sanderling accounts connect`" in kept.reason
