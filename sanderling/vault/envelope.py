"""The text under which a sealed secret is kept.

`sealed:v1:KEY:BODY`: KEY is the id of the key, 8 hexadecimal digits; BODY is base64url without
padding of a 12-byte nonce, the ciphertext and a 16-byte tag. What comes before BODY and the place
are associated data: an envelope that is moved, or said to be of another key or version, does not
open.
"""

import base64
import json
import re
from dataclasses import dataclass

from config.ports import SecretPlace

NONCE_BYTES = 12
TAG_BYTES = 16
_HEAD = "sealed:v1:"
_SHAPE = re.compile(r"sealed:v1:([0-9a-f]{8}):([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One sealed secret; `sealed` is ciphertext and tag."""

    key_id: str
    nonce: bytes
    sealed: bytes

    @property
    def text(self) -> str:
        """The one text that stands for it."""
        body = base64.urlsafe_b64encode(self.nonce + self.sealed).rstrip(b"=").decode("ascii")
        return f"{_HEAD}{self.key_id}:{body}"


def associated_data(key_id: str, place: SecretPlace) -> bytes:
    """Return what a seal vouches for beside the secret: no two places give the same bytes."""
    return json.dumps([_HEAD, key_id, place.table, place.row, place.column]).encode("ascii")


def parse_envelope(text: str) -> Envelope | None:
    """Return the envelope that `text` is; None for any other text, whatever it starts with."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    body = _decoded(shape[2])
    if len(body) < NONCE_BYTES + TAG_BYTES:
        return None
    envelope = Envelope(shape[1], body[:NONCE_BYTES], body[NONCE_BYTES:])
    # Base64 spells some bytes in several ways; one of them alone is an envelope.
    return envelope if envelope.text == text else None


def _decoded(text: str) -> bytes:
    is_whole = len(text) % 4 != 1
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if is_whole else b""
