"""Functions and their versions, as values."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import ClassVar

from drivers.limits import Limits
from drivers.port import ArtifactKey, Digest, Isolation
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import FunctionId, WorkspaceId

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `limit` calls in any `ttl_ms` milliseconds, evenly refilled."""

    limit: int
    ttl_ms: int


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that makes a function behave as it does; two equal definitions are one version.

    `isolation` is call (a fresh process each time) or function (processes are reused).
    `rate_limit` None means the workspace's default for each function.
    """

    source: str
    limits: Limits = field(default_factory=Limits)
    isolation: Isolation = Isolation.CALL
    rate_limit: RateLimit | None = None

    @property
    def digest(self) -> Digest:
        """SHA-256 over the definition in a canonical form."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
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


def check_name(name: str) -> str:
    """Return `name` unchanged.

    Raises:
        NameRefused: it is not a function name.

    """
    if not _NAME.fullmatch(name):
        raise NameRefused(name=name)
    return name
