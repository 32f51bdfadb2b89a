"""How people are signed in with Microsoft."""

from jobs.providers.microsoft.methods import (
    CALENDAR_SCOPES,
    IDENTITY_SCOPES,
    MAIL_SCOPES,
    SENDING_SCOPE,
)
from jobs.providers.microsoft.objections import meaning
from jobs.providers.sign_in import House
from jobs.streams.stream import Channel

_OWN = "https://login.microsoftonline.com"


def microsoft_house(base_url: str | None = None, tenant: str = "common") -> House:
    """Return Microsoft's addresses, or those of what stands in for it below one URL.

    `tenant` says whose accounts are taken: those of one organisation by its id, of any
    (`organizations`), personal ones (`consumers`), or all of them (`common`). There is no address
    at which an app gives consent back: its owner removes it, or an administrator.
    """
    base = f"{(base_url or _OWN).rstrip('/')}/{tenant}/oauth2/v2.0"
    return House(
        name="Microsoft",
        authorize_url=f"{base}/authorize",
        token_url=f"{base}/token",
        revoke_url=None,
        identity_scopes=IDENTITY_SCOPES,
        channel_scopes={
            Channel.MICROSOFT_MAIL: MAIL_SCOPES,
            Channel.MICROSOFT_CALENDAR: CALENDAR_SCOPES,
        },
        sending_scope=SENDING_SCOPE,
        # Who is signed in with several accounts would else connect whichever was used last.
        address_params={"response_mode": "query", "prompt": "select_account"},
        settings="AUTH_MICROSOFT_CLIENT_ID, AUTH_MICROSOFT_CLIENT_SECRET and "
        "AUTH_MICROSOFT_APIS_CALLBACK_URL",
        # `sub` is another one for each app, so a new app would not know its accounts again.
        subject_claims=("oid", "sub"),
        email_claims=("email", "preferred_username"),
        scope_prefix="https://graph.microsoft.com/",
        meaning=meaning,
    )
