"""`/v1/record-events`: what systems tell of their records."""

from fastapi import APIRouter, Request

from sanderling.access.permission import Permission
from sanderling.api.exchange import exchange_of
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems
from sanderling.api.record_event_models import AskedRecordEvents, RecordEventsAnswer

router = APIRouter(route_class=PermittedRoute, prefix="/v1/record-events", tags=["triggers"])


@router.post(
    "",
    openapi_extra=needs(Permission.RECORDS_ANNOUNCE),
    responses=problems("invalid_json", "record_event_refused"),
)
async def announce_record_events(request: Request, asked: AskedRecordEvents) -> RecordEventsAnswer:
    """Tell of up to a thousand changes; each is kept, known or refused on its own."""
    principal = principal_of(request)
    answers = await services_of(request).record_events.announce(
        principal, [each.changed(principal.workspace_id) for each in asked.events]
    )
    return RecordEventsAnswer.of(asked, answers, exchange_of(request.scope).request_id)
