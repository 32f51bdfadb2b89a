"""Signing in with Google, and the mail and calendars of Google."""

from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Condition, Declared, Group
from config.kinds import URL, Flag, Secret, ServiceURL, Text, Whole
from config.variables.group import VariableGroup

_ANY_USE = (
    Condition("AUTH_GOOGLE_ENABLED"),
    Condition("MESSAGING_PROVIDER_GMAIL_ENABLED"),
    Condition("CALENDAR_PROVIDER_GOOGLE_ENABLED"),
)


_TOPIC = r"projects/[a-z0-9.:-]{1,100}/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}"


class GoogleVariables(VariableGroup):
    """One OAuth client serves sign-in, Gmail and Google Calendar."""

    group: ClassVar[Group] = Group.GOOGLE

    is_google_auth_enabled: Annotated[
        Flag,
        Declared("AUTH_GOOGLE_ENABLED", "Whether people may sign in with Google.", is_planned=True),
    ] = False
    is_gmail_enabled: Annotated[
        Flag,
        Declared("MESSAGING_PROVIDER_GMAIL_ENABLED", "Whether Gmail is kept in sync."),
    ] = False
    is_google_calendar_enabled: Annotated[
        Flag,
        Declared(
            "CALENDAR_PROVIDER_GOOGLE_ENABLED",
            "Whether Google Calendar is kept in sync.",
        ),
    ] = False
    google_client_id: Annotated[
        Text,
        Declared(
            "AUTH_GOOGLE_CLIENT_ID",
            "Client id of the OAuth app at Google.",
            required_if=_ANY_USE,
        ),
    ] = ""
    google_client_secret: Annotated[
        Secret | None,
        Declared(
            "AUTH_GOOGLE_CLIENT_SECRET",
            "Client secret of the OAuth app.",
            required_if=_ANY_USE,
        ),
    ] = None
    google_callback_url: Annotated[
        URL | None,
        Declared(
            "AUTH_GOOGLE_CALLBACK_URL",
            "Where Google sends people back who sign in: SERVER_URL and `/auth/google/redirect`.",
            required_if=_ANY_USE,
            is_planned=True,
        ),
    ] = None
    google_apis_callback_url: Annotated[
        URL | None,
        Declared(
            "AUTH_GOOGLE_APIS_CALLBACK_URL",
            "Where Google sends people back who connect an account: SERVER_URL and "
            "`/auth/google-apis/get-access-token`.",
            required_if=_ANY_USE,
        ),
    ] = None
    google_oauth_base_url: Annotated[
        ServiceURL | None,
        Declared(
            "GOOGLE_OAUTH_BASE_URL",
            "Where people consent and tokens come from, in place of Google itself: a simulator or "
            "a gateway; https, or http on loopback.",
        ),
    ] = None
    google_api_base_url: Annotated[
        ServiceURL | None,
        Declared(
            "GOOGLE_API_BASE_URL",
            "Where the APIs of Gmail and Google Calendar are, in place of Google itself; https, or "
            "http on loopback.",
            needs_restart=True,
        ),
    ] = None
    gmail_units_per_min: Annotated[
        Whole,
        Field(ge=3_000, le=1_200_000),
        Declared(
            "GMAIL_QUOTA_UNITS_PER_MINUTE",
            "Quota units of Gmail that one account may spend in a minute. Projects made before "
            "May 2026 have 15000, and Google grants more on request.",
        ),
    ] = 6_000
    google_calendar_requests_per_min: Annotated[
        Whole,
        Field(ge=60, le=10_000),
        Declared(
            "GOOGLE_CALENDAR_QUOTA_REQUESTS_PER_MINUTE",
            "Requests to Google Calendar that one account may make in a minute.",
        ),
    ] = 600
    gmail_topic: Annotated[
        Text,
        Field(pattern=rf"^({_TOPIC})?$"),
        Declared(
            "MESSAGING_GMAIL_PUBSUB_TOPIC",
            "The Pub/Sub topic that Gmail tells of changes, as `projects/PROJECT/topics/TOPIC`; "
            "without one Gmail is only asked in turn.",
        ),
    ] = ""
    gmail_push_email: Annotated[
        Text,
        Field(pattern=r"^([^@\s]+@[^@\s]+)?$"),
        Declared(
            "MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL",
            "The service account that signs what the topic's subscription sends here.",
        ),
    ] = ""
