"""Google's own library signs what we believe, and refuses what we refuse."""

import string
from datetime import timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from jobs.providers.google.push_token import Expected, check_claims
from sanderling.kernel.clock import SystemClock
from sanderling.simulator.google.signer import KEY_ID as SIMULATED
from sanderling.simulator.google.signer import Signer
from sanderling.vault import SignerKeys, TokenRefused, read_signer_keys, verify_rs256
from support.google_client import sign_with_googles_library
from support.signer import (
    AUDIENCE,
    EMAIL,
    KEY_ID,
    claims,
    head,
    key_set,
    private_key,
    signed,
    signed_symmetrically,
    unsigned,
)

pytestmark = pytest.mark.slow

LETTERS = string.ascii_letters + string.digits + "-_.="
NOW = SystemClock().now() - timedelta(seconds=30)


def pem(key: SignerKeys) -> dict[str, str]:
    """Return public keys as Google's library takes them."""
    return {
        name: each.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        for name, each in key.by_id.items()
    }


def spoilt(token: str, count: int) -> list[str]:
    """Return the token with one letter or two of it changed, left out or put in, by a seed."""
    random = Random(7)  # noqa: S311 - tests are to be repeatable.
    found: list[str] = []
    for _ in range(count):
        text = list(token)
        for _ in range(random.randint(1, 2)):
            at = random.randrange(len(text))
            text[at] = random.choice([*LETTERS, "", text[at] + random.choice(LETTERS)])
        found.append("".join(text))
    return found


def believed(token: str, keys: SignerKeys) -> object:
    """Return what we take a token to say; None where we do not believe it."""
    try:
        said = verify_rs256(token, keys)
        check_claims(said, Expected(AUDIENCE, EMAIL), SystemClock().now())
    except TokenRefused:
        return None
    return said


async def asked(
    tokens: list[str], keys: SignerKeys, payload: object = None
) -> tuple[str, list[object]]:
    """Return what Google's library signs, and what it takes each token to say."""
    private = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    answer = await sign_with_googles_library(
        private_key=private.decode(),
        key_id=KEY_ID,
        payload=payload or {},
        tokens=tokens,
        public_keys=pem(keys),
        audience=AUDIENCE,
    )
    return answer["signed"], answer["passed"]


async def test_what_googles_library_signs_is_believed() -> None:
    """Head, letters and signature are as we read them."""
    keys, said = read_signer_keys(key_set()), claims(NOW)

    token, _ = await asked([], keys, said)

    assert believed(token, keys) == said


async def test_what_the_simulator_signs_is_believed_by_googles_library() -> None:
    """So the simulated Pub/Sub is no easier to believe than the real one."""
    signer = Signer()
    token = signer.token(claims(NOW))
    keys = read_signer_keys(signer.key_set())

    _, passed = await asked([token], keys)

    assert [*keys.by_id] == [SIMULATED]
    assert passed == [claims(NOW)]
    assert believed(token, keys) == claims(NOW)


async def test_nothing_is_believed_that_googles_library_refuses() -> None:
    """Of three hundred spoilt tokens and each forgery, and what both believe says the same."""
    keys, good = read_signer_keys(key_set()), signed(claims(NOW))
    tokens = [
        good,
        unsigned(claims(NOW)),
        signed_symmetrically(claims(NOW)),
        signed(claims(NOW), by="a stranger's"),
        signed(claims(NOW), says=head(kid="another")),
        signed(claims(NOW, aud="https://else.example/")),
        signed(claims(NOW - timedelta(hours=2))),
        signed(claims(NOW + timedelta(hours=2))),
        *spoilt(good, 300),
    ]

    _, passed = await asked(tokens, keys)

    ours = [believed(token, keys) for token in tokens]
    assert (ours[0], passed[0]) == (claims(NOW), claims(NOW))
    assert passed[1:8] == ours[1:8] == [None] * 7
    pairs = zip(ours, passed, strict=True)
    assert [mine for mine, theirs in pairs if mine is not None and mine != theirs] == []
