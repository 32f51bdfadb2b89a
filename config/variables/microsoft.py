"""Signing in with Microsoft, and the mail and calendars of Microsoft 365."""

from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Condition, Declared, Group
from config.kinds import URL, Flag, MicrosoftTenant, Secret, ServiceURL, Text, Whole
from config.variables.group import VariableGroup

_ANY_USE = (
    Condition("AUTH_MICROSOFT_ENABLED"),
    Condition("MESSAGING_PROVIDER_MICROSOFT_ENABLED"),
    Condition("CALENDAR_PROVIDER_MICROSOFT_ENABLED"),
)


class MicrosoftVariables(VariableGroup):
    """One OAuth client serves sign-in, Outlook mail and Outlook calendars."""

    group: ClassVar[Group] = Group.MICROSOFT

    is_microsoft_auth_enabled: Annotated[
        Flag,
        Declared(
            "AUTH_MICROSOFT_ENABLED", "Whether people may sign in with Microsoft.", is_planned=True
        ),
    ] = False
    is_microsoft_mail_enabled: Annotated[
        Flag,
        Declared(
            "MESSAGING_PROVIDER_MICROSOFT_ENABLED",
            "Whether Microsoft 365 mail is kept in sync.",
        ),
    ] = False
    is_microsoft_calendar_enabled: Annotated[
        Flag,
        Declared(
            "CALENDAR_PROVIDER_MICROSOFT_ENABLED",
            "Whether Microsoft 365 calendars are kept in sync.",
        ),
    ] = False
    microsoft_client_id: Annotated[
        Text,
        Declared(
            "AUTH_MICROSOFT_CLIENT_ID",
            "Client id of the OAuth app at Microsoft.",
            required_if=_ANY_USE,
        ),
    ] = ""
    microsoft_client_secret: Annotated[
        Secret | None,
        Declared(
            "AUTH_MICROSOFT_CLIENT_SECRET",
            "Client secret of the OAuth app.",
            required_if=_ANY_USE,
        ),
    ] = None
    microsoft_tenant: Annotated[
        MicrosoftTenant,
        Declared(
            "AUTH_MICROSOFT_TENANT",
            "Whose accounts are taken: `common` for all, `organizations`, `consumers` for personal "
            "ones, or the id of one organisation's directory.",
        ),
    ] = "common"
    microsoft_callback_url: Annotated[
        URL | None,
        Declared(
            "AUTH_MICROSOFT_CALLBACK_URL",
            "Where Microsoft sends people back who sign in: SERVER_URL and "
            "`/auth/microsoft/redirect`.",
            required_if=_ANY_USE,
            is_planned=True,
        ),
    ] = None
    microsoft_apis_callback_url: Annotated[
        URL | None,
        Declared(
            "AUTH_MICROSOFT_APIS_CALLBACK_URL",
            "Where Microsoft sends people back who connect an account: SERVER_URL and "
            "`/auth/microsoft-apis/get-access-token`.",
            required_if=_ANY_USE,
        ),
    ] = None
    microsoft_login_base_url: Annotated[
        ServiceURL | None,
        Declared(
            "MICROSOFT_LOGIN_BASE_URL",
            "Where people consent and tokens come from, in place of Microsoft itself: a simulator "
            "or a gateway; https, or http on loopback.",
        ),
    ] = None
    microsoft_graph_base_url: Annotated[
        ServiceURL | None,
        Declared(
            "MICROSOFT_GRAPH_BASE_URL",
            "Where Microsoft Graph is, in place of Microsoft itself; https, or http on loopback.",
            needs_restart=True,
        ),
    ] = None
    graph_requests_per_10_min: Annotated[
        Whole,
        Field(ge=200, le=1_000_000),
        Declared(
            "MICROSOFT_GRAPH_QUOTA_REQUESTS_PER_TEN_MINUTES",
            "Requests to Microsoft Graph that one mailbox may get in ten minutes, mail and "
            "calendar together.",
        ),
    ] = 10_000
