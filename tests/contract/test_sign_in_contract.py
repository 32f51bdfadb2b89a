"""What every way to sign in with a provider promises."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from jobs.accounts.account import Provider
from jobs.accounts.accounts import challenge_of
from jobs.accounts.memory_sign_in import MemorySignIn
from jobs.accounts.ports import SignIn
from jobs.providers.google.house import google_house
from jobs.providers.http import open_client
from jobs.providers.sign_in import App, OAuthSignIn
from jobs.streams.stream import Channel
from jobs.sync.faults import AuthRevoked
from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.exchange import Asked
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.google import google_site, google_world

EMAIL = "ada@example.com"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-x"
BOTH = (Channel.GMAIL, Channel.GOOGLE_CALENDAR)
BACK = "https://sanderling.test/auth/google-apis/get-access-token"
APP = App("sanderling-dev", "sanderling-dev-secret", BACK)


@dataclass(frozen=True, slots=True)
class Door:
    """A way to sign in, and a person who consents there."""

    sign_in: SignIn
    consent: Callable[[Sequence[Channel]], str]
    end: Callable[[], object]


@pytest.fixture(params=["memory", "google"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    """Yield each way in turn."""
    clock = VirtualClock()
    if request.param == "memory":
        memory = MemorySignIn(clock)
        challenge = challenge_of(VERIFIER)
        yield Door(
            memory.of(Provider.GOOGLE),
            lambda channels: memory.consent(EMAIL, challenge=challenge, channels=channels),
            memory.end,
        )
        return
    world = google_world(clock)
    world.settle(EMAIL)
    site = google_site(world)
    transport = InProcess({"google.test": site})
    async with open_client("https://google.test", transport=transport) as client:
        google = OAuthSignIn(google_house("https://google.test"), lambda: APP, client, clock)

        def consent(channels: Sequence[Channel]) -> str:
            address = urlsplit(
                google.address(
                    channels=channels, state="s1", challenge=challenge_of(VERIFIER), email=EMAIL
                )
            )
            asked = Asked("GET", address.path, tuple(parse_qsl(address.query)))
            home = urlsplit(dict(site.answer(asked).headers)["location"])
            told = parse_qs(home.query)
            assert f"{home.scheme}://{home.netloc}{home.path}" == BACK
            assert told["state"] == ["s1"]
            return told["code"][0]

        yield Door(google, consent, lambda: world.oauth.revoke_person(EMAIL))


async def test_a_code_tells_who_consented_to_what(door: Door) -> None:
    """Tokens come with the person's own id and address, and with what was allowed."""
    granted = await door.sign_in.redeem(door.consent(BOTH), VERIFIER)

    assert granted.email == EMAIL
    assert granted.subject
    assert granted.tokens.access != granted.tokens.refresh
    assert door.sign_in.missing(BOTH, granted.scopes) == []


async def test_what_was_not_allowed_is_missing(door: Door) -> None:
    """A person may consent to mail alone."""
    granted = await door.sign_in.redeem(door.consent([Channel.GMAIL]), VERIFIER)

    assert door.sign_in.missing([Channel.GMAIL], granted.scopes) == []
    assert len(door.sign_in.missing(BOTH, granted.scopes)) == 1


async def test_a_code_is_good_once_and_with_its_verifier(door: Door) -> None:
    """Whoever overhears a code has nothing."""
    code = door.consent(BOTH)
    await door.sign_in.redeem(code, VERIFIER)

    with pytest.raises(AuthRevoked):
        await door.sign_in.redeem(code, VERIFIER)
    with pytest.raises(AuthRevoked):
        await door.sign_in.redeem(door.consent(BOTH), "another" * 8)


async def test_tokens_are_renewed_until_consent_ends(door: Door) -> None:
    """Each refresh brings another access token, and the next refresh token or the same."""
    first = (await door.sign_in.redeem(door.consent(BOTH), VERIFIER)).tokens

    second = await door.sign_in.renew(first)
    third = await door.sign_in.renew(second)

    assert len({first.access, second.access, third.access}) == 3
    assert third.refresh
    door.end()
    with pytest.raises(AuthRevoked):
        await door.sign_in.renew(third)


async def test_revoked_tokens_are_renewed_no_more(door: Door) -> None:
    """A person who disconnects has taken the consent back."""
    tokens = (await door.sign_in.redeem(door.consent(BOTH), VERIFIER)).tokens

    await door.sign_in.revoke(tokens)

    with pytest.raises(AuthRevoked):
        await door.sign_in.renew(tokens)
