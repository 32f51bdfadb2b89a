"""What everyone who decides permissions promises."""

import pytest

from sanderling.access.permission import Permission, Permissions
from sanderling.access.principal import Principal, Role
from sanderling.access.roles import RolePermissions
from sanderling.kernel.ids import KeyId, WorkspaceId


@pytest.fixture(params=[RolePermissions])
def permissions(request: pytest.FixtureRequest) -> Permissions:
    """Return each implementation, as it is with nothing configured."""
    made: Permissions = request.param()
    return made


def _principal(role: Role, *, workspace: str = "ws_one", key: str | None = "key_one") -> Principal:
    key_id = None if key is None else KeyId(key)
    return Principal(WorkspaceId(workspace), role, key_id=key_id)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_every_question_has_an_answer_with_a_reason(
    permissions: Permissions, role: Role, permission: Permission
) -> None:
    """No role and no permission is forgotten, and the reason names the role."""
    verdict = permissions.decide(_principal(role), permission)

    assert role in verdict.reason


@pytest.mark.parametrize("permission", Permission)
def test_an_admin_may_all_that_a_member_may(
    permissions: Permissions, permission: Permission
) -> None:
    """Raising someone to admin never takes anything away."""
    member = permissions.decide(_principal(Role.MEMBER), permission)
    admin = permissions.decide(_principal(Role.ADMIN), permission)

    assert admin.is_allowed >= member.is_allowed


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_verdict_depends_on_the_question_alone(
    permissions: Permissions, role: Role, permission: Permission
) -> None:
    """Asking again, in another workspace or with another key, gives the same verdict."""
    first = permissions.decide(_principal(role), permission)

    assert first == permissions.decide(_principal(role), permission)
    assert first == permissions.decide(_principal(role, workspace="ws_two"), permission)
    assert first == permissions.decide(_principal(role, key=None), permission)
