"""`/v1/jobs`: the jobs of the worker, for administrators of the server."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from sanderling.access.permission import Permission
from sanderling.api.job_models import JobList, JobShown
from sanderling.api.permitted_route import PermittedRoute, needs, services_of
from sanderling.api.problem_responses import problems

READ = needs(Permission.JOBS_READ)
MANAGE = needs(Permission.JOBS_MANAGE)

NamePath = Annotated[str, Path(description="The job's name.")]

router = APIRouter(route_class=PermittedRoute, prefix="/v1/jobs", tags=["jobs"])


@router.get("", openapi_extra=READ, responses=problems())
async def list_jobs(request: Request) -> JobList:
    """List every job: what the settings want, which workers have it, and how it went."""
    return JobList.of(await services_of(request).jobs.list())


@router.get("/{name}", openapi_extra=READ, responses=problems("job_unknown"))
async def get_job(request: Request, name: NamePath) -> JobShown:
    """Show one job."""
    return JobShown.of(await services_of(request).jobs.get(name))


@router.post(
    "/{name}/run",
    status_code=202,
    openapi_extra=MANAGE,
    responses=problems("job_unknown", "job_run_refused"),
)
async def run_job(request: Request, name: NamePath) -> JobShown:
    """Ask for one run out of turn; a worker begins it within a few seconds."""
    return JobShown.of(await services_of(request).jobs.run(name))


@router.post("/{name}/pause", openapi_extra=MANAGE, responses=problems("job_unknown"))
async def pause_job(request: Request, name: NamePath) -> JobShown:
    """Let nothing of a job begin in any worker; what is under way finishes."""
    return JobShown.of(await services_of(request).jobs.pause(name))


@router.post("/{name}/resume", openapi_extra=MANAGE, responses=problems("job_unknown"))
async def resume_job(request: Request, name: NamePath) -> JobShown:
    """Let a paused job go on with its next moment."""
    return JobShown.of(await services_of(request).jobs.resume(name))
