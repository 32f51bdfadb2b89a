"""How we speak to Redis: briefly, and without ever waiting for long.

The library's types leave many of its arguments and results open; what we use of it is spelled
out here, so that the rest of the room is checked.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Protocol, Self, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sanderling.redis.errors import RedisAwayError, RedisURLRefused

CONNECT_S: Final = 1.0
ANSWER_S: Final = 1.0

AWAY: Final = (RedisError, OSError, TimeoutError)
"""What is raised when Redis is away, refuses us, or does not answer in time."""

_SCHEMES = ("redis://", "rediss://", "unix://")


class PubSub(Protocol):
    """A connection that listens; `tests/contract/test_hints_contract.py` holds it to that."""

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End, and give the connection back."""
        ...

    async def subscribe(self, channel: str, /) -> object:
        """Ask for what is said on `channel`."""
        ...

    async def ping(self) -> object:
        """Ask for a sign of life."""
        ...

    async def get_message(self, *, timeout: float) -> Mapping[str, object] | None:  # noqa: ASYNC109 - the library's name.
        """Return what comes next, None when nothing does."""
        ...


class RedisClient(Protocol):
    """What we use of the library; `tests/contract/test_hints_contract.py` holds it to that."""

    async def ping(self) -> object:
        """Ask for a sign of life."""
        ...

    async def publish(self, channel: str, message: str, /) -> object:
        """Tell whoever listens on `channel`."""
        ...

    def pubsub(self) -> PubSub:
        """Return a connection that can listen."""
        ...

    async def evalsha(self, *words: str | int) -> object:
        """Run a script that the server knows: its SHA-1, how many keys, keys and words."""
        ...

    async def eval(self, *words: str | int) -> object:
        """Run a script, which the server knows from then on: its text, then as above."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


def open_redis(url: str, *, answer_s: float = ANSWER_S) -> RedisClient:
    """Return a client for `url`; nothing is opened before the first command.

    A command fails after `answer_s` seconds without an answer, and nothing is tried twice:
    whoever uses the client knows better whether a second time makes sense.

    Raises:
        RedisURLRefused: it is not the URL of a Redis; no part of it is repeated.

    """
    if not url.startswith(_SCHEMES):
        raise RedisURLRefused(reason="it does not start with redis://")
    try:
        client: Any = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - see the top.
            url,
            socket_connect_timeout=min(CONNECT_S, answer_s),
            socket_timeout=answer_s,
            retry=Retry(NoBackoff(), 0),
            # Every release of Redis, and every proxy for it, speaks the second protocol.
            protocol=2,
            client_name="sanderling",
        )
    except ValueError:
        # The parser's text quotes the URL, and with it the password.
        raise RedisURLRefused(reason="it cannot be read as a URL") from None
    return cast("RedisClient", client)


def check_redis_url(url: str) -> None:
    """Pass the URL of a Redis; nothing is opened.

    Raises:
        RedisURLRefused: it is not one.

    """
    open_redis(url)


async def try_redis(url: str) -> str:
    """Return a sentence that says that the Redis at `url` answers.

    Raises:
        RedisURLRefused: it is not the URL of a Redis.
        RedisAwayError: it does not answer, or does not let us in.

    """
    client = open_redis(url)
    try:
        await client.ping()
    except AWAY as error:
        raise RedisAwayError(reason=type(error).__name__) from None
    finally:
        await client.aclose()
    return "Redis answers."
