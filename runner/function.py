"""Functions and their versions, as values."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import ClassVar

from drivers.limits import Limits
from drivers.port import ArtifactKey, Digest, Isolation
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import FunctionId, WorkspaceId

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


MAX_RATE_LIMIT = 10_000_000
MAX_RATE_TTL_MS = 30 * 24 * 3600 * 1000
MAX_CONCURRENCY = 100_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `limit` calls at once, evenly refilled over `ttl_ms` milliseconds."""

    limit: int
    ttl_ms: int

    def __post_init__(self) -> None:
        """Refuse what cannot be counted.

        Raises:
            RateLimitRefused: the limit is not 1 to ten million, or the time not 1 ms to 30 days.

        """
        if not (0 < self.limit <= MAX_RATE_LIMIT and 0 < self.ttl_ms <= MAX_RATE_TTL_MS):
            raise RateLimitRefused(limit=self.limit, ttl_ms=self.ttl_ms)


_LATER_LIMITS: Mapping[str, float] = {"capability_calls": 50}
"""Limits that came after the first versions were published, and what held before: a definition
that leaves them there keeps the digest under which it is known."""

_LATER_MEMBERS: Mapping[str, object] = {"is_idempotent": False, "concurrency": None}
"""Members that came later, as above."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that makes a function behave as it does; two equal definitions are one version.

    `isolation` is call (a fresh process each time) or function (processes are reused).
    `rate_limit` None means the workspace's default for each function. `is_idempotent` declares
    that running an event twice does what running it once does, so that a call may be tried again
    after its code began. `concurrency` is the most calls of it that run at once; None is no cap
    of its own.
    """

    source: str
    limits: Limits = field(default_factory=Limits)
    isolation: Isolation = Isolation.CALL
    rate_limit: RateLimit | None = None
    is_idempotent: bool = False
    concurrency: int | None = None

    def __post_init__(self) -> None:
        """Refuse a concurrency that is none.

        Raises:
            ConcurrencyRefused: it is not 1 to a hundred thousand.

        """
        if self.concurrency is not None and not 0 < self.concurrency <= MAX_CONCURRENCY:
            raise ConcurrencyRefused(concurrency=self.concurrency)

    @property
    def digest(self) -> Digest:
        """SHA-256 over the definition in a canonical form."""
        members = asdict(self)
        for name, absent in _LATER_LIMITS.items():
            if members["limits"][name] == absent:
                del members["limits"][name]
        for name, missing in _LATER_MEMBERS.items():
            if members[name] == missing:
                del members[name]
        canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
        return Digest(hashlib.sha256(canonical.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Function:
    """A named function of one workspace.

    `draft` is what was last saved; `live_version` is what callers get, None before the first
    publish. `latest_version` counts publishes and never goes back.
    """

    id: FunctionId
    workspace_id: WorkspaceId
    name: str
    draft: Definition
    created_at: datetime
    updated_at: datetime
    live_version: int | None = None
    latest_version: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """One published, immutable version; numbers count from 1 in each function."""

    function_id: FunctionId
    workspace_id: WorkspaceId
    number: int
    definition: Definition
    digest: Digest
    published_at: datetime

    @property
    def artifact_key(self) -> ArtifactKey:
        """The name under which drivers know this version."""
        return ArtifactKey(self.workspace_id, self.function_id, self.digest)


class NameRefused(Refusal):
    """{name!r} cannot be the name of a function.

    Use 1 to 63 lower-case letters, digits, `-` and `_`, and start with a letter.
    """

    code: ClassVar[str] = "name_refused"

    def __init__(self, *, name: str) -> None:
        """Keep at most the first 80 characters of the name."""
        super().__init__(name=name[:80])


class RateLimitRefused(Refusal):
    """A rate limit of {limit} in {ttl_ms} milliseconds cannot be kept.

    Choose a limit of 1 to 10000000 and a time of 1 to 2592000000 milliseconds, which is 30 days.
    """

    code: ClassVar[str] = "rate_limit_refused"

    def __init__(self, *, limit: int, ttl_ms: int) -> None:
        """Keep what was asked for."""
        super().__init__(limit=limit, ttl_ms=ttl_ms)


class ConcurrencyRefused(Refusal):
    """A concurrency of {concurrency} cannot be kept.

    Choose the most calls that may run at once, 1 to 100000, or leave it out.
    """

    code: ClassVar[str] = "concurrency_refused"

    def __init__(self, *, concurrency: int) -> None:
        """Keep what was asked for."""
        super().__init__(concurrency=concurrency)


def is_name(name: str) -> bool:
    """Claim that a function can have this name."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """Return `name` unchanged.

    Raises:
        NameRefused: it is not a function name.

    """
    if not is_name(name):
        raise NameRefused(name=name)
    return name
