"""Who is behind an API key."""

import hashlib
import hmac
from dataclasses import dataclass

from sanderling.access.api_key import APIKey, parse_key
from sanderling.access.errors import KeyExpired, KeyUnknown, Unauthenticated
from sanderling.access.ports import KeyStore, StoredKey
from sanderling.access.principal import Credential, Operator, Principal, Role, TriggerCaller
from sanderling.kernel.clock import Clock
from sanderling.kernel.flights import Flights
from sanderling.kernel.ids import KeyId

FRESH_NS = 2_000_000_000
"""How long a key is used without asking the store again; a revoked key works no longer."""

MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class _Seen:
    key: StoredKey
    principal: Principal
    fresh_until_ns: int


class KeyPrincipals:
    """Authenticate API keys, remembering each for two seconds, and the operator.

    The secret is compared and the day of expiry checked on every request; only the row is
    remembered, and the digest of a key that was right. When the store is away a remembered key
    works until its two seconds are over, and nobody else gets in. One event loop owns it.
    """

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        """Look keys up in `store`."""
        self._store = store
        self._clock = clock
        self._seen: dict[KeyId, _Seen] = {}
        self._known: dict[bytes, _Seen] = {}
        self._flights: Flights[KeyId, _Seen] = Flights()

    def __len__(self) -> int:
        """Return the number of keys that are held."""
        return len(self._seen)

    async def authenticate(self, credential: Credential | None) -> Principal:
        """Return the principal behind `credential`.

        Raises:
            Unauthenticated: there is no credential.
            KeyMalformed: the key's shape or checksum is wrong; nothing was looked up.
            KeyUnknown: no live key has this id and secret.
            KeyExpired: the key is past its day.

        """
        if credential is None:
            raise Unauthenticated
        if isinstance(credential, Operator):
            return Principal(credential.workspace_id, Role.ADMIN, is_server_admin=True)
        if isinstance(credential, TriggerCaller):
            return Principal(credential.workspace_id, Role.MEMBER)
        # Who knows the digest of the whole text knows the secret in it: such a key was taken apart
        # and compared before, which takes ten times as long.
        digest = hashlib.sha256(credential.text.encode()).digest()
        seen = self._known.get(digest)
        if seen is None or self._clock.monotonic_ns() >= seen.fresh_until_ns:
            seen = await self._prove(parse_key(credential.text))
            self._known[digest] = seen
        expires_at = seen.key.expires_at
        if expires_at is not None and expires_at <= self._clock.now():
            raise KeyExpired(expired_at=expires_at.isoformat())
        return seen.principal

    async def _prove(self, offered: APIKey) -> _Seen:
        seen = self._seen.get(offered.id)
        if seen is None or self._clock.monotonic_ns() >= seen.fresh_until_ns:
            seen = await self._flights.share(offered.id, lambda: self._look_up(offered.id))
        key = seen.key
        # The secret comes first: without it nobody learns whether a key expired.
        if not hmac.compare_digest(key.digest, offered.digest) or key.revoked_at is not None:
            raise KeyUnknown
        return seen

    async def _look_up(self, key_id: KeyId) -> _Seen:
        # Counted from before the question: the answer may be old by the time it is here.
        fresh_until_ns = self._clock.monotonic_ns() + FRESH_NS
        key = await self._store.find_key(key_id)
        if key is None:
            self._seen.pop(key_id, None)
            raise KeyUnknown
        principal = Principal(key.workspace_id, key.role, key.is_server_admin, key.id)
        seen = _Seen(key, principal, fresh_until_ns)
        if len(self._seen) >= MAX_KEYS:
            self._seen.clear()
            self._known.clear()
        self._seen[key_id] = seen
        return seen
