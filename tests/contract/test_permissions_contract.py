"""What everyone who decides permissions promises; each implementation runs the whole suite."""

import pytest

from sanderling.access.errors import Forbidden
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.principal import Principal, Role
from sanderling.access.roles import SERVER_PERMISSIONS, RolePermissions
from sanderling.kernel.ids import KeyId, WorkspaceId

IMPLEMENTATIONS: list[Permissions] = [RolePermissions()]

each_implementation = pytest.mark.parametrize("permissions", IMPLEMENTATIONS)
each_role = pytest.mark.parametrize("role", Role)
each_permission = pytest.mark.parametrize("permission", Permission)


@each_implementation
@each_role
@each_permission
def test_a_verdict_says_why(permissions: Permissions, role: Role, permission: Permission) -> None:
    """Whatever is decided comes with a reason, and asking again decides the same."""
    principal = Principal(WorkspaceId("ws_one"), role)

    verdict = permissions.decide(principal, permission)

    assert verdict.reason
    assert verdict == permissions.decide(principal, permission)


@each_implementation
@each_permission
def test_an_admin_may_do_everything_in_its_workspace(
    permissions: Permissions, permission: Permission
) -> None:
    """No workspace is locked: its admins can always change it, and it ends where the server is."""
    admin = Principal(WorkspaceId("ws_one"), Role.ADMIN, key_id=KeyId("key_one"))

    is_allowed = permissions.decide(admin, permission).is_allowed

    assert is_allowed == (permission not in SERVER_PERMISSIONS)


@each_implementation
@each_permission
def test_an_admin_of_the_server_and_a_workspace_may_do_everything(
    permissions: Permissions, permission: Permission
) -> None:
    """The first key of an instance opens every door."""
    first = Principal(WorkspaceId("ws_one"), Role.ADMIN, is_server_admin=True)

    assert permissions.decide(first, permission).is_allowed


@each_implementation
@each_role
@each_permission
def test_what_is_not_allowed_is_refused_with_the_reason(
    permissions: Permissions, role: Role, permission: Permission
) -> None:
    """`require` passes exactly those whom the verdict allows."""
    principal = Principal(WorkspaceId("ws_one"), role)
    verdict = permissions.decide(principal, permission)

    if verdict.is_allowed:
        require(permissions, principal, permission)
        return
    with pytest.raises(Forbidden) as caught:
        require(permissions, principal, permission)

    assert caught.value.facts == {"permission": permission, "reason": verdict.reason}
