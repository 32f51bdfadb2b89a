"""`/v1/functions`: what people do with functions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from sanderling.access.permission import Permission
from sanderling.api.function_models import (
    NAME_PATTERN,
    AskedDraft,
    AskedFunction,
    AskedRollback,
    FunctionPage,
    ShownFunction,
    ShownVersion,
    VersionPage,
)
from sanderling.api.page_bounds import MAX_NUMBER, MAX_PAGE
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="The most items to return.")]
Cursor = Annotated[
    str | None,
    Query(description="The `next_cursor` of an earlier page."),
]
# The shape is documented and not checked: a text that is no name names no function, 404.
NamePath = Annotated[
    str,
    Path(
        description="The function's name.",
        json_schema_extra={"pattern": NAME_PATTERN},
    ),
]
NumberPath = Annotated[int, Path(ge=1, le=MAX_NUMBER, description="The version's number.")]

READ = needs(Permission.FUNCTIONS_READ)
WRITE = needs(Permission.FUNCTIONS_WRITE)

router = APIRouter(route_class=PermittedRoute, prefix="/v1/functions", tags=["functions"])


@router.post(
    "",
    status_code=201,
    openapi_extra=WRITE,
    responses=problems(
        "invalid_json",
        "name_refused",
        "limit_refused",
        "rate_limit_refused",
        "concurrency_refused",
        "definition_refused",
        "function_exists",
    ),
)
async def create_function(
    request: Request, asked: AskedFunction, response: Response
) -> ShownFunction:
    """Create a function with its first draft; nothing is live yet."""
    functions = services_of(request).functions
    made = await functions.create(principal_of(request), asked.name, asked.definition())
    response.headers["location"] = f"/v1/functions/{made.name}"
    return ShownFunction.of(made)


@router.get("", openapi_extra=READ, responses=problems("cursor_refused"))
async def list_functions(
    request: Request, limit: Limit = 50, cursor: Cursor = None
) -> FunctionPage:
    """List functions by name."""
    functions = services_of(request).functions
    page = await functions.list(principal_of(request), limit=limit, cursor=cursor)
    return FunctionPage.of(page)


@router.get("/{name}", openapi_extra=READ, responses=problems("function_unknown"))
async def get_function(request: Request, name: NamePath) -> ShownFunction:
    """Show one function with its draft."""
    functions = services_of(request).functions
    return ShownFunction.of(await functions.get(principal_of(request), name))


@router.put(
    "/{name}/draft",
    openapi_extra=WRITE,
    responses=problems(
        "invalid_json",
        "limit_refused",
        "rate_limit_refused",
        "concurrency_refused",
        "definition_refused",
        "function_unknown",
    ),
)
async def save_draft(request: Request, name: NamePath, asked: AskedDraft) -> ShownFunction:
    """Replace the draft as a whole; what is left out has its default again."""
    functions = services_of(request).functions
    saved = await functions.save_draft(principal_of(request), name, asked.definition())
    return ShownFunction.of(saved)


@router.delete(
    "/{name}", status_code=204, openapi_extra=WRITE, responses=problems("function_unknown")
)
async def delete_function(request: Request, name: NamePath) -> None:
    """Delete a function with its versions; its calls stay."""
    await services_of(request).functions.delete(principal_of(request), name)


@router.post(
    "/{name}/versions",
    status_code=201,
    openapi_extra=WRITE,
    responses={
        200: {
            "model": ShownVersion,
            "description": "The draft was a version already; it is live again.",
        },
        **problems("function_unknown", "code_rejected", "deployment_error"),
    },
)
async def publish_version(request: Request, name: NamePath, response: Response) -> ShownVersion:
    """Publish the draft as a version and make it live."""
    functions, principal = services_of(request).functions, principal_of(request)
    before = await functions.get(principal, name)
    version = await functions.publish(principal, name)
    if version.number <= before.latest_version:
        response.status_code = 200
    else:
        response.headers["location"] = f"/v1/functions/{name}/versions/{version.number}"
    return ShownVersion.of(version)


@router.get(
    "/{name}/versions",
    openapi_extra=READ,
    responses=problems("function_unknown", "cursor_refused"),
)
async def list_versions(
    request: Request, name: NamePath, limit: Limit = 50, cursor: Cursor = None
) -> VersionPage:
    """List the versions of a function, newest first."""
    functions = services_of(request).functions
    page = await functions.versions(principal_of(request), name, limit=limit, cursor=cursor)
    return VersionPage.of(page)


@router.get(
    "/{name}/versions/{number}",
    openapi_extra=READ,
    responses=problems("function_unknown", "version_unknown"),
)
async def get_version(request: Request, name: NamePath, number: NumberPath) -> ShownVersion:
    """Show one version with its source."""
    functions = services_of(request).functions
    return ShownVersion.of(await functions.version(principal_of(request), name, number))


@router.post(
    "/{name}/rollback",
    openapi_extra=WRITE,
    responses=problems("invalid_json", "function_unknown", "version_unknown"),
)
async def roll_back(request: Request, name: NamePath, asked: AskedRollback) -> ShownVersion:
    """Make an earlier version live; the draft stays as it is."""
    functions = services_of(request).functions
    version = await functions.rollback(principal_of(request), name, asked.version)
    return ShownVersion.of(version)
