"""Who is calling."""

from dataclasses import dataclass
from enum import StrEnum

from sanderling.kernel.ids import KeyId, WorkspaceId


class Role(StrEnum):
    """What a principal is in its workspace."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose identity is proven, always inside exactly one workspace.

    `key_id` is the API key it came with; None stands for the operator in this process, or for a
    trigger that calls by itself.
    """

    workspace_id: WorkspaceId
    role: Role
    is_server_admin: bool = False
    key_id: KeyId | None = None


@dataclass(frozen=True, slots=True)
class BearerKey:
    """A credential: the text of an API key as it came over the wire. Never logged."""

    text: str

    def __repr__(self) -> str:
        """Hide the key."""
        return "BearerKey(…)"


@dataclass(frozen=True, slots=True)
class Operator:
    """A credential that only this process can make: whoever runs it owns the machine."""

    workspace_id: WorkspaceId


@dataclass(frozen=True, slots=True)
class TriggerCaller:
    """A credential that only this process can make, for calls that a trigger makes by itself.

    It may do what a member may, in its own workspace.
    """

    workspace_id: WorkspaceId


Credential = BearerKey | Operator | TriggerCaller
