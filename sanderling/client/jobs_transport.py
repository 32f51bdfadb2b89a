"""The port between what people write about jobs and where it happens."""

from typing import Protocol

from sanderling.api.job_models import JobList, JobShown


class JobsTransport(Protocol):
    """Carry what is asked about jobs; needs the permissions of a server administrator.

    Every implementation passes `tests/contract/test_client_jobs_contract.py`: same values, same
    refusals.
    """

    async def list(self) -> JobList:
        """Return every job."""
        ...

    async def get(self, name: str) -> JobShown:
        """Return one job."""
        ...

    async def run(self, name: str) -> JobShown:
        """Ask for one run out of turn."""
        ...

    async def pause(self, name: str) -> JobShown:
        """Let nothing of a job begin."""
        ...

    async def resume(self, name: str) -> JobShown:
        """Let a paused job go on."""
        ...
