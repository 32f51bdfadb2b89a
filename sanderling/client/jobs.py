"""What people do with the jobs of the worker."""

import re

from jobs.errors import JobUnknown
from sanderling.api.job_models import JOB_NAME_PATTERN, JobList, JobShown
from sanderling.client.jobs_transport import JobsTransport

_NAME = re.compile(JOB_NAME_PATTERN)


class Jobs:
    """See and steer the jobs of the whole server, as one of its administrators."""

    def __init__(self, transport: JobsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def list(self) -> JobList:
        """Return every job by name, and the processes that run them."""
        return await self._transport.list()

    async def get(self, name: str) -> JobShown:
        """Return one job.

        Raises:
            JobUnknown: nobody knows it.

        """
        return await self._transport.get(_known(name))

    async def run(self, name: str) -> JobShown:
        """Ask for one run out of turn; a worker begins it within a few seconds.

        Raises:
            JobUnknown: nobody knows it.
            JobRunRefused: it is turned off, or has no runs.

        """
        return await self._transport.run(_known(name))

    async def pause(self, name: str) -> JobShown:
        """Let nothing of a job begin in any worker; what is under way finishes."""
        return await self._transport.pause(_known(name))

    async def resume(self, name: str) -> JobShown:
        """Let a paused job go on with its next moment; those that passed are not made up for."""
        return await self._transport.resume(_known(name))


def _known(name: str) -> str:
    # A text that is no name is not sent, for it could be another route.
    if not _NAME.fullmatch(name):
        raise JobUnknown(name=name)
    return name
