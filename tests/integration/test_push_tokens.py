"""What the simulated Pub/Sub signs is believed by the settings in force, over real HTTP."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from config.layers import Layers
from config.loader import build_snapshot
from config.variables import Settings
from jobs.sync.faults import Temporary
from sanderling.simulator.core.timepiece import Timepiece
from sanderling.simulator.google.gmail_watch import ACCOUNT, ENDPOINT, TOPIC
from sanderling.wiring.push_tokens import SPACING_S, SettledPushTokens
from support.google import Google
from support.listener import Listener
from support.loopback import serving
from support.ports import free_port

SERVER = ENDPOINT.removesuffix("/push/gmail")


@dataclass
class Believer:
    """Who believes by settings that a test changes, and a token that Pub/Sub sent."""

    tokens: SettledPushTokens
    token: str
    settings: Settings
    base_url: str
    clock: Timepiece

    def set(self, **changed: str) -> None:
        """Put other settings in force."""
        self.settings = settled(self.base_url, **changed)


def settled(base_url: str, **changed: str) -> Settings:
    """Return settings under which the simulated Pub/Sub is believed, but for what is changed."""
    values = {
        "GOOGLE_OAUTH_BASE_URL": base_url,
        "SERVER_URL": SERVER,
        "MESSAGING_GMAIL_PUBSUB_TOPIC": TOPIC,
        "MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL": ACCOUNT,
    }
    return build_snapshot(Layers(environment=values | changed), rules=()).settings


@pytest.fixture
async def believer() -> AsyncGenerator[Believer]:
    """Yield who believes the simulated Google, which is asked for its keys over a socket."""
    google, listener = Google(), Listener()
    google.world.post.outside = listener.transport
    google.post("/gmail/v1/users/me/watch", {"topicName": TOPIC})
    await google.world.post.deliver()
    token = listener.heard[0].headers["authorization"].removeprefix("Bearer ")
    async with serving(google.site) as base_url:
        found: Believer
        tokens = SettledPushTokens(lambda: found.settings, google.world.clock)
        found = Believer(tokens, token, settled(base_url), base_url, google.world.clock)
        yield found
        await tokens.close()


async def test_what_pubsub_signs_for_us_is_believed(believer: Believer) -> None:
    """Its keys are fetched from Google, and its audience is SERVER_URL and the path."""
    assert await believer.tokens.holds(believer.token)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"SERVER_URL": "http://127.0.0.1:3001"}, "it is for another address"),
        ({"SERVER_URL": "https://127.0.0.1:3000"}, "it is for another address"),
        (
            {"MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL": "other@example.com"},
            "it is not of the service account that is named here",
        ),
        (
            {"MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL": ""},
            "nobody is named who may send any",
        ),
    ],
)
async def test_settings_decide_at_once_who_is_believed(
    believer: Believer, changed: dict[str, str], reason: str
) -> None:
    """The log says why one is not, without the token or anything in it."""
    assert await believer.tokens.holds(believer.token)

    believer.set(**changed)
    with capture_logs() as lines:
        is_believed = await believer.tokens.holds(believer.token)

    assert not is_believed
    assert [(line["event"], line["reason"]) for line in lines] == [("push.disbelieved", reason)]
    believer.set()
    assert await believer.tokens.holds(believer.token)


async def test_strangers_fill_no_log(believer: Believer) -> None:
    """Whatever comes, a reason is told once a minute, and each for itself."""
    forged = f"{believer.token[:-8]}AAAAAAAA"

    async def heard(*tokens: str) -> list[str]:
        with capture_logs() as lines:
            assert [await believer.tokens.holds(token) for token in tokens] == [False] * len(tokens)
        return [line["reason"] for line in lines]

    first = await heard(*["x.y.z"] * 50, *[forged] * 50)
    again = await heard("x.y.z", forged)
    believer.clock.advance(SPACING_S)
    later = await heard(forged, "x.y.z", forged)

    assert len({*first}) == len(first) == 2
    assert (again, later) == ([], first[::-1])


async def test_without_keys_the_log_is_filled_as_little(believer: Believer) -> None:
    """Nobody is believed, and that is told once a minute."""
    believer.set(GOOGLE_OAUTH_BASE_URL=f"http://127.0.0.1:{free_port()}")
    lines = list[str]()
    for wait_s in (0.0, 1.0, SPACING_S):
        believer.clock.advance(wait_s)
        with capture_logs() as captured, pytest.raises(Temporary):
            await believer.tokens.holds(believer.token)
        lines.append(" ".join(line["event"] for line in captured))

    assert lines == ["push.unproven", "", "push.unproven"]


async def test_a_slash_at_the_end_of_the_address_changes_nothing(believer: Believer) -> None:
    """It is the address that providers were given."""
    believer.set(SERVER_URL=f"{SERVER}/")

    assert await believer.tokens.holds(believer.token)


async def test_another_google_has_other_keys(believer: Believer) -> None:
    """Whoever stands in for Google by a setting is asked; without an answer nobody is believed."""
    other = Google()
    async with serving(other.site) as base_url:
        believer.set(GOOGLE_OAUTH_BASE_URL=base_url)
        assert not await believer.tokens.holds(believer.token)

    believer.set(GOOGLE_OAUTH_BASE_URL=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Temporary):
        await believer.tokens.holds(believer.token)
