"""Why Redis is not used."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class RedisURLRefused(Refusal):
    """The Redis URL cannot be used: {reason}.

    Write `redis://:PASSWORD@HOST:6379/0`, or `rediss://` for TLS, into REDIS_URL.
    """

    code: ClassVar[str] = "redis_url_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that holds no part of the URL."""
        super().__init__(reason=reason)
