"""The text of an API key: what it is made of, and how it is read back.

`sdl_`, the 26 characters of the key's id, 43 characters of secret, 6 characters of checksum. The
secret is 256 random bits in base 62, so a plain SHA-256 protects it at rest: there is nothing to
guess that a slow hash would slow down. The checksum is the CRC-32 of everything before it, which
tells a typing error or a cut from a key that was revoked, without asking the database, and lets
scanners of leaked secrets be sure.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass

from sanderling.access.errors import KeyMalformed
from sanderling.kernel.ids import KeyId

PREFIX = "sdl_"
SECRET_BITS = 256

_BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_HINT_LENGTH = 4
_SHAPE = re.compile(r"sdl_([0-9A-HJKMNP-TV-Z]{26})([0-9A-Za-z]{43})([0-9A-Za-z]{6})")


@dataclass(frozen=True, slots=True)
class APIKey:
    """A key whose shape and checksum are right; whether anyone knows it is not said."""

    id: KeyId
    secret: str

    def __repr__(self) -> str:
        """Hide the secret."""
        return f"APIKey({self.id!r}, …)"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the secret, which is all that is kept of it."""
        return hashlib.sha256(self.secret.encode()).digest()

    @property
    def hint(self) -> str:
        """The last four characters of the secret, to tell keys apart in a list."""
        return self.secret[-_HINT_LENGTH:]


def _base_62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE_62[digit])
    return "".join(reversed(digits))


def _checksum(text: str) -> str:
    return _base_62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def new_secret(bits: int) -> str:
    """Return the secret that stands for a number of 256 random bits."""
    return _base_62(bits, _SECRET_LENGTH)


def format_key(key: APIKey) -> str:
    """Return the text of `key`."""
    body = PREFIX + key.id.removeprefix("key_") + key.secret
    return body + _checksum(body)


def parse_key(text: str) -> APIKey:
    """Return the key that `text` is; each key has exactly one text.

    Raises:
        KeyMalformed: its shape or its checksum is wrong.

    """
    shape = _SHAPE.fullmatch(text)
    if shape is None or _checksum(text[:-_CHECKSUM_LENGTH]) != shape[3]:
        raise KeyMalformed
    return APIKey(KeyId(f"key_{shape[1]}"), shape[2])
