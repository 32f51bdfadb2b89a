"""Functions and versions as they look over HTTP."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from drivers.limits import CEILINGS, Limits
from drivers.port import Isolation
from runner.function import (
    MAX_CONCURRENCY,
    MAX_RATE_LIMIT,
    MAX_RATE_TTL_MS,
    Definition,
    Function,
    RateLimit,
    Version,
)
from runner.ports import Page
from sanderling.api.page_bounds import MAX_NUMBER

NAME_PATTERN = "^[a-z][a-z0-9_-]{0,62}$"
IsolationWord = Literal["call", "function"]
DigestText = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256, in hex.")]
Name = Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN})]
Number = Annotated[int, Field(ge=1)]


class Asked(BaseModel):
    """A body that callers send: no member we do not know, no value bent into shape."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shown(BaseModel):
    """A body that we send."""

    model_config = ConfigDict(frozen=True)


def _limit(name: str) -> Any:
    # The range is only documented here: `Limits` itself refuses, with the ceiling as a fact.
    default = next(field.default for field in fields(Limits) if field.name == name)
    kind = "number" if isinstance(default, float) else "integer"
    number: dict[str, JsonValue] = {
        "type": kind,
        "exclusiveMinimum": 0,
        "maximum": CEILINGS[name],
    }
    return Field(
        default=None,
        description=f"By default {default}.",
        json_schema_extra={"anyOf": [number, {"type": "null"}]},
    )


class AskedLimits(Asked):
    """Bounds on one call; what is left out or null has its default. Sizes are in bytes."""

    wall_s: float | None = _limit("wall_s")
    cpu_s: float | None = _limit("cpu_s")
    memory_bytes: int | None = _limit("memory_bytes")
    event_bytes: int | None = _limit("event_bytes")
    result_bytes: int | None = _limit("result_bytes")
    log_bytes: int | None = _limit("log_bytes")
    source_bytes: int | None = _limit("source_bytes")
    ast_nodes: int | None = _limit("ast_nodes")
    ast_depth: int | None = _limit("ast_depth")
    capability_calls: int | None = _limit("capability_calls")


class AskedRateLimit(Asked):
    """At most `limit` calls at once, evenly refilled over `ttl_ms` milliseconds."""

    # As with limits, the range is documented here and refused by `RateLimit`.
    limit: Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": MAX_RATE_LIMIT})]
    ttl_ms: Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": MAX_RATE_TTL_MS})]


class AskedDraft(Asked):
    """Everything that makes a function behave as it does."""

    source: Annotated[str, Field(description="Python with a `def handler(event, context)`.")]
    limits: AskedLimits = Field(default_factory=AskedLimits)
    isolation: IsolationWord = "call"
    rate_limit: AskedRateLimit | None = None
    is_idempotent: Annotated[
        bool,
        Field(
            description="That running an event twice does what running it once does; only then is "
            "a queued call tried again after its code began."
        ),
    ] = False
    concurrency: Annotated[
        int | None,
        Field(
            description="The most calls of it that run at once; null is no cap of its own.",
            json_schema_extra={
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": MAX_CONCURRENCY},
                    {"type": "null"},
                ]
            },
        ),
    ] = None

    def definition(self) -> Definition:
        """Return the definition that was asked for.

        Raises:
            LimitRefused: a limit is out of range.
            RateLimitRefused: the rate limit is.
            ConcurrencyRefused: the concurrency is.

        """
        own = self.rate_limit
        return Definition(
            source=self.source,
            limits=Limits(**self.limits.model_dump(exclude_none=True)),
            isolation=Isolation(self.isolation),
            rate_limit=RateLimit(own.limit, own.ttl_ms) if own else None,
            is_idempotent=self.is_idempotent,
            concurrency=self.concurrency,
        )


class AskedFunction(AskedDraft):
    """A new function with its first draft."""

    name: Name


class AskedRollback(Asked):
    """The version that is to be live again."""

    version: Annotated[int, Field(ge=1, le=MAX_NUMBER)]


class ShownLimits(Shown):
    """Bounds on one call; sizes are in bytes, times in seconds."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    event_bytes: int
    result_bytes: int
    log_bytes: int
    source_bytes: int
    ast_nodes: int
    ast_depth: int
    capability_calls: int


class ShownRateLimit(Shown):
    """At most `limit` calls at once, evenly refilled over `ttl_ms` milliseconds."""

    limit: int
    ttl_ms: int


class ShownDefinition(Shown):
    """Everything that makes a function behave as it does, and its digest."""

    source: str
    limits: ShownLimits
    isolation: IsolationWord
    rate_limit: ShownRateLimit | None
    is_idempotent: bool
    concurrency: int | None
    digest: DigestText


def _definition(definition: Definition) -> dict[str, Any]:
    return {**asdict(definition), "digest": definition.digest}


class FunctionRow(Shown):
    """A function as lists show it; `live_version` is null before the first publish."""

    id: str
    name: Name
    live_version: Number | None
    latest_version: Annotated[int, Field(ge=0)]
    draft_digest: DigestText
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, function: Function) -> Self:
        """Return the row of a function."""
        return cls(**_function(function), draft_digest=function.draft.digest)


class ShownFunction(Shown):
    """A function with its draft; `live_version` is null before the first publish."""

    id: str
    name: Name
    live_version: Number | None
    latest_version: Annotated[int, Field(ge=0)]
    draft: ShownDefinition
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, function: Function) -> Self:
        """Return what is shown of a function."""
        return cls(**_function(function), draft=ShownDefinition(**_definition(function.draft)))


def _function(function: Function) -> dict[str, Any]:
    return {
        "id": function.id,
        "name": function.name,
        "live_version": function.live_version,
        "latest_version": function.latest_version,
        "created_at": function.created_at,
        "updated_at": function.updated_at,
    }


class VersionRow(Shown):
    """A version as lists show it."""

    number: Number
    digest: DigestText
    published_at: datetime

    @classmethod
    def of(cls, version: Version) -> Self:
        """Return the row of a version."""
        return cls(number=version.number, digest=version.digest, published_at=version.published_at)


class ShownVersion(ShownDefinition):
    """A published version; it never changes."""

    number: Number
    published_at: datetime

    @classmethod
    def of(cls, version: Version) -> Self:
        """Return what is shown of a version."""
        return cls(
            **_definition(version.definition),
            number=version.number,
            published_at=version.published_at,
        )


class FunctionPage(Shown):
    """Functions by name; `next_cursor` continues after them and is null at the end."""

    items: list[FunctionRow]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Function]) -> Self:
        """Return what is shown of a page of functions."""
        return cls(items=[FunctionRow.of(row) for row in page.rows], next_cursor=page.next_cursor)


class VersionPage(Shown):
    """Versions, newest first; `next_cursor` continues after them and is null at the end."""

    items: list[VersionRow]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Version]) -> Self:
        """Return what is shown of a page of versions."""
        return cls(items=[VersionRow.of(row) for row in page.rows], next_cursor=page.next_cursor)
