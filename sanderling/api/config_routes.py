"""`/v1/config`: the settings of the whole server, for its administrators."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from config.configuration import Configuration
from config.edit import Edit
from config.stored import HistoryEntry
from sanderling.access.permission import Permission
from sanderling.api.config_models import (
    AskedConfigRollback,
    AskedRevision,
    AskedTrial,
    AskedValues,
    ChangeMade,
    ChangesShown,
    ConfigShown,
    ProcessList,
    RevisionPage,
    TrialList,
    TrialResultShown,
)
from sanderling.api.function_routes import Limit
from sanderling.api.page_bounds import MAX_WAIT_S
from sanderling.api.permitted_route import PermittedRoute, needs, principal_of, services_of
from sanderling.api.problem_responses import problems

READ = needs(Permission.CONFIG_READ)
WRITE = needs(Permission.CONFIG_WRITE)

_CHANGE = (
    *("invalid_json", "config_rejected", "variable_unknown", "environment_only_variable"),
    *("database_config_disabled", "revision_unknown", "config_conflict", "config_head_moved"),
    *("sealing_refused", "secret_unreadable"),
)

NumberPath = Annotated[int, Path(ge=0, le=2**53, description="The revision's number.")]
# A text that names no trial is answered with 404.
TrialPath = Annotated[str, Path(description="The trial's name.")]

router = APIRouter(route_class=PermittedRoute, prefix="/v1/config", tags=["config"])


@router.get("", openapi_extra=READ, responses=problems())
async def show_config(request: Request) -> ConfigShown:
    """List every variable with its value, source and meaning; secrets as fingerprints."""
    configuration = services_of(request).configuration
    # The revision is read first: a change that is based on it then meets whatever came after.
    revision = await configuration.read_head()
    shown = await configuration.describe()
    return ConfigShown.of(revision, shown, is_changeable=configuration.is_changeable)


@router.post("/check", openapi_extra=WRITE, responses=problems(*_CHANGE))
async def check_config(request: Request, asked: AskedValues) -> ChangesShown:
    """Say what a change would change, and keep nothing."""
    changes = await services_of(request).configuration.check(asked.texts(), base=asked.base)
    return ChangesShown.of(changes)


@router.post(
    "/revisions",
    status_code=201,
    openapi_extra=WRITE,
    responses={
        200: {"model": ChangeMade, "description": "Nothing would differ; no revision was made."},
        **problems(*_CHANGE),
    },
)
async def change_config(request: Request, asked: AskedRevision, response: Response) -> ChangeMade:
    """Change several settings at once, all of them or none, in every process."""
    configuration = services_of(request).configuration
    made = await configuration.change(
        Edit(asked.texts(), changed_by=_author(request), reason=asked.reason, base=asked.base)
    )
    return await _made(configuration, made, response)


@router.get("/revisions", openapi_extra=READ, responses=problems())
async def list_revisions(
    request: Request,
    limit: Limit = 50,
    before: Annotated[
        int | None, Query(ge=1, le=2**53, description="The `next_before` of an earlier page.")
    ] = None,
) -> RevisionPage:
    """List who changed what, when and why, newest first."""
    entries = await services_of(request).configuration.history(limit=limit + 1, before=before)
    return RevisionPage.of(entries, limit)


@router.get(
    "/revisions/{number}/in-force",
    openapi_extra=READ,
    responses=problems("revision_unknown", "revision_not_in_force"),
)
async def wait_in_force(
    request: Request,
    number: NumberPath,
    timeout_s: Annotated[
        float, Query(ge=0, le=MAX_WAIT_S, description="Seconds after which to give up.")
    ] = 0,
) -> ProcessList:
    """Wait until every process runs by this revision or a newer one."""
    words = await services_of(request).configuration.wait_in_force(number, timeout_s=timeout_s)
    return ProcessList.of(words)


@router.post(
    "/rollback",
    status_code=201,
    openapi_extra=WRITE,
    responses={
        200: {"model": ChangeMade, "description": "Nothing would differ; no revision was made."},
        **problems(*_CHANGE),
    },
)
async def roll_back_config(
    request: Request, asked: AskedConfigRollback, response: Response
) -> ChangeMade:
    """Make a new revision with the settings of an earlier one."""
    configuration = services_of(request).configuration
    made = await configuration.rollback(
        asked.revision, changed_by=_author(request), reason=asked.reason, base=asked.base
    )
    return await _made(configuration, made, response)


@router.get("/processes", openapi_extra=READ, responses=problems())
async def list_processes(request: Request) -> ProcessList:
    """List what each process did with the newest revision."""
    words = await services_of(request).configuration.acknowledgements()
    return ProcessList.of(words)


@router.get("/trials", openapi_extra=READ, responses=problems())
async def list_trials(request: Request) -> TrialList:
    """List what can be tried."""
    return TrialList.of(services_of(request).trials)


@router.post(
    "/trials/{name}",
    openapi_extra=WRITE,
    responses=problems(*_CHANGE, "trial_unknown", "trial_unavailable"),
)
async def run_trial(request: Request, name: TrialPath, asked: AskedTrial) -> TrialResultShown:
    """Try what the settings lead to, or would lead to with other values."""
    services = services_of(request)
    snapshot = await services.configuration.preview(asked.texts())
    return TrialResultShown.of(await services.trials.run(name, snapshot.settings))


async def _made(
    configuration: Configuration, made: HistoryEntry | None, response: Response
) -> ChangeMade:
    if made is not None:
        return ChangeMade.of(made, head=made.revision)
    response.status_code = 200
    return ChangeMade.of(None, head=await configuration.read_head())


def _author(request: Request) -> str:
    return principal_of(request).key_id or "operator"
