"""`/v1/calls`: what happened."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from runner.call_filter import CallFilter
from sanderling.access.permission import Permission
from sanderling.api.call_export import MEDIA_TYPE, ExportResponse
from sanderling.api.call_filter_query import asked_filter
from sanderling.api.call_json import page_json, record_json
from sanderling.api.call_models import CallPage, CallShown
from sanderling.api.function_routes import Cursor, Limit
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems

READ = needs(Permission.CALLS_READ)

Matching = Annotated[CallFilter, Depends(asked_filter)]


_LINES = {"type": "string", "description": "Each line is a call as `CallShown` has it."}

router = APIRouter(route_class=PermittedRoute, prefix="/v1/calls", tags=["calls"])


@router.get("", openapi_extra=READ, response_model=CallPage, responses=problems("cursor_refused"))
async def list_calls(
    request: Request, matching: Matching, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List calls, newest first, without their events, results and logs."""
    page = await services_of(request).calls.list(
        principal_of(request),
        matching=matching,
        limit=limit,
        cursor=cursor,
    )
    return Response(page_json(page), media_type="application/json")


@router.get(
    "/export",
    status_code=200,
    openapi_extra=READ,
    response_class=ExportResponse,
    responses={
        200: {"description": "One call on each line.", "content": {MEDIA_TYPE: {"schema": _LINES}}},
        **problems("exports_busy"),
    },
)
async def export_calls(request: Request, matching: Matching) -> Response:
    """Send all calls that match, newest first, with their events, results and logs."""
    return ExportResponse(services_of(request).exports.open(principal_of(request), matching))


@router.get(
    "/{call_id}", openapi_extra=READ, response_model=CallShown, responses=problems("call_unknown")
)
async def get_call(
    request: Request, call_id: Annotated[str, Path(description="The call's id.")]
) -> Response:
    """Show one call with its event, result and logs."""
    record = await services_of(request).calls.get(principal_of(request), call_id)
    return Response(record_json(record), media_type="application/json")
