"""How people are signed in with Google."""

from jobs.providers.google.methods import (
    CALENDAR_SCOPES,
    IDENTITY_SCOPES,
    MAIL_SCOPES,
    SENDING_SCOPE,
)
from jobs.providers.sign_in import House
from jobs.streams.stream import Channel


def google_house(base_url: str | None = None) -> House:
    """Return Google's addresses, or those of what stands in for it below one URL."""
    base = (base_url or "").rstrip("/")
    return House(
        name="Google",
        authorize_url=f"{base or 'https://accounts.google.com'}/o/oauth2/v2/auth",
        token_url=f"{base or 'https://oauth2.googleapis.com'}/token",
        revoke_url=f"{base or 'https://oauth2.googleapis.com'}/revoke",
        identity_scopes=IDENTITY_SCOPES,
        channel_scopes={Channel.GMAIL: MAIL_SCOPES, Channel.GOOGLE_CALENDAR: CALENDAR_SCOPES},
        sending_scope=SENDING_SCOPE,
        # A refresh token comes with a consent that was asked for, not with one remembered.
        address_params={
            "access_type": "offline",
            "prompt": "consent",
            "include_granted_scopes": "true",
        },
        settings="AUTH_GOOGLE_CLIENT_ID, AUTH_GOOGLE_CLIENT_SECRET and "
        "AUTH_GOOGLE_APIS_CALLBACK_URL",
    )
