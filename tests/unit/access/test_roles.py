"""Roles: who holds what, and why."""

import pytest

from sanderling.access.errors import Forbidden
from sanderling.access.permission import Permission, require
from sanderling.access.principal import Principal, Role
from sanderling.access.roles import (
    PERMISSION_MEANINGS,
    ROLE_MEANINGS,
    ROLE_PERMISSIONS,
    SERVER_PERMISSIONS,
    RolePermissions,
)
from sanderling.kernel.ids import WorkspaceId


def a_principal(role: Role) -> Principal:
    """Return someone of this role."""
    return Principal(WorkspaceId("ws_one"), role)


IN_A_WORKSPACE = sorted(set(Permission) - SERVER_PERMISSIONS)


def test_an_admin_holds_everything_in_a_workspace() -> None:
    """There is no permission in a workspace that its admin lacks."""
    admin = a_principal(Role.ADMIN)

    assert all(RolePermissions().decide(admin, each).is_allowed for each in IN_A_WORKSPACE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", SERVER_PERMISSIONS)
def test_the_server_is_for_its_administrators(role: Role, permission: Permission) -> None:
    """No role in a workspace reaches the settings of the server; the flag does, whatever role."""
    outsider = a_principal(role)
    insider = Principal(WorkspaceId("ws_one"), role, is_server_admin=True)

    assert not RolePermissions().decide(outsider, permission).is_allowed
    assert RolePermissions().decide(insider, permission).is_allowed


def test_a_member_uses_what_is_published() -> None:
    """A member reads, calls and announces, and changes neither functions nor keys."""
    assert ROLE_PERMISSIONS[Role.MEMBER] == {
        Permission.FUNCTIONS_READ,
        Permission.FUNCTIONS_CALL,
        Permission.CALLS_READ,
        Permission.RECORDS_ANNOUNCE,
    }


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", IN_A_WORKSPACE)
def test_every_verdict_is_the_table_s_and_says_why(role: Role, permission: Permission) -> None:
    """The table alone decides, and the reason names the role."""
    verdict = RolePermissions().decide(a_principal(role), permission)

    assert verdict.is_allowed == (permission in ROLE_PERMISSIONS[role])
    assert f"the role {role}" in verdict.reason


def test_being_server_admin_adds_nothing_inside_a_workspace() -> None:
    """The flag is about the server; what a workspace allows is its role's."""
    member = Principal(WorkspaceId("ws_one"), Role.MEMBER, is_server_admin=True)

    assert not RolePermissions().decide(member, Permission.FUNCTIONS_WRITE).is_allowed


def test_a_refusal_names_the_permission_and_who_holds_it() -> None:
    """Someone who is turned away learns what to ask for."""
    with pytest.raises(Forbidden) as caught:
        require(RolePermissions(), a_principal(Role.MEMBER), Permission.KEYS_MANAGE)

    assert caught.value.detail == (
        "This needs the permission keys.manage: the role member does not hold it, admin does."
    )


def test_every_word_has_a_meaning() -> None:
    """The tables that the docs show leave nothing out."""
    assert set(PERMISSION_MEANINGS) == set(Permission)
    assert set(ROLE_MEANINGS) == set(ROLE_PERMISSIONS) == set(Role)
