"""What each role may do, as data; the docs show the same tables."""

from collections.abc import Mapping

from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal, Role

PERMISSION_MEANINGS: Mapping[Permission, str] = {
    Permission.FUNCTIONS_READ: "See functions, their versions and their source.",
    Permission.FUNCTIONS_WRITE: "Create, change, publish, roll back and delete functions, and "
    "call drafts.",
    Permission.FUNCTIONS_CALL: "Call published functions.",
    Permission.CALLS_READ: "See calls with their events, results and logs.",
    Permission.KEYS_MANAGE: "Create, list and revoke API keys.",
}

ROLE_MEANINGS: Mapping[Role, str] = {
    Role.ADMIN: "Runs the workspace.",
    Role.MEMBER: "Uses what is published: calls functions and sees what came of it.",
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.MEMBER: frozenset(
        {Permission.FUNCTIONS_READ, Permission.FUNCTIONS_CALL, Permission.CALLS_READ}
    ),
}


def _verdict(role: Role, permission: Permission) -> Verdict:
    if permission in ROLE_PERMISSIONS[role]:
        return Verdict(is_allowed=True, reason=f"the role {role} holds it")
    holders = " and ".join(other for other in Role if permission in ROLE_PERMISSIONS[other])
    return Verdict(is_allowed=False, reason=f"the role {role} does not hold it, {holders} does")


_VERDICTS = {
    (role, permission): _verdict(role, permission) for role in Role for permission in Permission
}


class RolePermissions:
    """Decide by the principal's role alone."""

    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        """Say whether the role of `principal` holds `permission`, with the reason."""
        return _VERDICTS[principal.role, permission]
