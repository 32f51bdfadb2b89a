"""What every way to sign in with a provider promises."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from jobs.accounts.account import Provider
from jobs.accounts.accounts import challenge_of
from jobs.accounts.memory_sign_in import MemorySignIn
from jobs.accounts.ports import SignIn
from jobs.providers.google.house import google_house
from jobs.providers.http import open_client
from jobs.providers.microsoft.house import microsoft_house
from jobs.providers.sign_in import App, House, OAuthSignIn
from jobs.streams.stream import Channel
from jobs.sync.faults import AuthRevoked, PermissionMissing
from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.exchange import Asked
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import World
from sanderling.simulator.google import google_site, google_world
from sanderling.simulator.microsoft import microsoft_site, microsoft_world

EMAIL = "ada@example.com"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-x"
BACK = "https://sanderling.test/back"
APP = App("sanderling-dev", "sanderling-dev-secret", BACK)
GOOGLES = (Channel.GMAIL, Channel.GOOGLE_CALENDAR)
MICROSOFTS = (Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR)


class Consent(Protocol):
    """A person who allows what is asked for; the code is what that one comes back with."""

    def __call__(self, *, channels: Sequence[Channel], sends: bool = False) -> str:
        """Return the code."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """A way to sign in, its channels, and a person who consents there."""

    sign_in: SignIn
    both: tuple[Channel, Channel]
    consent: Consent
    end: Callable[[], object]
    is_told: bool = True
    """Whether the provider has a way to be told that consent is not used any more."""


@dataclass(frozen=True, slots=True)
class Play:
    """A simulated provider, and how people are signed in with it."""

    host: str
    house: House
    channels: tuple[Channel, Channel]
    world: World
    site: Site

    def door(self, sign_in: OAuthSignIn) -> Door:
        """Return the way in, with a person who allows all that is asked for."""

        def consent(*, channels: Sequence[Channel], sends: bool = False) -> str:
            address = urlsplit(
                sign_in.address(
                    channels=channels,
                    state="s1",
                    challenge=challenge_of(VERIFIER),
                    email=EMAIL,
                    sends=sends,
                )
            )
            asked = Asked("GET", address.path, tuple(parse_qsl(address.query)))
            home = urlsplit(dict(self.site.answer(asked).headers)["location"])
            told = parse_qs(home.query)
            assert f"{home.scheme}://{home.netloc}{home.path}" == BACK
            assert told["state"] == ["s1"]
            return told["code"][0]

        return Door(
            sign_in,
            self.channels,
            consent,
            lambda: self.world.oauth.revoke_person(EMAIL),
            is_told=self.house.revoke_url is not None,
        )


def google(clock: VirtualClock) -> Play:
    """Return the simulator of Google."""
    world = google_world(clock)
    house = google_house("https://google.test")
    return Play("google.test", house, GOOGLES, world, google_site(world))


def microsoft(clock: VirtualClock) -> Play:
    """Return the simulator of Microsoft, whose refresh tokens are good once."""
    world = microsoft_world(clock)
    house = microsoft_house("https://microsoft.test")
    return Play("microsoft.test", house, MICROSOFTS, world, microsoft_site(world))


PLAYS = {"google": google, "microsoft": microsoft}


@pytest.fixture(params=["memory", *PLAYS])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    """Yield each way in turn."""
    clock = VirtualClock()
    if request.param == "memory":
        memory = MemorySignIn(clock)
        challenge = challenge_of(VERIFIER)
        yield Door(
            memory.of(Provider.GOOGLE),
            GOOGLES,
            partial(memory.consent, EMAIL, challenge=challenge),
            memory.end,
        )
        return
    play = PLAYS[request.param](clock)
    play.world.settle(EMAIL)
    transport = InProcess({play.host: play.site})
    async with open_client(f"https://{play.host}", transport=transport) as client:
        yield play.door(OAuthSignIn(play.house, lambda: APP, client, clock))


async def test_a_code_tells_who_consented_to_what(door: Door) -> None:
    """Tokens come with the person's own id and address, and with what was allowed."""
    granted = await door.sign_in.redeem(door.consent(channels=door.both), VERIFIER)

    assert granted.email == EMAIL
    assert granted.subject
    assert granted.tokens.access != granted.tokens.refresh
    assert door.sign_in.missing(door.both, granted.scopes) == []


async def test_what_was_not_allowed_is_missing(door: Door) -> None:
    """A person may consent to mail alone."""
    granted = await door.sign_in.redeem(door.consent(channels=door.both[:1]), VERIFIER)

    assert door.sign_in.missing(door.both[:1], granted.scopes) == []
    assert len(door.sign_in.missing(door.both, granted.scopes)) == 1


async def test_sending_is_a_permission_of_its_own(door: Door) -> None:
    """It is asked for beside what channels need, and given with it; unasked it is missing."""
    reading = await door.sign_in.redeem(door.consent(channels=door.both), VERIFIER)
    sending = await door.sign_in.redeem(door.consent(channels=door.both, sends=True), VERIFIER)

    assert len(door.sign_in.missing(door.both, reading.scopes, sends=True)) == 1
    assert door.sign_in.missing(door.both, sending.scopes, sends=True) == []


async def test_a_code_is_good_once_and_with_its_verifier(door: Door) -> None:
    """Whoever overhears a code has nothing."""
    code = door.consent(channels=door.both)
    await door.sign_in.redeem(code, VERIFIER)

    with pytest.raises(AuthRevoked):
        await door.sign_in.redeem(code, VERIFIER)
    with pytest.raises(AuthRevoked):
        await door.sign_in.redeem(door.consent(channels=door.both), "another" * 8)


async def test_tokens_are_renewed_until_consent_ends(door: Door) -> None:
    """Each refresh brings another access token, and the next refresh token or the same."""
    first = (await door.sign_in.redeem(door.consent(channels=door.both), VERIFIER)).tokens

    second = await door.sign_in.renew(first)
    third = await door.sign_in.renew(second)

    assert len({first.access, second.access, third.access}) == 3
    assert third.refresh
    door.end()
    with pytest.raises(AuthRevoked):
        await door.sign_in.renew(third)


async def test_revoked_tokens_are_renewed_no_more(door: Door) -> None:
    """A person who disconnects has taken the consent back, where the provider has a way for it."""
    tokens = (await door.sign_in.redeem(door.consent(channels=door.both), VERIFIER)).tokens

    await door.sign_in.revoke(tokens)

    if not door.is_told:
        assert (await door.sign_in.renew(tokens)).access != tokens.access
        return
    with pytest.raises(AuthRevoked):
        await door.sign_in.renew(tokens)


async def test_a_person_who_said_no_is_told_what_to_do(door: Door) -> None:
    """What a browser brought is not repeated, whatever it is."""
    refusal = door.sign_in.refusal("access_denied", "AADSTS65004: <script> ada@example.com")

    assert isinstance(refusal, PermissionMissing)
    assert "Connect again" in str(refusal.facts["what_to_do"])
    assert "ada@" not in str(refusal)
    assert "script" not in str(refusal)
    assert "odd" not in str(door.sign_in.refusal("odd", "odd"))
