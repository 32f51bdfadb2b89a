"""`/v1/accounts`: the mail and calendars that people of a workspace connected."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from jobs.accounts.account import AccountStatus, Provider
from jobs.accounts.accounts import Accounts, AccountView
from jobs.streams.stream import Channel
from sanderling.access.permission import Permission
from sanderling.api.account_models import (
    AccountPage,
    AccountShown,
    AskedAccount,
    AskedAccounts,
    AskedPolicy,
    DepartureShown,
    ErrandShown,
)
from sanderling.api.function_routes import Cursor, Limit
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems
from sanderling.kernel.ids import WorkspaceId

READ = needs(Permission.ACCOUNTS_READ)
MANAGE = needs(Permission.ACCOUNTS_MANAGE)

IdPath = Annotated[str, Path(description="The account's id.")]

_Deed = Callable[[Accounts, WorkspaceId], Awaitable[AccountView]]

router = APIRouter(route_class=PermittedRoute, prefix="/v1/accounts", tags=["accounts"])


async def _seen(request: Request, deed: _Deed) -> AccountShown:
    """Return how an account stands after `deed`, in the workspace of whoever asks."""
    workspace_id = principal_of(request).workspace_id
    return AccountShown.seen(await deed(services_of(request).accounts, workspace_id))


@router.post(
    "",
    status_code=201,
    openapi_extra=MANAGE,
    responses=problems("invalid_json", "channel_refused", "provider_disabled", "sealing_refused"),
)
async def connect_account(
    request: Request, asked: AskedAccount, response: Response
) -> DepartureShown:
    """Begin to connect an account: its owner opens the address, and consents at the provider."""
    departure = await services_of(request).accounts.connect(
        principal_of(request).workspace_id,
        Provider(asked.provider),
        [Channel(channel) for channel in asked.channels],
        email=asked.email,
        sends=asked.sends,
    )
    response.headers["location"] = f"/v1/accounts/errands/{departure.errand.state_digest}"
    return DepartureShown.leaving(departure)


@router.get("", openapi_extra=READ, responses=problems("cursor_refused"))
async def list_accounts(
    request: Request,
    status: Annotated[AccountStatus | None, Query(description="Those that stand so alone.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AccountPage:
    """List the accounts of the workspace, the oldest first."""
    accounts, workspace_id = services_of(request).accounts, principal_of(request).workspace_id
    return await AskedAccounts(limit, cursor, status).of(accounts, workspace_id)


@router.get("/errands/{errand_id}", openapi_extra=READ, responses=problems("errand_unknown"))
async def get_errand(
    request: Request, errand_id: Annotated[str, Path(description="The errand's id.")]
) -> ErrandShown:
    """Show an errand that somebody may still come back from; then it is unknown."""
    workspace_id = principal_of(request).workspace_id
    return ErrandShown.of(await services_of(request).accounts.errand(workspace_id, errand_id))


@router.get("/{account_id}", openapi_extra=READ, responses=problems("account_unknown"))
async def get_account(request: Request, account_id: IdPath) -> AccountShown:
    """Show one account with how each of its channels is getting on."""
    return await _seen(request, lambda accounts, here: accounts.show(here, account_id))


@router.patch(
    "/{account_id}",
    openapi_extra=MANAGE,
    responses=problems("invalid_json", "account_unknown"),
)
async def change_account_policy(
    request: Request, account_id: IdPath, asked: AskedPolicy
) -> AccountShown:
    """Choose whose mail stays out, who becomes a contact and what is told; from the next slice."""
    change = asked.change()
    return await _seen(request, lambda accounts, here: accounts.choose(here, account_id, change))


@router.post("/{account_id}/pause", openapi_extra=MANAGE, responses=problems("account_unknown"))
async def pause_account(request: Request, account_id: IdPath) -> AccountShown:
    """Stop syncing an account until it is resumed; what is under way ends in order."""
    return await _seen(request, lambda accounts, here: accounts.pause(here, account_id))


@router.post(
    "/{account_id}/resume",
    openapi_extra=MANAGE,
    responses=problems("account_unknown", "consent_refused"),
)
async def resume_account(request: Request, account_id: IdPath) -> AccountShown:
    """Let an account go on that was paused, or whose permission was put right."""
    return await _seen(request, lambda accounts, here: accounts.resume(here, account_id))


@router.post(
    "/{account_id}/sync-now",
    status_code=202,
    openapi_extra=MANAGE,
    responses=problems("account_unknown", "consent_refused"),
)
async def sync_account_now(request: Request, account_id: IdPath) -> AccountShown:
    """Ask for sync out of turn; a worker begins it within a few seconds."""
    return await _seen(request, lambda accounts, here: accounts.sync_now(here, account_id))


@router.post(
    "/{account_id}/resync",
    status_code=202,
    openapi_extra=MANAGE,
    responses=problems("account_unknown", "consent_refused"),
)
async def resync_account(request: Request, account_id: IdPath) -> AccountShown:
    """Look through everything of an account anew; nothing that is kept is removed first."""
    return await _seen(request, lambda accounts, here: accounts.resync(here, account_id))


@router.delete(
    "/{account_id}",
    status_code=204,
    openapi_extra=MANAGE,
    responses=problems("account_unknown"),
)
async def disconnect_account(request: Request, account_id: IdPath) -> None:
    """Forget an account, its tokens, messages and events; consent is taken back at Google."""
    workspace_id = principal_of(request).workspace_id
    await services_of(request).accounts.disconnect(workspace_id, account_id)
