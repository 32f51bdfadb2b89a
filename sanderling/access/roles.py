"""What each role, and a server administrator, may do, as data; the docs show the same tables."""

from collections.abc import Mapping

from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal, Role

PERMISSION_MEANINGS: Mapping[Permission, str] = {
    Permission.FUNCTIONS_READ: "See functions, their versions and their source.",
    Permission.FUNCTIONS_WRITE: "Create, change, publish, roll back and delete functions, and "
    "call drafts.",
    Permission.FUNCTIONS_CALL: "Call published functions.",
    Permission.CALLS_READ: "See calls with their events, results and logs.",
    Permission.EXECUTIONS_MANAGE: "Cancel and replay what others queued.",
    Permission.RECORDS_ANNOUNCE: "Tell of changes of records, which call the functions "
    "that watch them.",
    Permission.RECORDS_READ: "See the messages, calendar events and contacts that came in.",
    Permission.ACCOUNTS_READ: "See whose mail and calendars are connected, and how sync goes.",
    Permission.ACCOUNTS_MANAGE: "Connect, pause, resume, sync anew and disconnect accounts.",
    Permission.KEYS_MANAGE: "Create, list and revoke API keys.",
    Permission.CONFIG_READ: "See the settings of the whole server, and who changed them.",
    Permission.CONFIG_WRITE: "Change the settings of the whole server, and try what they lead to.",
    Permission.JOBS_READ: "See the jobs of the worker, and which processes run them.",
    Permission.JOBS_MANAGE: "Run, pause and resume the jobs of the worker.",
}

SERVER_PERMISSIONS = frozenset(
    {
        Permission.CONFIG_READ,
        Permission.CONFIG_WRITE,
        Permission.JOBS_READ,
        Permission.JOBS_MANAGE,
    }
)
"""What concerns every workspace at once: no role holds it, a server administrator does."""

ROLE_MEANINGS: Mapping[Role, str] = {
    Role.ADMIN: "Runs the workspace.",
    Role.MEMBER: "Uses what is published: calls functions and sees what came of it.",
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission) - SERVER_PERMISSIONS,
    Role.MEMBER: frozenset(
        {
            Permission.FUNCTIONS_READ,
            Permission.FUNCTIONS_CALL,
            Permission.CALLS_READ,
            Permission.RECORDS_ANNOUNCE,
        }
    ),
}


def _verdict(role: Role, permission: Permission) -> Verdict:
    if permission in ROLE_PERMISSIONS[role]:
        return Verdict(is_allowed=True, reason=f"the role {role} holds it")
    holders = " and ".join(other for other in Role if permission in ROLE_PERMISSIONS[other])
    return Verdict(is_allowed=False, reason=f"the role {role} does not hold it, {holders} does")


_VERDICTS = {
    (role, permission): _verdict(role, permission)
    for role in Role
    for permission in set(Permission) - SERVER_PERMISSIONS
}


_SERVER_VERDICTS = {
    True: Verdict(is_allowed=True, reason="a server administrator holds it"),
    False: Verdict(is_allowed=False, reason="only a server administrator holds it"),
}


class RolePermissions:
    """Decide by the principal's role, and for the server by its being an administrator there."""

    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        """Say whether `principal` holds `permission`, with the reason."""
        if permission in SERVER_PERMISSIONS:
            return _SERVER_VERDICTS[principal.is_server_admin]
        return _VERDICTS[principal.role, permission]
