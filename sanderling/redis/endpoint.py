"""Where a Redis is, and what it wants to hear first."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from redis.asyncio import Redis

from sanderling.redis.connection import check_redis_url

Protocol = TypeVar("Protocol", bound=asyncio.BaseProtocol)


def encode_command(words: Sequence[str | bytes]) -> bytes:
    """Return a command as Redis reads it."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word.encode() if isinstance(word, str) else word
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server, as a URL names it; `path` is that of a Unix socket."""

    host: str
    port: int
    path: str | None = None
    tls: ssl.SSLContext | None = None
    greeting: tuple[bytes, ...] = field(default=(), repr=False)
    """Commands that begin a connection; each is answered by one line."""

    async def connect(self, make: Callable[[], Protocol]) -> Protocol:
        """Return a connected protocol; the caller bounds the wait."""
        loop = asyncio.get_running_loop()
        if self.path is not None:
            _, protocol = await loop.create_unix_connection(make, self.path)
            return protocol
        _, protocol = await loop.create_connection(make, self.host, self.port, ssl=self.tls)
        return protocol


def endpoint_of(url: str) -> Endpoint:
    """Return the endpoint that `url` leads to, read as everything else in this room reads it.

    Raises:
        RedisURLRefused: it is not the URL of a Redis.

    """
    check_redis_url(url)
    # The library knows every part that such a URL may have, those of TLS among them.
    client: Any = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - see connection.py.
    known: Any = client.connection_pool.make_connection()
    tls: Any = getattr(known, "ssl_context", None)
    return Endpoint(
        host=getattr(known, "host", ""),
        port=getattr(known, "port", 0),
        path=getattr(known, "path", None),
        tls=None if tls is None else tls.get(),
        greeting=tuple(_greeting(known.username, known.password, known.db)),
    )


def _greeting(username: str | None, password: str | None, number: int) -> list[bytes]:
    words: list[list[str]] = []
    if password:
        words.append(["AUTH", *([username] if username else []), password])
    if number:
        words.append(["SELECT", str(number)])
    words.append(["CLIENT", "SETNAME", "sanderling-limits"])
    return [encode_command(command) for command in words]
