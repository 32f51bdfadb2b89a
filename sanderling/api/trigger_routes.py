"""`/v1/triggers`: what people do with triggers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from runner.triggers.ports import TriggerFilter
from runner.triggers.trigger import Trigger, TriggerKind
from sanderling.access.permission import Permission
from sanderling.api.function_models import NAME_PATTERN
from sanderling.api.function_routes import Cursor, Limit
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems
from sanderling.api.trigger_models import (
    AskedMove,
    AskedTrigger,
    AskedTriggerChange,
    ShownTrigger,
    TriggerPage,
)

READ = needs(Permission.FUNCTIONS_READ)
WRITE = needs(Permission.FUNCTIONS_WRITE)

IdPath = Annotated[str, Path(description="The trigger's id.")]

router = APIRouter(route_class=PermittedRoute, prefix="/v1/triggers", tags=["triggers"])


async def _shown(request: Request, trigger: Trigger) -> ShownTrigger:
    return ShownTrigger.seen(trigger, await services_of(request).triggers.standing_of(trigger))


@router.post(
    "",
    status_code=201,
    openapi_extra=WRITE,
    responses=problems("invalid_json", "trigger_refused", "function_unknown", "triggers_full"),
)
async def create_trigger(request: Request, asked: AskedTrigger, response: Response) -> ShownTrigger:
    """Create a trigger of a function, behind all others."""
    made = await services_of(request).triggers.create(
        principal_of(request),
        asked.function,
        asked.settings.settings(),
        is_enabled=asked.is_enabled,
    )
    response.headers["location"] = f"/v1/triggers/{made.id}"
    return await _shown(request, made)


@router.get("", openapi_extra=READ, responses=problems("cursor_refused"))
async def list_triggers(
    request: Request,
    function: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    kind: Annotated[TriggerKind | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TriggerPage:
    """List triggers by position: among HTTP triggers the first that takes a request gets it."""
    page = await services_of(request).triggers.list(
        principal_of(request),
        matching=TriggerFilter(function=function, kind=kind),
        limit=limit,
        cursor=cursor,
    )
    return TriggerPage.of(page)


@router.get("/{trigger_id}", openapi_extra=READ, responses=problems("trigger_unknown"))
async def get_trigger(request: Request, trigger_id: IdPath) -> ShownTrigger:
    """Show one trigger."""
    found = await services_of(request).triggers.get(principal_of(request), trigger_id)
    return await _shown(request, found)


@router.put(
    "/{trigger_id}",
    openapi_extra=WRITE,
    responses=problems("invalid_json", "trigger_refused", "trigger_unknown"),
)
async def change_trigger(
    request: Request, trigger_id: IdPath, asked: AskedTriggerChange
) -> ShownTrigger:
    """Replace the settings as a whole; what is left out has its default again."""
    changed = await services_of(request).triggers.change(
        principal_of(request), trigger_id, asked.settings.settings()
    )
    return await _shown(request, changed)


@router.post("/{trigger_id}/enable", openapi_extra=WRITE, responses=problems("trigger_unknown"))
async def enable_trigger(request: Request, trigger_id: IdPath) -> ShownTrigger:
    """Let a trigger make calls."""
    enabled = await services_of(request).triggers.enable(principal_of(request), trigger_id)
    return await _shown(request, enabled)


@router.post("/{trigger_id}/disable", openapi_extra=WRITE, responses=problems("trigger_unknown"))
async def disable_trigger(request: Request, trigger_id: IdPath) -> ShownTrigger:
    """Let a trigger make no further calls."""
    disabled = await services_of(request).triggers.disable(principal_of(request), trigger_id)
    return await _shown(request, disabled)


@router.post(
    "/{trigger_id}/move",
    openapi_extra=WRITE,
    responses=problems("invalid_json", "trigger_unknown"),
)
async def move_trigger(request: Request, trigger_id: IdPath, asked: AskedMove) -> ShownTrigger:
    """Put a trigger just before another one, or behind all."""
    moved = await services_of(request).triggers.move(
        principal_of(request), trigger_id, before=asked.before
    )
    return await _shown(request, moved)


@router.delete(
    "/{trigger_id}",
    status_code=204,
    openapi_extra=WRITE,
    responses=problems("trigger_unknown"),
)
async def delete_trigger(request: Request, trigger_id: IdPath) -> None:
    """Delete a trigger; calls that it made stay."""
    await services_of(request).triggers.delete(principal_of(request), trigger_id)
