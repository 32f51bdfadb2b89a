"""Chooses what seals secrets, by the settings."""

import secrets
from collections.abc import Sequence

from config.errors import SealingRefused
from config.ports import Sealer
from config.variables import Settings
from sanderling.vault import AESGCMSealer, ClosedSealer, Keyring


def build_sealer(app_secret: str | None, previous: Sequence[str] = ()) -> Sealer:
    """Return a sealer under `app_secret` that also opens what `previous` ones sealed.

    Without a secret, or with one that must not seal, it is one that says so whenever somebody
    wants to keep or read a secret: an instance that has no secrets needs no key.
    """
    if app_secret is None:
        return ClosedSealer("APP_SECRET is not set")
    try:
        return AESGCMSealer(Keyring.of(app_secret, previous), secrets.token_bytes)
    except SealingRefused as refusal:
        return ClosedSealer(str(refusal.facts["reason"]))


def sealer_of(settings: Settings) -> Sealer:
    """Return the sealer that the settings of this process name."""
    secret = settings.app_secret
    return build_sealer(
        None if secret is None else secret.get_secret_value(),
        [earlier.get_secret_value() for earlier in settings.app_secret_previous],
    )
