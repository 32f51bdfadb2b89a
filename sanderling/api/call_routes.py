"""`/v1/calls`: what happened."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BeforeValidator

from drivers.port import OutcomeKind
from runner.call import CallFilter
from sanderling.access.permission import Permission
from sanderling.api.call_json import page_json, record_json
from sanderling.api.call_models import CallPage, CallShown
from sanderling.api.function_models import NAME_PATTERN
from sanderling.api.function_routes import Cursor, Limit
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems

READ = needs(Permission.CALLS_READ)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("it is not a moment such as 2026-01-31T12:00:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]

router = APIRouter(route_class=PermittedRoute, prefix="/v1/calls", tags=["calls"])


@router.get("", openapi_extra=READ, response_model=CallPage, responses=problems("cursor_refused"))
async def list_calls(  # noqa: PLR0913, PLR0917 - each is a query parameter of its own.
    request: Request,
    function: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    outcome: Annotated[OutcomeKind | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="Started at or after.")] = None,
    until: Annotated[Moment | None, Query(description="Started before.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List calls, newest first, without their events, results and logs."""
    page = await services_of(request).calls.list(
        principal_of(request),
        matching=CallFilter(function=function, outcome=outcome, since=since, until=until),
        limit=limit,
        cursor=cursor,
    )
    return Response(page_json(page), media_type="application/json")


@router.get(
    "/{call_id}", openapi_extra=READ, response_model=CallShown, responses=problems("call_unknown")
)
async def get_call(
    request: Request, call_id: Annotated[str, Path(description="The call's id.")]
) -> Response:
    """Show one call with its event, result and logs."""
    record = await services_of(request).calls.get(principal_of(request), call_id)
    return Response(record_json(record), media_type="application/json")
