"""Tells what somebody signed with RS256: a JSON Web Token, and the keys that it may be signed with.

Guarantees: a claim is returned only when the key that the token names signed exactly the text that
was given. The algorithm is ours, never the token's: `none`, a symmetric one over a public key, and
every other is refused by name. Whatever a token says of where its key is to be found is not looked
at. One token has one spelling, so that no two texts stand for the same signature.
Assumes: whoever calls got the keys from their owner, and checks what the claims say.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Never, TypeAlias, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from sanderling.kernel.errors import Refusal

Claims: TypeAlias = Mapping[str, object]

MAX_TOKEN_CHARS = 8192
MAX_KEYS = 32
KEY_BITS = range(2048, 8193)

_EXPONENTS = range(3, 2**32)
_PARTS = 3


class TokenRefused(Refusal):
    """The token does not hold: {reason}."""

    code: ClassVar[str] = "token_refused"

    def __init__(self, reason: str) -> None:
        """Keep the reason, which repeats nothing of the token."""
        super().__init__(reason=reason)


@dataclass(frozen=True, slots=True)
class SignerKeys:
    """The public keys of one signer, by the ids that its tokens name."""

    by_id: Mapping[str, RSAPublicKey] = field(default_factory=dict[str, RSAPublicKey], repr=False)

    def __contains__(self, key_id: str) -> bool:
        """Claim that the signer has a key of this id."""
        return key_id in self.by_id

    def __len__(self) -> int:
        """Count the keys."""
        return len(self.by_id)


def read_signer_keys(document: Mapping[str, object]) -> SignerKeys:
    """Return the RSA keys of a JSON Web Key Set; what cannot be used is left out.

    At most `MAX_KEYS` are read. Keys of fewer bits than `KEY_BITS` sign nothing worth believing,
    and larger ones cost too much to check.
    """
    listed = document.get("keys")
    found: dict[str, RSAPublicKey] = {}
    for one in cast("list[object]", listed)[:MAX_KEYS] if isinstance(listed, list) else []:
        if isinstance(one, dict):
            fields = cast("dict[str, object]", one)
            key_id, key = fields.get("kid"), _public_key(fields)
            if isinstance(key_id, str) and key_id and key is not None:
                found[key_id] = key
    return SignerKeys(found)


def key_id_of(token: str) -> str:
    """Return the id of the key that a token says it is signed with.

    Raises:
        TokenRefused: it is no token that `verify_rs256` could ever pass.

    """
    head, _, _ = _parts(token)
    return _key_id(head)


def verify_rs256(token: str, keys: SignerKeys) -> Claims:
    """Return what a token says, once one of `keys` proves to have signed it.

    Raises:
        TokenRefused: it is none, is signed in another way, or its signature does not hold.

    """
    head, claims, signature = _parts(token)
    key = keys.by_id.get(_key_id(head))
    if key is None:
        raise TokenRefused("it names a key that the signer does not have")
    signed = token.rpartition(".")[0].encode("ascii")
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise TokenRefused("its signature does not hold") from None
    return _object(claims)


def _key_id(head: bytes) -> str:
    fields = _object(head)
    if fields.get("alg") != "RS256":
        raise TokenRefused("it is not signed with RS256")
    if "crit" in fields:
        # RFC 7515: whoever does not know what is critical refuses.
        raise TokenRefused("it has a critical part that is not known here")
    key_id = fields.get("kid")
    if not isinstance(key_id, str):
        raise TokenRefused("it names no key")
    return key_id


def _parts(token: str) -> tuple[bytes, bytes, bytes]:
    if len(token) > MAX_TOKEN_CHARS or not token.isascii():
        raise TokenRefused("it is too long, or not in ASCII")
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise TokenRefused("it does not have three parts")
    head, claims, signature = map(_decoded, parts)
    return head, claims, signature


def _decoded(text: str) -> bytes:
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        plain = b""
    # Bits beyond the last byte, padding and other letters would give one token many spellings.
    if not plain or base64.urlsafe_b64encode(plain).rstrip(b"=") != text.encode("ascii"):
        raise TokenRefused("a part of it is not base64url")
    return plain


def _object(text: bytes) -> dict[str, object]:
    try:
        value: object = json.loads(
            text.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        raise TokenRefused("a part of it is not JSON") from None
    if not isinstance(value, dict):
        raise TokenRefused("a part of it is not a JSON object")
    return cast("dict[str, object]", value)


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a member comes twice")
    return fields


def _refuse(name: str) -> Never:
    raise ValueError(name)


def _public_key(fields: Mapping[str, object]) -> RSAPublicKey | None:
    if fields.get("kty") != "RSA" or fields.get("alg", "RS256") != "RS256":
        return None
    if fields.get("use", "sig") != "sig":
        return None
    modulus, exponent = _number(fields.get("n")), _number(fields.get("e"))
    if modulus.bit_length() not in KEY_BITS or exponent not in _EXPONENTS:
        return None
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return None


def _number(text: object) -> int:
    if not isinstance(text, str) or not text.isascii() or len(text) > MAX_TOKEN_CHARS:
        return 0
    try:
        return int.from_bytes(_decoded(text))
    except TokenRefused:
        return 0
