"""Randomness: random (seeded anew for every call), secrets, uuid.

A fork inherits the state of the parent's generator: without a new seed every call of every
workspace would draw the same numbers.
"""

import os
from binascii import b2a_base64
from importlib import import_module
from os import urandom
from types import ModuleType

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.digests import MD5, SHA1, Digest, compare_digest
from drivers.guest.language.facades.picking import facade_of
from drivers.guest.language.renewal import RENEWAL
from drivers.guest.language.tables import allow


def _register_nothing(**_hooks: object) -> None:
    pass


def _import_random() -> ModuleType:
    """Import random without what it does after every fork.

    It would draw a seed then, which costs as much as a small call; `RENEWAL` does so when needed.
    """
    hook = "register_at_fork"
    register = getattr(os, hook)
    setattr(os, hook, _register_nothing)
    try:
        return import_module("random")
    finally:
        setattr(os, hook, register)


_import_random()
import random  # noqa: E402 - after the import that leaves its hook out.

_RANDOM = (
    "betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits "
    "lognormvariate normalvariate paretovariate randbytes randint random randrange sample seed "
    "shuffle triangular uniform vonmisesvariate weibullvariate"
)
_UUID = (
    "bytes bytes_le clock_seq clock_seq_hi_variant clock_seq_low fields hex int node time "
    "time_hi_version time_low time_mid urn variant version"
)
_TOKEN_BYTES = 32
_shared = random.Random()  # noqa: S311 - secrets is there for secrets
RENEWAL.add(_shared.seed)
# The generator of the module itself, which statistics draws from.
RENEWAL.add(random.seed)


def _random() -> Facade:
    allow(random.Random, _RANDOM)
    picked = {name: getattr(_shared, name) for name in _RANDOM.split() if hasattr(_shared, name)}
    return Facade("random", {**picked, "Random": random.Random})


def _secrets() -> Facade:
    system = random.SystemRandom()

    def token_hex(nbytes: int = _TOKEN_BYTES) -> str:
        return urandom(nbytes).hex()

    def token_urlsafe(nbytes: int = _TOKEN_BYTES) -> str:
        text = b2a_base64(urandom(nbytes), newline=False).decode()
        return text.rstrip("=").replace("+", "-").replace("/", "_")

    def token_bytes(nbytes: int = _TOKEN_BYTES) -> bytes:
        return urandom(nbytes)

    def randbelow(exclusive_upper_bound: int) -> int:
        return system.randrange(exclusive_upper_bound)

    return Facade(
        "secrets",
        {
            "choice": system.choice,
            "compare_digest": compare_digest,
            "randbelow": randbelow,
            "randbits": system.getrandbits,
            "token_bytes": token_bytes,
            "token_hex": token_hex,
            "token_urlsafe": token_urlsafe,
        },
    )


def _uuid() -> Facade:
    import uuid  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(uuid.UUID, _UUID)

    def uuid4() -> uuid.UUID:
        return uuid.UUID(bytes=urandom(16), version=4)

    # The module's own uuid3 and uuid5 import hashlib at call time, which a locked worker cannot.
    def uuid3(namespace: uuid.UUID, name: str | bytes) -> uuid.UUID:
        return uuid.UUID(bytes=_named(MD5, namespace, name), version=3)

    def uuid5(namespace: uuid.UUID, name: str | bytes) -> uuid.UUID:
        return uuid.UUID(bytes=_named(SHA1, namespace, name)[:16], version=5)

    def _named(digest: Digest, namespace: uuid.UUID, name: str | bytes) -> bytes:
        data = name if isinstance(name, bytes) else bytes(name, "utf-8")
        result: bytes = digest(namespace.bytes + data).digest()
        return result

    names = "UUID NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500"
    return facade_of(uuid, names, uuid3=uuid3, uuid4=uuid4, uuid5=uuid5)


BUILDERS = {"random": _random, "secrets": _secrets, "uuid": _uuid}
