"""Signs tokens as Google does for Pub/Sub, and as attackers would like to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "https://sanderling.test/push/gmail"
EMAIL = "gmail-push@project-1.iam.gserviceaccount.com"
KEY_ID = "key-1"


def private_key(name: str = KEY_ID, bits: int = 2048) -> RSAPrivateKey:
    """Return the one key of this name, which costs a tenth of a second to make."""
    return _made(name, bits)


@cache
def _made(_name: str, bits: int) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


def encoded(plain: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def head(**changed: object) -> Mapping[str, object]:
    """Return the head that Google writes, but for what a test changes."""
    return {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"} | changed


def claims(now: datetime, **changed: object) -> dict[str, object]:
    """Return the claims that Google makes for Pub/Sub; what is changed to None is left out."""
    made_s = int(now.timestamp())
    fields = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "107517467455664443765",
        "sub": "107517467455664443765",
        "email": EMAIL,
        "email_verified": True,
        "iat": made_s,
        "exp": made_s + 3600,
    }
    return {name: value for name, value in (fields | changed).items() if value is not None}


def signed(
    said: object, *, by: str = KEY_ID, says: Mapping[str, object] | None = None, bits: int = 2048
) -> str:
    """Return a token that the key named `by` signed."""
    return _signature_after(_text(head() if says is None else says, said), by, bits)


def signed_text(claims_text: bytes) -> str:
    """Return a token that says this, whether it is JSON or not, and that the right key signed."""
    return _signature_after(f"{encoded(json.dumps(head()).encode())}.{encoded(claims_text)}")


def signed_symmetrically(said: object) -> str:
    """Return a token that takes the public key, which everybody has, for a shared secret."""
    public = private_key().public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = _text(head(alg="HS256"), said)
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def unsigned(said: object, algorithm: str = "none") -> str:
    """Return a token without a signature."""
    return f"{_text(head(alg=algorithm), said)}."


def key_set(*names: str, bits: int = 2048) -> dict[str, object]:
    """Return the public keys of these names, as Google tells them."""
    return {"keys": [public_key(name, bits) for name in names or (KEY_ID,)]}


def public_key(name: str, bits: int = 2048, **changed: object) -> dict[str, object]:
    """Return one public key as a JSON Web Key."""
    numbers = private_key(name, bits).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": name,
        "n": encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
        "e": encoded(numbers.e.to_bytes(3)),
    } | changed


def _text(says: object, said: object) -> str:
    return ".".join(encoded(json.dumps(part).encode()) for part in (says, said))


def _signature_after(text: str, by: str = KEY_ID, bits: int = 2048) -> str:
    signature = private_key(by, bits).sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{encoded(signature)}"
