"""`/v1/messages`, `/v1/calendar-events` and `/v1/contacts`: what came in."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from sanderling.access.permission import Permission
from sanderling.api.attachment_answer import MEDIA_TYPE, AttachmentResponse
from sanderling.api.attachment_name import MAX_NUMBER
from sanderling.api.function_routes import Cursor, Limit
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems
from sanderling.api.record_models import CalendarEventPage, ContactPage, MessagePage, MessageShown
from sanderling.api.record_pages import AskedRecords, RecordPages

READ = needs(Permission.RECORDS_READ)

Brought = Annotated[str | None, Query(description="What this account brought.")]

_BYTES = {"type": "string", "format": "binary", "description": "The attachment as it is."}

router = APIRouter(route_class=PermittedRoute, prefix="/v1", tags=["records"])


def _pages(request: Request) -> RecordPages:
    services, workspace_id = services_of(request), principal_of(request).workspace_id
    return RecordPages(services.sync_records, services.accounts, workspace_id)


@router.get("/messages", openapi_extra=READ, responses=problems("cursor_refused"))
async def list_messages(
    request: Request, account_id: Brought = None, limit: Limit = 50, cursor: Cursor = None
) -> MessagePage:
    """List messages, newest first, without their texts."""
    return await _pages(request).messages(AskedRecords(limit, cursor, account_id))


@router.get("/messages/{message_id}", openapi_extra=READ, responses=problems("message_unknown"))
async def get_message(
    request: Request, message_id: Annotated[str, Path(description="The message's id.")]
) -> MessageShown:
    """Show one message with its text, and with what is known of its attachments."""
    return await _pages(request).message(message_id)


@router.get(
    "/messages/{message_id}/attachments/{number}",
    status_code=200,
    openapi_extra=READ,
    response_class=AttachmentResponse,
    responses={
        200: {"description": "The bytes.", "content": {MEDIA_TYPE: {"schema": _BYTES}}},
        **problems(
            *("message_unknown", "attachment_unknown", "attachment_refused"),
            *("attachment_too_large", "attachments_busy", "account_stopped", "provider_disabled"),
            "provider_away",
        ),
    },
)
async def get_attachment(
    request: Request,
    message_id: Annotated[str, Path(description="The message's id.")],
    number: Annotated[
        int,
        Path(ge=1, le=MAX_NUMBER, description="Its place in `attachments`, counted from 1."),
    ],
) -> AttachmentResponse:
    """Fetch one attachment of a message from its provider, as a file."""
    workspace_id = principal_of(request).workspace_id
    opened = services_of(request).attachments.open(workspace_id, message_id, number)
    return AttachmentResponse(opened)


@router.get("/calendar-events", openapi_extra=READ, responses=problems("cursor_refused"))
async def list_calendar_events(
    request: Request, account_id: Brought = None, limit: Limit = 50, cursor: Cursor = None
) -> CalendarEventPage:
    """List the events of calendars, the latest start first."""
    return await _pages(request).calendar_events(AskedRecords(limit, cursor, account_id))


@router.get("/contacts", openapi_extra=READ, responses=problems("cursor_refused"))
async def list_contacts(
    request: Request, account_id: Brought = None, limit: Limit = 50, cursor: Cursor = None
) -> ContactPage:
    """List contacts, the last found first, each with the account that brought it first."""
    return await _pages(request).contacts(AskedRecords(limit, cursor, account_id))
