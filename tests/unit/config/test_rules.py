"""Variables that do not go together are refused together, each by its name."""

import pytest

from config.errors import ConfigRejected, Problem
from config.layers import Layers
from config.loader import build_snapshot

_GOOGLE = {
    "AUTH_GOOGLE_CLIENT_ID": "id",
    "AUTH_GOOGLE_CLIENT_SECRET": "secret",
    "AUTH_GOOGLE_CALLBACK_URL": "https://crm.example.org/auth/google/redirect",
    "AUTH_GOOGLE_APIS_CALLBACK_URL": "https://crm.example.org/auth/google-apis/get-access-token",
}


def problems(**texts: str) -> dict[str, str]:
    """Return what is refused about these settings, by name."""
    try:
        build_snapshot(Layers(environment=texts))
    except ConfigRejected as refused:
        return {problem.name: problem.reason for problem in refused.problems}
    return {}


def test_defaults_go_together() -> None:
    """Nothing has to be set."""
    assert problems() == {}


@pytest.mark.parametrize(
    "switch",
    [
        "AUTH_GOOGLE_ENABLED",
        "MESSAGING_PROVIDER_GMAIL_ENABLED",
        "CALENDAR_PROVIDER_GOOGLE_ENABLED",
    ],
)
@pytest.mark.parametrize("missing", _GOOGLE)
def test_google_needs_client_secret_and_both_callback_urls(switch: str, missing: str) -> None:
    """Each part that is missing is named with what asks for it."""
    given = {name: text for name, text in _GOOGLE.items() if name != missing}

    assert problems(**{switch: "true"}, **given) == {
        missing: f"it must be set while {switch} is true"
    }
    assert problems(**{switch: "true"}, **_GOOGLE) == {}
    assert problems(**{switch: "false"}) == {}


def test_everything_that_is_missing_is_told_at_once() -> None:
    """Nobody mends four mistakes in four attempts."""
    assert set(problems(MESSAGING_PROVIDER_MICROSOFT_ENABLED="yes")) == {
        "AUTH_MICROSOFT_CLIENT_ID",
        "AUTH_MICROSOFT_CLIENT_SECRET",
        "AUTH_MICROSOFT_CALLBACK_URL",
        "AUTH_MICROSOFT_APIS_CALLBACK_URL",
    }


def test_smtp_and_buckets_need_their_address() -> None:
    """A driver is not chosen without what it stands on."""
    assert set(problems(EMAIL_DRIVER="smtp")) == {"EMAIL_SMTP_HOST"}
    assert set(problems(STORAGE_TYPE="S_3")) == {"STORAGE_S3_REGION", "STORAGE_S3_NAME"}


@pytest.mark.parametrize(
    ("lower", "upper", "equal_is_fine"),
    [
        ("API_RATE_LIMITING_SHORT_TTL_IN_MS", "API_RATE_LIMITING_LONG_TTL_IN_MS", True),
        ("WORKFLOW_EXEC_SOFT_THROTTLE_LIMIT", "WORKFLOW_EXEC_HARD_THROTTLE_LIMIT", True),
        (
            "WORKSPACE_INACTIVE_DAYS_BEFORE_SOFT_DELETION",
            "WORKSPACE_INACTIVE_DAYS_BEFORE_DELETION",
            False,
        ),
    ],
)
def test_limits_stand_in_order(lower: str, upper: str, *, equal_is_fine: bool) -> None:
    """What comes first is not larger than what comes after it, and is told so with the bound."""
    assert problems(**{lower: "10", upper: "11"}) == {}
    assert bool(problems(**{lower: "11", upper: "11"})) is not equal_is_fine
    found = problems(**{lower: "12", upper: "11"})
    assert list(found) == [lower]
    assert f"{upper}, which is 11" in found[lower]


def test_a_pair_is_set_together() -> None:
    """Half a credential is a mistake, and the missing half is the one that is named."""
    assert set(problems(STORAGE_S3_ACCESS_KEY_ID="id")) == {"STORAGE_S3_SECRET_ACCESS_KEY"}
    assert set(problems(EMAIL_SMTP_PASSWORD="p")) == {"EMAIL_SMTP_USER"}


def test_lambda_needs_its_region_and_its_role() -> None:
    """The choice is refused before it can take effect, by the names of what is missing."""
    region, role = "eu-central-1", "arn:aws:iam::1:role/x"

    assert set(problems(SERVERLESS_TYPE="LAMBDA")) == {
        "SERVERLESS_LAMBDA_REGION",
        "SERVERLESS_LAMBDA_ROLE",
    }
    assert not problems(
        SERVERLESS_TYPE="LAMBDA",
        SERVERLESS_LAMBDA_REGION=region,
        SERVERLESS_LAMBDA_ROLE=role,
    )


def test_a_refusal_tells_all_problems_and_no_value() -> None:
    """The message names each variable; values stay out of it, secret or not."""
    refusal = ConfigRejected([Problem("A", "one"), Problem("B", "two")])

    assert refusal.detail == "A is not valid: one; B is not valid: two."
    assert refusal.facts["name"] == "A"


@pytest.mark.parametrize(
    ("address", "is_refused"),
    [
        ("https://crm.example.org", False),
        ("http://127.0.0.1:3000", False),
        ("http://crm.example.org", True),
        ("https://crm.example.org?a=b", True),
    ],
)
def test_providers_tell_of_changes_at_a_safe_address(address: str, *, is_refused: bool) -> None:
    """Their secrets do not go over the open net, and who keeps push off may have any address."""
    found = problems(SERVER_URL=address, IS_CONNECTED_ACCOUNT_WEBHOOK_SUBSCRIPTION_ENABLED="true")

    assert set(found) == ({"SERVER_URL"} if is_refused else set())
    assert problems(SERVER_URL=address) == {}


def test_a_topic_comes_with_whoever_signs_for_it() -> None:
    """A topic whose messages could be anybody's is refused."""
    topic = {"MESSAGING_GMAIL_PUBSUB_TOPIC": "projects/crm/topics/mail"}

    assert set(problems(**topic)) == {"MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL"}
    assert problems(**topic, MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL="push@crm.example.org") == {}
    assert set(problems(MESSAGING_GMAIL_PUBSUB_TOPIC="mail")) == {"MESSAGING_GMAIL_PUBSUB_TOPIC"}
