"""What a function on Lambda is to be: its name, which follows from its contents, and the rest.

Two processes that mean the same version come to the same name without asking each other, and a
name never stands for other contents. So a deployment needs no lock, no alias and no update.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

from drivers.aws_lambda.bundle import HANDLER, Bundle, base_digest, function_bundle, runner_bundle
from drivers.aws_lambda.settings import LambdaSettings
from drivers.limits import CEILINGS
from drivers.port import Artifact, ArtifactKey
from sanderling.kernel.units import MIB

MANAGED_BY = "managed-by"
OURS = "sanderling"
NAMESPACE = "sanderling:namespace"
FUNCTION = "sanderling:function"
WORKSPACE = "sanderling:workspace"
DIGEST = "sanderling:digest"

RUNNER = "runner"
RUNNER_GUEST_BYTES = 256 * MIB
"""The most memory that a draft may ask for and still be tried on the shared runner."""

_DIGEST_LETTERS = 12
_GRACE_S = 2
_LEAST_MIB = 128
# The runtime, our runner and the compiler; the guest's own memory comes on top.
_OVERHEAD_MIB = 128
_MOST_MIB = 10_240


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything that CreateFunction is told; `is_per_tenant` asks for isolation by tenant."""

    name: str
    bundle: Bundle
    timeout_s: int
    memory_mib: int
    tags: dict[str, str]
    is_per_tenant: bool = False

    def request(self, settings: LambdaSettings) -> dict[str, Any]:
        """Return the arguments of CreateFunction."""
        asked: dict[str, Any] = {
            "FunctionName": self.name,
            "Runtime": settings.runtime,
            "Role": settings.role,
            "Handler": HANDLER,
            "Code": {"ZipFile": self.bundle.content},
            "Description": "Made by Sanderling; it replaces and removes it by itself.",
            "Timeout": self.timeout_s,
            "MemorySize": self.memory_mib,
            "Architectures": [settings.architecture],
            "Tags": self.tags,
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": settings.log_group},
        }
        if self.is_per_tenant:
            asked["TenancyConfig"] = {"TenantIsolationMode": "PER_TENANT"}
        return asked


def digest_of(key: ArtifactKey, settings: LambdaSettings) -> str:
    """Return the SHA-256, in hex, over all that a version behaves by on Lambda."""
    made_of = [key.workspace_id, key.function_id, key.digest, *_surroundings(settings)]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def _surroundings(settings: LambdaSettings) -> list[str]:
    return [
        base_digest(),
        settings.role,
        settings.runtime,
        settings.architecture,
        settings.log_group,
    ]


def name_of(key: ArtifactKey, settings: LambdaSettings) -> str:
    """Return the name of a version: namespace, function, and the start of its digest."""
    return _name(settings, key.function_id, digest_of(key, settings))


def _name(settings: LambdaSettings, function: str, digest: str) -> str:
    return f"{settings.namespace}-{function}-{digest[:_DIGEST_LETTERS]}"


def function_of(name: str, settings: LambdaSettings) -> str | None:
    """Return the function's id, or `runner`, in a name that we give; None in any other."""
    prefix = f"{settings.namespace}-"
    function, _, digest = name.removeprefix(prefix).rpartition("-")
    is_ours = name.startswith(prefix) and function and len(digest) == _DIGEST_LETTERS
    return function if is_ours else None


def blueprint_of(artifact: Artifact, settings: LambdaSettings) -> Blueprint:
    """Return what the function of `artifact` is to be."""
    key, limits = artifact.key, artifact.limits
    digest = digest_of(key, settings)
    return Blueprint(
        name=_name(settings, key.function_id, digest),
        bundle=function_bundle(artifact),
        # The runner ends a call at its own limit; this is for when it cannot.
        timeout_s=math.ceil(limits.wall_s) + _GRACE_S,
        memory_mib=_memory_mib(limits.memory_bytes),
        tags=_tags(settings, key.function_id, digest) | {WORKSPACE: key.workspace_id},
    )


def runner_names(settings: LambdaSettings) -> frozenset[str]:
    """Return the names that the shared runner may have now, with tenants kept apart and without."""
    return frozenset(
        _name(settings, RUNNER, _runner_digest(settings, is_per_tenant=is_per_tenant))
        for is_per_tenant in (True, False)
    )


def _runner_digest(settings: LambdaSettings, *, is_per_tenant: bool) -> str:
    made_of = [RUNNER, str(is_per_tenant), *_surroundings(settings)]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def runner_blueprint(settings: LambdaSettings, *, is_per_tenant: bool) -> Blueprint:
    """Return what the shared runner is to be."""
    digest = _runner_digest(settings, is_per_tenant=is_per_tenant)
    return Blueprint(
        name=_name(settings, RUNNER, digest),
        bundle=runner_bundle(),
        timeout_s=math.ceil(CEILINGS["wall_s"]) + _GRACE_S,
        memory_mib=_memory_mib(RUNNER_GUEST_BYTES),
        tags=_tags(settings, RUNNER, digest),
        is_per_tenant=is_per_tenant,
    )


def _tags(settings: LambdaSettings, function: str, digest: str) -> dict[str, str]:
    return {
        MANAGED_BY: OURS,
        NAMESPACE: settings.namespace,
        FUNCTION: function,
        DIGEST: digest,
    }


def _memory_mib(guest_bytes: int) -> int:
    return max(_LEAST_MIB, min(_MOST_MIB, math.ceil(guest_bytes / MIB) + _OVERHEAD_MIB))
