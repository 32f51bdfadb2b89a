"""Seals secrets so that a copy of the database tells nothing, and opens them again."""

from sanderling.vault.app_secret import weakness_of
from sanderling.vault.keyring import Keyring
from sanderling.vault.sealer import AESGCMSealer, ClosedSealer

__all__ = ["AESGCMSealer", "ClosedSealer", "Keyring", "weakness_of"]
