"""The providers that can be played, and what a developer sets to use them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sanderling.kernel.clock import Clock
from sanderling.simulator.core.oauth import Client
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import World
from sanderling.simulator.google import google_site, google_world
from sanderling.simulator.google.gmail_watch import ACCOUNT, TOPIC
from sanderling.simulator.microsoft import microsoft_site, microsoft_world

_SERVER = "http://127.0.0.1:3000"
"""Where `sanderling serve` listens unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: how its world is made, its site opened, and Sanderling pointed at it."""

    name: str
    world: Callable[[Clock], World]
    site: Callable[[World], Site]
    settings: Callable[[str], Mapping[str, str]]
    """The settings for a base URL, in the order in which people read them."""
    push_settings: Mapping[str, str]
    """What is set beside them to be told of changes."""


def _google_settings(base_url: str) -> Mapping[str, str]:
    client = Client()
    return {
        "GOOGLE_OAUTH_BASE_URL": base_url,
        "GOOGLE_API_BASE_URL": base_url,
        "AUTH_GOOGLE_CLIENT_ID": client.client_id,
        "AUTH_GOOGLE_CLIENT_SECRET": client.secret,
        "AUTH_GOOGLE_CALLBACK_URL": f"{_SERVER}/auth/google/redirect",
        "AUTH_GOOGLE_APIS_CALLBACK_URL": f"{_SERVER}/auth/google-apis/get-access-token",
        "MESSAGING_PROVIDER_GMAIL_ENABLED": "true",
        "CALENDAR_PROVIDER_GOOGLE_ENABLED": "true",
    }


def _microsoft_settings(base_url: str) -> Mapping[str, str]:
    client = Client()
    return {
        "MICROSOFT_LOGIN_BASE_URL": base_url,
        "MICROSOFT_GRAPH_BASE_URL": base_url,
        "AUTH_MICROSOFT_CLIENT_ID": client.client_id,
        "AUTH_MICROSOFT_CLIENT_SECRET": client.secret,
        "AUTH_MICROSOFT_CALLBACK_URL": f"{_SERVER}/auth/microsoft/redirect",
        "AUTH_MICROSOFT_APIS_CALLBACK_URL": f"{_SERVER}/auth/microsoft-apis/get-access-token",
        "MESSAGING_PROVIDER_MICROSOFT_ENABLED": "true",
        "CALENDAR_PROVIDER_MICROSOFT_ENABLED": "true",
    }


_TOLD = {
    "SERVER_URL": _SERVER,
    "IS_CONNECTED_ACCOUNT_WEBHOOK_SUBSCRIPTION_ENABLED": "true",
}
_GOOGLE_TOLD = {
    **_TOLD,
    "MESSAGING_GMAIL_PUBSUB_TOPIC": TOPIC,
    "MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL": ACCOUNT,
}

PROVIDERS = (
    Provider("google", google_world, google_site, _google_settings, _GOOGLE_TOLD),
    Provider("microsoft", microsoft_world, microsoft_site, _microsoft_settings, _TOLD),
)
"""In the order of their ports."""
