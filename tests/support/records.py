"""Functions, versions, keys and call records to keep, different in every field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from drivers.limits import Limits
from drivers.port import (
    CodeProblem,
    GuestCause,
    GuestError,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
    TraceLine,
)
from runner.call import CallRecord, Part, Trigger, Withheld, Withholding
from runner.function import Definition, Function, RateLimit, Version
from sanderling.access.ports import StoredKey
from sanderling.access.principal import Role
from sanderling.kernel.ids import CallId, ExecutionId, FunctionId, KeyId, RequestId, WorkspaceId

START = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC)

HERE = WorkspaceId("ws_HERE")
THERE = WorkspaceId("ws_THERE")
"""Two workspaces that every store under test knows."""

_numbers = count(1)


def a_definition(source: str = "def handler(event, context):\n    return 1\n") -> Definition:
    """Return a definition in which nothing is at its default."""
    return Definition(
        source=source,
        limits=Limits(wall_s=2.5, cpu_s=0.25, memory_bytes=32 * 1024 * 1024),
        isolation=Isolation.FUNCTION,
        rate_limit=RateLimit(limit=7, ttl_ms=1500),
        concurrency=3,
        is_idempotent=True,
    )


def a_function(name: str = "greet", workspace_id: WorkspaceId = HERE) -> Function:
    """Return a new function that was never published."""
    return Function(
        id=FunctionId(f"fn_{next(_numbers):026}"),
        workspace_id=workspace_id,
        name=name,
        draft=a_definition(),
        created_at=START,
        updated_at=START + timedelta(microseconds=1),
    )


def a_version(function: Function, source: str = "1") -> Version:
    """Return a version of `function` that is not yet numbered."""
    definition = a_definition(source)
    return Version(
        function_id=function.id,
        workspace_id=function.workspace_id,
        number=0,
        definition=definition,
        digest=definition.digest,
        published_at=START + timedelta(hours=1),
    )


def a_key(workspace_id: WorkspaceId = HERE, *, age_s: float = 0.0) -> StoredKey:
    """Return a key that was made `age_s` seconds before the others."""
    number = next(_numbers)
    return StoredKey(
        id=KeyId(f"key_{number:026}"),
        workspace_id=workspace_id,
        name="ci \N{SNOWMAN}",
        role=Role.MEMBER,
        is_server_admin=True,
        digest=bytes(range(32)),
        hint="a1B2",
        created_at=START - timedelta(seconds=age_s),
        expires_at=START + timedelta(days=1),
    )


def a_record(
    workspace_id: WorkspaceId = HERE,
    *,
    after_s: float = 0.0,
    function: str = "greet",
    outcome: Outcome | None = None,
) -> CallRecord:
    """Return a record of a call that started `after_s` seconds after the first."""
    number = next(_numbers)
    return CallRecord(
        id=CallId(f"call_{number:026}"),
        workspace_id=workspace_id,
        function_id=FunctionId("fn_1"),
        function_name=function,
        version=3,
        digest="d" * 64,
        trigger=Trigger.WORKFLOW,
        key_id=KeyId("key_1"),
        request_id=RequestId(f"req_{number}"),
        started_at=START + timedelta(seconds=after_s),
        event_json=b'{"name":"\\u0000 \xc3\xa9"}',
        outcome=outcome or Outcome(OutcomeKind.OK, "local", 0.1, result_json=b'"\\u0000"'),
    )


def a_bad_outcome() -> Outcome:
    """Return an outcome in which every part is set, with text that databases dislike."""
    trace = (TraceLine(3, "handler", "boom(\0)", 1, 5), TraceLine(9, "boom"))
    causes = (GuestCause("K\0", "\udfff", trace, is_explicit=True), GuestCause("V", ""))
    problems = (CodeProblem("no \0", 3, 1, 2, "hint", "text \ud800"), CodeProblem("more"))
    return Outcome(
        kind=OutcomeKind.TIMEOUT,
        driver="local",
        duration_s=0.1 + 0.2,
        error=GuestError(
            "Gu\0est",
            "\ud800 lone",
            trace,
            line=3,
            column=0,
            hint="\u202e",
            end_column=7,
            causes=causes,
            problems=problems,
        ),
        detail="It took too long.",
        logs="\0\ud83d\n\N{SNOWMAN}",
        logs_dropped_bytes=12,
        limit=LimitHit("wall_s", 0.0, 5.000001),
        cpu_s=0.0,
        memory_bytes=0,
        isolation=Isolation.CALL,
        layers=("seccomp", "landlock"),
        waived=("cgroup",),
        retry_after_s=0.0,
    )


def a_bare_record() -> CallRecord:
    """Return a record in which everything that may be absent is."""
    return replace(
        a_record(), version=None, key_id=None, outcome=Outcome(OutcomeKind.DISABLED, "disabled")
    )


def a_full_record() -> CallRecord:
    """Return a record in which everything that may be absent is there."""
    return replace(
        a_record(outcome=a_bad_outcome()),
        queued_s=0.25,
        execution_id=ExecutionId("exec_1"),
        replay_of=CallId("call_0"),
        withheld=(
            Withheld(Part.EVENT, Withholding.TOO_LARGE, 2**40, "f" * 64),
            Withheld(Part.LOGS, Withholding.REDACTED, 0),
        ),
    )


def a_failure(*types: str, after_s: float = 0.0) -> CallRecord:
    """Return a record of a call that raised the first of `types`, caused by the others."""
    first, *causes = types
    error = GuestError(first, "no", causes=tuple(GuestCause(each, "no") for each in causes))
    return a_record(
        after_s=after_s, outcome=Outcome(OutcomeKind.USER_ERROR, "local", 0.1, error=error)
    )


ODD_WORDS = {
    "missing": "missing",
    "empty": "",
    "nul": "greet\0",
    "surrogate": "greet\ud800",
    "long": "g" * 10_000,
    "quote": "'; DROP TABLE calls; --",
}
"""What a caller may put where a name or an id belongs."""

ODD_CURSORS = {
    "empty": "",
    "words": "next please",
    "bytes": "\N{SNOWMAN}",
    "not json": "bm90IGpzb24",
    "another list": "WyJvdGhlciIsMV0",
    "padded": "WyJ2ZXJzaW9ucyIsM10=",
    "huge": "A" * 100_000,
}
"""What a caller may put where a cursor belongs."""
