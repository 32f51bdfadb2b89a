"""Why docket carries nothing."""

from typing import ClassVar

from sanderling.kernel.errors import Fault


class CarrierAwayError(Fault):
    """What carries tickets does not answer: {reason}.

    Executions run where they are submitted until it is back; look at REDIS_URL and at Redis.
    """

    code: ClassVar[str] = "carrier_away"

    def __init__(self, *, reason: str) -> None:
        """Keep the name of what went wrong; the library's text may quote the address."""
        super().__init__(reason=reason)
