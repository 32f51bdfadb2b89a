"""Seals with AES-256-GCM.

A nonce is 96 random bits, which is safe for four billion seals under one APP_SECRET: an instance
that changed a secret every second would need a century to get there.
"""

import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.errors import SealingRefused, SecretUnreadableError
from config.ports import SecretPlace
from sanderling.vault.envelope import NONCE_BYTES, Envelope, associated_data, parse_envelope
from sanderling.vault.keyring import Keyring

FINGERPRINT_DIGITS = 16


class AESGCMSealer:
    """Seal each secret for the one place where it is kept, under the key in force.

    Nothing waits and nothing is remembered: threads may share it.
    """

    def __init__(self, keyring: Keyring, random_bytes: Callable[[int], bytes]) -> None:
        """Draw nonces from `random_bytes(count)`, which must not repeat itself."""
        self._keyring = keyring
        self._random_bytes = random_bytes

    def __repr__(self) -> str:
        """Show the id of the key in force."""
        return f"AESGCMSealer({self._keyring.current.id!r})"

    def seal(self, value: str, place: SecretPlace) -> str:
        """Return `value` as text that opens at `place` alone."""
        key = self._keyring.current
        nonce = self._random_bytes(NONCE_BYTES)
        vouched = associated_data(key.id, place)
        return Envelope(
            key.id, nonce, AESGCM(key.sealing).encrypt(nonce, _bytes(value), vouched)
        ).text

    def open(self, sealed: str, place: SecretPlace) -> str:
        """Return the value that was sealed at `place`, with the key in force or an earlier one.

        Raises:
            SecretUnreadableError: it is no envelope, was changed or moved, or its key is unknown.

        """
        envelope = parse_envelope(sealed)
        if envelope is None:
            raise _unreadable(place, "it is not sealed, or damaged")
        key = self._keyring.find(envelope.key_id)
        if key is None:
            raise _unreadable(place, f"the key {envelope.key_id} is not known here")
        vouched = associated_data(key.id, place)
        try:
            plain = AESGCM(key.sealing).decrypt(envelope.nonce, envelope.sealed, vouched)
        except InvalidTag:
            raise _unreadable(place, "it was changed, or belongs elsewhere") from None
        return plain.decode("utf-8", "surrogatepass")

    def is_current(self, sealed: str) -> bool:
        """Claim that `sealed` names the key in force."""
        envelope = parse_envelope(sealed)
        return envelope is not None and envelope.key_id == self._keyring.current.id

    def fingerprint(self, value: str, place: SecretPlace) -> str:
        """Return 16 hexadecimal digits over the place and the value, under a key of their own."""
        current = self._keyring.current
        mac = hmac.new(current.fingerprinting, associated_data(current.id, place), hashlib.sha256)
        # JSON text ends with its bracket, so what follows cannot be read as part of it.
        mac.update(_bytes(value))
        return mac.hexdigest()[:FINGERPRINT_DIGITS]


class ClosedSealer:
    """Stand in where there is no key: nothing is sealed and nothing opened, and both say why."""

    def __init__(self, reason: str) -> None:
        """Keep why there is no key."""
        self._reason = reason

    def seal(self, value: str, place: SecretPlace) -> str:  # noqa: ARG002 - the port asks for it.
        """Refuse.

        Raises:
            SealingRefused: always.

        """
        raise SealingRefused(reason=self._reason)

    def open(self, sealed: str, place: SecretPlace) -> str:  # noqa: ARG002 - as above.
        """Refuse.

        Raises:
            SecretUnreadableError: always.

        """
        raise _unreadable(place, self._reason)

    def is_current(self, sealed: str) -> bool:  # noqa: ARG002 - as above.
        """Claim nothing."""
        return False

    def fingerprint(self, value: str, place: SecretPlace) -> str:  # noqa: ARG002 - as above.
        """Refuse.

        Raises:
            SealingRefused: always.

        """
        raise SealingRefused(reason=self._reason)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _unreadable(place: SecretPlace, reason: str) -> SecretUnreadableError:
    return SecretUnreadableError(place=f"{place.table}.{place.row}.{place.column}", reason=reason)
