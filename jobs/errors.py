"""Why nothing is done about a job."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal

_LONGEST = 80


class JobUnknown(Refusal):
    """There is no job {name!r}.

    `sanderling jobs list` shows what there is.
    """

    code: ClassVar[str] = "job_unknown"

    def __init__(self, *, name: str) -> None:
        """Keep at most the first 80 characters of the name."""
        super().__init__(name=name[:_LONGEST])


class JobRunRefused(Refusal):
    """The job {name} cannot be asked to run: {reason}.

    {what_to_do}.
    """

    code: ClassVar[str] = "job_run_refused"

    def __init__(self, *, name: str, reason: str, what_to_do: str) -> None:
        """Keep why, and what to do instead."""
        super().__init__(name=name, reason=reason, what_to_do=what_to_do)
