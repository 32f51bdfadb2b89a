"""Jobs over HTTP."""

from typing import Protocol, TypeVar

from pydantic import BaseModel

from sanderling.api.job_models import JobList, JobShown

Answer = TypeVar("Answer", bound=BaseModel)


class _Connection(Protocol):
    async def read(self, path: str, model: type[Answer]) -> Answer: ...

    async def write(self, method: str, path: str, model: type[Answer]) -> Answer: ...


class HTTPJobs:
    """Ask a server for its jobs."""

    def __init__(self, connection: _Connection) -> None:
        """Speak over `connection`."""
        self._connection = connection

    async def list(self) -> JobList:
        """Return every job."""
        return await self._connection.read("/v1/jobs", JobList)

    async def get(self, name: str) -> JobShown:
        """Return one job."""
        return await self._connection.read(f"/v1/jobs/{name}", JobShown)

    async def run(self, name: str) -> JobShown:
        """Ask for one run out of turn."""
        return await self._connection.write("POST", f"/v1/jobs/{name}/run", JobShown)

    async def pause(self, name: str) -> JobShown:
        """Let nothing of a job begin."""
        return await self._connection.write("POST", f"/v1/jobs/{name}/pause", JobShown)

    async def resume(self, name: str) -> JobShown:
        """Let a paused job go on."""
        return await self._connection.write("POST", f"/v1/jobs/{name}/resume", JobShown)
