"""`/v1/whoami`: what a key is good for."""

from fastapi import APIRouter, Request

from sanderling.access.permission import Permission
from sanderling.access.principal import Role
from sanderling.api.function_models import Shown
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems

router = APIRouter(route_class=PermittedRoute, prefix="/v1", tags=["access"])


class WhoAmI(Shown):
    """The caller as its key makes it; `permissions` are those it holds."""

    workspace_id: str
    role: Role
    is_server_admin: bool
    key_id: str | None
    permissions: list[Permission]


@router.get("/whoami", openapi_extra=needs(Permission.FUNCTIONS_READ), responses=problems())
async def show_caller(request: Request) -> WhoAmI:
    """Show the workspace, role and permissions of the key."""
    principal = principal_of(request)
    permissions = services_of(request).permissions
    return WhoAmI(
        workspace_id=principal.workspace_id,
        role=principal.role,
        is_server_admin=principal.is_server_admin,
        key_id=principal.key_id,
        permissions=[each for each in Permission if permissions.decide(principal, each).is_allowed],
    )
