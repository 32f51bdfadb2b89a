"""Digests: hashlib and hmac on the interpreter's own code.

The real `hashlib` loads OpenSSL, whose four megabytes every forked worker would carry.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from drivers.guest.language.facade import Facade
from drivers.guest.language.tables import allow

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

_HASH = "block_size copy digest digest_size hexdigest name update"
_HOMES = {
    "blake2b": "_blake2",
    "blake2s": "_blake2",
    "md5": "_md5",
    "sha1": "_sha1",
    "sha224": "_sha2 _sha256",
    "sha256": "_sha2 _sha256",
    "sha384": "_sha2 _sha512",
    "sha3_224": "_sha3",
    "sha3_256": "_sha3",
    "sha3_384": "_sha3",
    "sha3_512": "_sha3",
    "sha512": "_sha2 _sha512",
    "shake_128": "_sha3",
    "shake_256": "_sha3",
}
Digest = Callable[..., "Any"]
"""What makes a hash object; their types have no name that the library shares."""

compare_digest: Callable[[Any, Any], bool] = import_module("_operator")._compare_digest  # noqa: SLF001 - where hmac takes it from
"""Compare in constant time."""


def _found(name: str) -> Digest:
    for home in (*_HOMES[name].split(), "hashlib"):
        try:
            found: Digest = getattr(import_module(home), name)
        except ImportError:  # Another Python version, or a build without its own digests.
            continue
        return found
    raise ImportError(name)


_DIGESTS = {name: _found(name) for name in _HOMES}
MD5 = _DIGESTS["md5"]
SHA1 = _DIGESTS["sha1"]


def _hashlib() -> Facade:
    for digest in _DIGESTS.values():
        sample: object = digest(b"")
        allow(type(sample), _HASH, known=False)
    names = frozenset(_DIGESTS)
    return Facade(
        "hashlib", {**_DIGESTS, "algorithms_available": names, "algorithms_guaranteed": names}
    )


class HMAC:
    """A keyed digest, as RFC 2104 has it."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, inner: Any, outer: Any) -> None:
        self._inner = inner
        self._outer = outer

    @property
    def block_size(self) -> int:
        """Return the block size of the digest in bytes."""
        size: int = self._inner.block_size
        return size

    @property
    def digest_size(self) -> int:
        """Return the size of the result in bytes."""
        size: int = self._inner.digest_size
        return size

    @property
    def name(self) -> str:
        """Return the name of the algorithm."""
        return f"hmac-{self._inner.name}"

    def update(self, msg: bytes) -> None:
        """Put in more of the message."""
        self._inner.update(msg)

    def copy(self) -> HMAC:
        """Return an independent copy."""
        return HMAC(self._inner.copy(), self._outer.copy())

    def digest(self) -> bytes:
        """Return the keyed digest of what was put in so far."""
        outer = self._outer.copy()
        outer.update(self._inner.digest())
        result: bytes = outer.digest()
        return result

    def hexdigest(self) -> str:
        """Return the keyed digest as hexadecimal text."""
        return self.digest().hex()


_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def _own(digest: Any) -> Digest | None:
    return digest if any(digest is known for known in _DIGESTS.values()) else None


def _new(key: Any, msg: bytes | None = None, digestmod: Any = "") -> HMAC:
    digest = _DIGESTS.get(digestmod) if type(digestmod) is str else _own(digestmod)
    if digest is None:
        raise TypeError("hmac.new() needs digestmod, for example hashlib.sha256")
    if type(key) is not bytes:
        raise TypeError("hmac.new() needs a key in bytes, for example key.encode()")
    inner, outer = digest(), digest()
    block = key if len(key) <= inner.block_size else digest(key).digest()
    padded = block.ljust(inner.block_size, b"\0")
    inner.update(padded.translate(_INNER))
    outer.update(padded.translate(_OUTER))
    if msg is not None:
        inner.update(msg)
    return HMAC(inner, outer)


def _digest(key: bytes, msg: bytes, digest: Any) -> bytes:
    return _new(key, msg, digest).digest()


def _hmac() -> Facade:
    allow(HMAC, _HASH, known=False)
    return Facade("hmac", {"compare_digest": compare_digest, "digest": _digest, "new": _new})


BUILDERS = {"hashlib": _hashlib, "hmac": _hmac}
