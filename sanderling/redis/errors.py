"""Why Redis is not used."""

from typing import ClassVar

from sanderling.kernel.errors import Fault, Refusal


class RedisURLRefused(Refusal):
    """The Redis URL cannot be used: {reason}.

    Write `redis://:PASSWORD@HOST:6379/0`, or `rediss://` for TLS, into REDIS_URL.
    """

    code: ClassVar[str] = "redis_url_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that holds no part of the URL."""
        super().__init__(reason=reason)


class RedisAwayError(Fault):
    """Redis does not answer, or does not let us in: {reason}.

    Look at REDIS_URL, and whether Redis runs and can be reached from here.
    """

    code: ClassVar[str] = "redis_away"

    def __init__(self, *, reason: str) -> None:
        """Keep the name of what went wrong; the library's text may quote the address."""
        super().__init__(reason=reason)
