"""What a provider says when it lets nobody in, and what that means whoever the provider is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from jobs.providers.answer import Fields, text_of
from jobs.sync.faults import AppRefused, AuthRevoked, PermissionMissing, ProviderFault, Temporary

_ENDED = {"invalid_grant", "interaction_required", "consent_required", "login_required"}
_PASSING = {"server_error", "temporarily_unavailable"}
_APP = (
    "the OAuth app or its secret is refused",
    "Correct {settings}",
)
_BACK = (
    "the provider does not know the address that people come back to",
    "Register it at the provider exactly as it is set; the settings are {settings}",
)
_ORGANISATION = (
    "the organisation does not allow this app",
    "Ask its administrator for consent, and connect the account again",
)
_DENIED = (
    "access was denied at the provider",
    "Connect again and allow it; add the address to the test users of an OAuth app in test mode",
)
_PERMISSIONS: Mapping[str, tuple[str, str]] = {
    "access_denied": _DENIED,
    "invalid_scope": _ORGANISATION,
    "admin_policy_enforced": _ORGANISATION,
}
_APP_REFUSALS: Mapping[str, tuple[str, str]] = {
    "invalid_client": _APP,
    "unauthorized_client": _APP,
    "redirect_uri_mismatch": _BACK,
}
_NUMBER = re.compile(r"AADSTS([0-9]{4,9})")


@dataclass(frozen=True, slots=True)
class Objection:
    """A word of OAuth, and the numbers that some providers give beside it.

    A description is not kept: it names people, and whoever made the address may have written it.
    """

    error: str
    numbers: tuple[int, ...] = field(default=())


def objection_of(fields: Fields) -> Objection:
    """Return what a token endpoint objects to."""
    given = fields.get("error_codes")
    listed = cast("list[object]", given) if isinstance(given, list) else []
    numbers = tuple(number for number in listed if isinstance(number, int))
    told = objection_told(text_of(fields, "error"), text_of(fields, "error_description"))
    return Objection(told.error, (*numbers, *told.numbers))


def objection_told(error: str, description: str) -> Objection:
    """Return what a provider objects to by the two texts that a person comes back with."""
    return Objection(error, tuple(map(int, _NUMBER.findall(description)[:8])))


def meaning(objection: Objection, settings: str) -> ProviderFault | None:
    """Return what an objection means by its word alone; None for a word that nobody foresaw.

    `settings` names what makes the app known, for people.
    """
    error = objection.error
    if error in _ENDED:
        return AuthRevoked(error)
    if error in _PASSING:
        return Temporary(error)
    if error in _APP_REFUSALS:
        detail, what_to_do = _APP_REFUSALS[error]
        return AppRefused(detail, what_to_do.format(settings=settings))
    if error not in _PERMISSIONS:
        return None
    detail, what_to_do = _PERMISSIONS[error]
    return PermissionMissing(detail, what_to_do)
