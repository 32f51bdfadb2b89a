"""Signs what is sent by the simulated Google with a key of its own, which is good nowhere else."""

import base64
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from sanderling.simulator.core.exchange import encoded

KEY_ID = "simulated-key-1"


class Signer:
    """Make tokens, and tell the key to check them with; it is made when it is first needed."""

    @cached_property
    def _key(self) -> RSAPrivateKey:
        return generate_private_key(65537, 2048)

    def token(self, claims: dict[str, object]) -> str:
        """Return a JSON Web Token, signed with RS256."""
        head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}
        text = f"{_base64url(encoded(head))}.{_base64url(encoded(claims))}"
        signature = self._key.sign(text.encode(), PKCS1v15(), SHA256())
        return f"{text}.{_base64url(signature)}"

    def key_set(self) -> dict[str, object]:
        """Return the public key as a set of JSON Web Keys."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": KEY_ID,
            "n": _base64url(numbers.n.to_bytes(256)),
            "e": _base64url(numbers.e.to_bytes(3)),
        }
        return {"keys": [key]}


def _base64url(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()
