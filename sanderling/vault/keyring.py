"""The keys of an instance, derived from its APP_SECRET and the ones before it.

Each purpose has a key of its own, so that what one of them gives away says nothing of another.
HKDF spreads the randomness of a secret and does not slow down whoever guesses; that is why only
long random secrets may seal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import SealingRefused
from sanderling.vault.app_secret import weakness_of

KEY_BYTES = 32
_ID_BYTES = 4
_SALT = b"sanderling vault v1"


@dataclass(frozen=True, slots=True)
class VaultKey:
    """What is derived from one secret; `id` names it in envelopes and tells nothing else."""

    id: str
    sealing: bytes = field(repr=False)
    fingerprinting: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that seals, and those before it, which only open."""

    current: VaultKey
    previous: tuple[VaultKey, ...] = ()

    @classmethod
    def of(cls, app_secret: str, previous: Sequence[str] = ()) -> "Keyring":
        """Return the keys that these secrets stand for.

        A previous secret may be weak: an instance leaves it by sealing everything anew.

        Raises:
            SealingRefused: the secret in force is an example, or weak.

        """
        weakness = weakness_of(app_secret)
        if weakness is not None:
            raise SealingRefused(reason=weakness)
        return cls(_derived(app_secret), tuple(map(_derived, previous)))

    def find(self, key_id: str) -> VaultKey | None:
        """Return the key of this id."""
        return next((key for key in (self.current, *self.previous) if key.id == key_id), None)


def _derived(secret: str) -> VaultKey:
    material = secret.encode("utf-8", "surrogatepass")
    return VaultKey(
        id=_expand(material, b"id", _ID_BYTES).hex(),
        sealing=_expand(material, b"seal", KEY_BYTES),
        fingerprinting=_expand(material, b"fingerprint", KEY_BYTES),
    )


def _expand(material: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=_SALT, info=purpose).derive(material)
