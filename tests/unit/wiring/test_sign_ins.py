"""People are signed in as the settings in force want it."""

from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from config.kinds import MicrosoftTenant
from config.variables import Settings
from jobs.accounts.account import Provider
from jobs.accounts.errors import ProviderDisabled
from jobs.providers.sign_in import OAuthSignIn
from jobs.streams.stream import Channel
from sanderling.kernel.clock import VirtualClock
from sanderling.wiring.sign_ins import SettledSignIns, SignInsSubscriber, open_sign_ins

TENANT = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
APPS = Settings.model_construct(
    is_gmail_enabled=True,
    google_client_id="google-1",
    google_client_secret=SecretStr("hush"),
    google_apis_callback_url="https://crm.example.org/back",
    is_microsoft_mail_enabled=True,
    is_microsoft_calendar_enabled=True,
    microsoft_client_id="microsoft-1",
    microsoft_client_secret=SecretStr("hush"),
    microsoft_apis_callback_url="https://crm.example.org/back",
)


def address_of(sign_in: OAuthSignIn, channel: Channel) -> str:
    """Return the host at which people consent."""
    address = sign_in.address(channels=[channel], state="s", challenge="c", email=None)
    return urlsplit(address).netloc


async def test_each_provider_has_its_own_app_and_address() -> None:
    """A base URL stands in for the provider's own, and a channel is offered when it is on."""
    moved = APPS.model_copy(update={"microsoft_login_base_url": "http://127.0.0.1:4801"})
    async with open_sign_ins(moved, VirtualClock()) as sign_ins:
        google, microsoft = sign_ins.of(Provider.GOOGLE), sign_ins.of(Provider.MICROSOFT)

        assert address_of(google, Channel.GMAIL) == "accounts.google.com"
        assert address_of(microsoft, Channel.MICROSOFT_MAIL) == "127.0.0.1:4801"
        assert sign_ins.offered(Provider.GOOGLE) == {Channel.GMAIL}
        assert sign_ins.offered(Provider.MICROSOFT) == Provider.MICROSOFT.channels


@pytest.mark.parametrize(
    "missing", ["google_client_id", "google_client_secret", "google_apis_callback_url"]
)
async def test_half_an_app_is_none(missing: str) -> None:
    """Who has to set what is said before anybody is sent off."""
    default = Settings.model_fields[missing].default
    async with open_sign_ins(
        APPS.model_copy(update={missing: default}), VirtualClock()
    ) as sign_ins:
        with pytest.raises(ProviderDisabled, match="AUTH_GOOGLE_CLIENT_ID"):
            address_of(sign_ins.of(Provider.GOOGLE), Channel.GMAIL)


async def test_a_tenant_is_followed_while_it_runs() -> None:
    """People are sent to the organisation's own address from the next errand on."""
    sign_ins = SettledSignIns(APPS, VirtualClock())
    subscriber = SignInsSubscriber(sign_ins)
    changed = APPS.model_copy(update={"microsoft_tenant": TENANT})

    (await subscriber.prepare(changed)).swap()

    assert subscriber.needs(changed) != subscriber.needs(APPS)
    address = sign_ins.of(Provider.MICROSOFT).address(
        channels=[Channel.MICROSOFT_MAIL], state="s", challenge="c", email=None
    )
    await sign_ins.close()
    assert urlsplit(address).path == f"/{TENANT}/oauth2/v2.0/authorize"


@pytest.mark.parametrize("written", ["Consumers", f" {TENANT.upper()} "])
def test_a_tenant_is_a_word_or_the_id_of_a_directory(written: str) -> None:
    """It is written in any case."""
    assert TypeAdapter[str](MicrosoftTenant).validate_python(written) == written.strip().lower()


@pytest.mark.parametrize("written", ["", "contoso.com", "common/../evil", f"{TENANT}?x", "a\nb"])
def test_what_is_no_tenant_is_refused(written: str) -> None:
    """It becomes a part of the address that people are sent to."""
    with pytest.raises(ValidationError, match="the id of a directory"):
        TypeAdapter[str](MicrosoftTenant).validate_python(written)


async def test_settings_are_followed_while_it_runs() -> None:
    """What changed counts from the next errand on; what does not matter here changes nothing."""
    sign_ins = SettledSignIns(APPS, VirtualClock())
    subscriber = SignInsSubscriber(sign_ins)
    changed = APPS.model_copy(
        update={"is_gmail_enabled": False, "google_oauth_base_url": "https://gateway.example"}
    )

    (await subscriber.prepare(changed)).swap()

    assert sign_ins.offered(Provider.GOOGLE) == frozenset()
    assert address_of(sign_ins.of(Provider.GOOGLE), Channel.GMAIL) == "gateway.example"
    assert subscriber.needs(APPS) != subscriber.needs(changed)
    assert subscriber.needs(APPS) == subscriber.needs(
        APPS.model_copy(update={"google_api_base_url": "https://elsewhere.example"})
    )
    await sign_ins.close()
