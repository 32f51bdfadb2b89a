"""Artifacts and invocations for driver tests."""

import hashlib

from drivers.limits import Limits
from drivers.port import Artifact, ArtifactKey, Digest, Invocation, Isolation
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.kernel.jsontext import JSON, encode


def an_artifact(
    source: str, *, limits: Limits | None = None, isolation: Isolation = Isolation.CALL
) -> Artifact:
    """Return an artifact whose key follows from everything it is made of."""
    limits = limits or Limits()
    made_of = repr((source, limits, isolation)).encode(errors="surrogatepass")
    digest = Digest(hashlib.sha256(made_of).hexdigest())
    key = ArtifactKey(WorkspaceId("ws_one"), FunctionId("fn_one"), digest)
    return Artifact(key, source, limits=limits, isolation=isolation)


def an_invocation(
    artifact: Artifact, event: JSON = None, *, timeout_s: float | None = None
) -> Invocation:
    """Return one call of `artifact` with `event`."""
    return Invocation(
        call_id=CallId("call_one"),
        key=artifact.key,
        event_json=encode(event),
        context={"call_id": "call_one", "function": "score"},
        timeout_s=timeout_s,
    )
