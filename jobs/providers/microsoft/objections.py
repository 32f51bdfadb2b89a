"""What Microsoft's numbers mean when it lets nobody in.

The numbers are those of https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from collections.abc import Mapping

from jobs.providers.objection import Objection
from jobs.sync.faults import AppRefused, AuthRevoked, PermissionMissing, ProviderFault

_ADMIN = (
    "an administrator of the organisation has to allow the app",
    "Ask the administrator to consent to it in the Entra admin centre, and connect again",
)
_CONSENT = (
    "nobody has consented to the app with all its permissions",
    "Connect again; where people may not consent themselves, an administrator has to do it first",
)
_DECLINED = (
    "access was denied at the provider",
    "Connect again and accept what is asked for",
)
_UNKNOWN_APP = (
    "the organisation does not know the OAuth app",
    "Correct AUTH_MICROSOFT_CLIENT_ID, and register the app for accounts in any organisation",
)
_SECRET = (
    "the client secret is wrong",
    "Set AUTH_MICROSOFT_CLIENT_SECRET to the secret's value, not to its id",
)
_SECRET_EXPIRED = (
    "the client secret has expired",
    "Make a new one, set AUTH_MICROSOFT_CLIENT_SECRET to its value",
)
_REDIRECT = (
    "Microsoft does not know the address that people come back to",
    "Register the value of AUTH_MICROSOFT_APIS_CALLBACK_URL as a redirect URI of the kind Web",
)
_ONE_TENANT = (
    "the OAuth app takes accounts of its own organisation alone",
    "Set AUTH_MICROSOFT_TENANT to the organisation's id, or register the app for accounts in any",
)
_OTHER_TENANT = (
    "the account is of no organisation that is asked",
    "Connect one of the organisation that AUTH_MICROSOFT_TENANT names, or set it to common",
)
_PERSONAL_APP = (
    "the OAuth app takes personal accounts alone",
    "Set AUTH_MICROSOFT_TENANT to consumers, or register the app for organisations too",
)
_WORK_APP = (
    "the OAuth app takes no personal accounts",
    "Set AUTH_MICROSOFT_TENANT to organizations, or register the app for personal accounts too",
)
_NO_TENANT = (
    "Microsoft knows no organisation of that id",
    "Correct AUTH_MICROSOFT_TENANT; it is the directory (tenant) id in the Entra admin centre",
)
_UNASSIGNED = (
    "the person is not assigned to the app",
    "Ask the organisation's administrator to assign the person, or to require no assignment",
)
_POLICY = (
    "a policy of the organisation bars the app",
    "Ask its administrator to allow the app in conditional access, and connect the account again",
)
_SIGN_IN_OFF = (
    "the organisation has disabled sign-in to the app",
    "Ask its administrator to enable it, and resume the account",
)

_PERMISSIONS: Mapping[int, tuple[str, str]] = {
    65001: _CONSENT,
    65004: _DECLINED,
    90094: _ADMIN,
    90093: _ADMIN,
    90095: _ADMIN,
    50105: _UNASSIGNED,
    53003: _POLICY,
    53000: _POLICY,
    7000112: _SIGN_IN_OFF,
}
_APP: Mapping[int, tuple[str, str]] = {
    700016: _UNKNOWN_APP,
    7000215: _SECRET,
    7000222: _SECRET_EXPIRED,
    50011: _REDIRECT,
    50194: _ONE_TENANT,
    50020: _OTHER_TENANT,
    500208: _OTHER_TENANT,
    9002331: _PERSONAL_APP,
    9002346: _PERSONAL_APP,
    9002332: _WORK_APP,
    500200: _WORK_APP,
    90002: _NO_TENANT,
}
"""What a wrong setting or registration brings on every account alike."""

_ENDINGS: Mapping[int, str] = {
    50173: "the password was changed or access was taken back",
    50132: "the password was changed or the session ended",
    50133: "the password was changed or the session ended",
    50034: "the person does not exist any more",
    50057: "the person is disabled",
    50055: "the password has expired",
    50076: "the organisation asks for a second factor",
    50078: "the second factor has to be shown again",
    50079: "the person has to set up a second factor",
    50158: "the organisation asks for a further proof",
    70043: "the organisation asks people to sign in again from time to time",
    70008: "it was not used for too long",
    700082: "it was not used for ninety days",
    700084: "it lasts for a day at most, as with apps that run in a browser",
}


def meaning(objection: Objection) -> ProviderFault | None:
    """Return what Microsoft's numbers mean; None where its word of OAuth has to do."""
    for number in objection.numbers:
        if number in _PERMISSIONS:
            detail, what_to_do = _PERMISSIONS[number]
            return PermissionMissing(f"{detail} (AADSTS{number})", what_to_do)
        if number in _APP:
            detail, what_to_do = _APP[number]
            return AppRefused(f"{detail} (AADSTS{number})", what_to_do)
        if number in _ENDINGS:
            return AuthRevoked(f"{_ENDINGS[number]} (AADSTS{number})")
    return None
