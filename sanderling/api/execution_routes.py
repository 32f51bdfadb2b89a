"""`/v1/executions`: what is queued, and what becomes of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from runner.executions.execution import ExecutionStatus
from runner.executions.executions import LONGEST_WAIT_S
from runner.executions.ports import ExecutionFilter
from runner.executions.progress import BEGINNING
from runner.executions.request import LONGEST_LANE
from sanderling.access.permission import Permission
from sanderling.api.body import check_json_type, read_body
from sanderling.api.call_filter_query import Moment
from sanderling.api.event_stream import CONTENT_TYPE, event_stream
from sanderling.api.exchange import exchange_of
from sanderling.api.execution_json import batch_json, execution_json, execution_page_json
from sanderling.api.execution_models import (
    AskedBatch,
    BatchAnswer,
    ExecutionPage,
    ExecutionShown,
)
from sanderling.api.function_models import NAME_PATTERN
from sanderling.api.function_routes import Cursor, Limit
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems
from sanderling.kernel.ids import KeyId

READ = needs(Permission.CALLS_READ)
CALL = needs(Permission.FUNCTIONS_CALL)

IdPath = Annotated[str, Path(description="The execution's id.")]

_NEW_EVENT: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "description": "Another event; without a body it is that of the old execution.",
        "content": {"application/json": {"schema": {"description": "Any JSON value."}}},
    }
}

router = APIRouter(route_class=PermittedRoute, prefix="/v1/executions", tags=["executions"])


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers=headers, media_type="application/json")


@router.post(
    "",
    openapi_extra=CALL,
    response_model=BatchAnswer,
    responses=problems("invalid_json", "execution_refused"),
)
async def submit_batch(request: Request, asked: AskedBatch) -> Response:
    """Queue up to a thousand calls; each is kept or refused on its own."""
    exchange = exchange_of(request.scope)
    requests = [each.request(exchange.request_id) for each in asked.executions]
    answers = await services_of(request).submission.submit_batch(
        principal_of(request), requests, tell=exchange.count
    )
    return _json(batch_json(answers, exchange.request_id))


@router.get(
    "", openapi_extra=READ, response_model=ExecutionPage, responses=problems("cursor_refused")
)
async def list_executions(  # noqa: PLR0913, PLR0917 - each is a query parameter of its own.
    request: Request,
    function: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    status: Annotated[ExecutionStatus | None, Query()] = None,
    key_id: Annotated[str | None, Query(description="Queued with this key.", max_length=64)] = None,
    lane: Annotated[str | None, Query(min_length=1, max_length=LONGEST_LANE)] = None,
    since: Annotated[Moment | None, Query(description="Queued at or after.")] = None,
    until: Annotated[Moment | None, Query(description="Queued before.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List queued calls, newest first, without their events and answers."""
    matching = ExecutionFilter(
        function=function,
        status=status,
        key_id=None if key_id is None else KeyId(key_id),
        lane=lane,
        since=since,
        until=until,
    )
    page = await services_of(request).executions.list(
        principal_of(request), matching=matching, limit=limit, cursor=cursor
    )
    return _json(execution_page_json(page))


@router.get(
    "/{execution_id}",
    openapi_extra=READ,
    response_model=ExecutionShown,
    responses=problems("execution_unknown"),
)
async def get_execution(
    request: Request,
    execution_id: IdPath,
    wait_s: Annotated[
        float,
        Query(ge=0, le=LONGEST_WAIT_S, description="Answer once it has ended, at the latest then."),
    ] = 0.0,
) -> Response:
    """Show one queued call with its event and, once it has ended, its answer."""
    execution = await services_of(request).executions.get(
        principal_of(request), execution_id, wait_s=wait_s
    )
    return _json(execution_json(execution))


@router.get(
    "/{execution_id}/progress",
    openapi_extra=READ,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `status`, `log` and, at the end, `outcome`; each is JSON.",
            "content": {CONTENT_TYPE: {"schema": {"type": "string"}}},
        },
        **problems("execution_unknown", "followers_full"),
    },
)
async def follow_execution(request: Request, execution_id: IdPath) -> Response:
    """Tell what happens to a queued call, as server-sent events, until its end.

    `Last-Event-ID` goes on after the event of that id.
    """
    services = services_of(request)
    after = request.headers.get("last-event-id", BEGINNING)
    events = await services.executions.follow(principal_of(request), execution_id, after=after)
    return StreamingResponse(
        event_stream(events, after=after, stopping=services.stopping), media_type=CONTENT_TYPE
    )


@router.post(
    "/{execution_id}/cancel",
    openapi_extra=CALL,
    response_model=ExecutionShown,
    responses=problems("execution_unknown"),
)
async def cancel_execution(request: Request, execution_id: IdPath) -> Response:
    """Cancel a queued call; one that runs is ended, one that has ended stays as it is."""
    execution = await services_of(request).executions.cancel(principal_of(request), execution_id)
    return _json(execution_json(execution))


@router.post(
    "/{execution_id}/replay",
    status_code=202,
    openapi_extra={**CALL, **_NEW_EVENT},
    response_model=ExecutionShown,
    responses=problems(
        *("execution_unknown", "execution_not_ended", "execution_refused", "invalid_json"),
        *("function_unknown", "version_unpublished", "version_unknown"),
    ),
)
async def replay_execution(request: Request, execution_id: IdPath) -> Response:
    """Queue again what has ended, with the same event or with another one."""
    exchange = exchange_of(request.scope)
    event_json = await read_body(request.receive)
    if event_json:
        check_json_type(exchange)
    added = await services_of(request).executions.replay(
        principal_of(request),
        execution_id,
        request_id=exchange.request_id,
        event_json=event_json or None,
        tell=exchange.count,
    )
    headers = {"location": f"/v1/executions/{added.execution.id}"}
    return _json(execution_json(added.execution), 202, headers)
