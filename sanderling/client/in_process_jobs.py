"""Jobs without a server: the use-case, in this process, past the same gate as over HTTP."""

from collections.abc import Awaitable, Callable

from jobs.jobs import Jobs
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.job_models import JobList, JobShown

READ = Permission.JOBS_READ
MANAGE = Permission.JOBS_MANAGE

Admit = Callable[[Permission], Awaitable[Principal]]


class InProcessJobs:
    """Work on the jobs themselves."""

    def __init__(self, jobs: Callable[[], Jobs], admit: Admit) -> None:
        """Ask for `jobs` once they are open, and `admit` who may."""
        self._jobs = jobs
        self._admit = admit

    async def list(self) -> JobList:
        """Return every job."""
        await self._admit(READ)
        return JobList.of(await self._jobs().list())

    async def get(self, name: str) -> JobShown:
        """Return one job."""
        await self._admit(READ)
        return JobShown.of(await self._jobs().get(name))

    async def run(self, name: str) -> JobShown:
        """Ask for one run out of turn."""
        await self._admit(MANAGE)
        return JobShown.of(await self._jobs().run(name))

    async def pause(self, name: str) -> JobShown:
        """Let nothing of a job begin."""
        await self._admit(MANAGE)
        return JobShown.of(await self._jobs().pause(name))

    async def resume(self, name: str) -> JobShown:
        """Let a paused job go on."""
        await self._admit(MANAGE)
        return JobShown.of(await self._jobs().resume(name))
