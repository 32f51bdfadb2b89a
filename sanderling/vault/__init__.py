"""Seals secrets so that a copy of the database tells nothing, and opens them again.

It also tells what others have signed for us.
"""

from sanderling.vault.app_secret import weakness_of
from sanderling.vault.keyring import Keyring
from sanderling.vault.rs256 import (
    Claims,
    SignerKeys,
    TokenRefused,
    key_id_of,
    read_signer_keys,
    verify_rs256,
)
from sanderling.vault.sealer import AESGCMSealer, ClosedSealer

__all__ = [
    "AESGCMSealer",
    "Claims",
    "ClosedSealer",
    "Keyring",
    "SignerKeys",
    "TokenRefused",
    "key_id_of",
    "read_signer_keys",
    "verify_rs256",
    "weakness_of",
]
