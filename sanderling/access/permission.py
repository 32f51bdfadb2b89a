"""What a caller may do: the permissions, the verdict, and the port that decides."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sanderling.access.errors import Forbidden
from sanderling.access.principal import Principal


class Permission(StrEnum):
    """Something a principal can be allowed to do: in its workspace, or to the whole server."""

    FUNCTIONS_READ = "functions.read"
    FUNCTIONS_WRITE = "functions.write"
    FUNCTIONS_CALL = "functions.call"
    CALLS_READ = "calls.read"
    EXECUTIONS_MANAGE = "executions.manage"
    RECORDS_ANNOUNCE = "records.announce"
    RECORDS_READ = "records.read"
    ACCOUNTS_READ = "accounts.read"
    ACCOUNTS_MANAGE = "accounts.manage"
    KEYS_MANAGE = "keys.manage"
    CONFIG_READ = "config.read"
    CONFIG_WRITE = "config.write"
    JOBS_READ = "jobs.read"
    JOBS_MANAGE = "jobs.manage"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether, and in one sentence why."""

    is_allowed: bool
    reason: str


class Permissions(Protocol):
    """Decide what a principal may do; pure, no waiting."""

    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        """Say whether `principal` holds `permission`, with the reason."""
        ...


def require(permissions: Permissions, principal: Principal, permission: Permission) -> None:
    """Pass a principal that holds `permission`.

    Raises:
        Forbidden: it does not, and why.

    """
    verdict = permissions.decide(principal, permission)
    if not verdict.is_allowed:
        raise Forbidden(permission=permission, reason=verdict.reason)
