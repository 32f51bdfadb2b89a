"""One client for one command: over HTTP where a URL is given, else in this process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # the client is imported when it is used, which keeps --help quick.
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sanderling.client import Sanderling

Result = TypeVar("Result")


def with_client(
    work: Callable[[Sanderling], Awaitable[Result]],
    *,
    url: str | None,
    key: str | None,
    home: Path | None,
) -> Result:
    """Return what `work` does with a client that is open only meanwhile.

    Raises:
        Refusal: the client or the server says no.
        Fault: the server or the home cannot be reached.

    """
    from sanderling.cli.screen import log_quietly  # noqa: PLC0415 - as above.
    from sanderling.client import Sanderling  # noqa: PLC0415 - as above.

    async def run() -> Result:
        async with Sanderling(url, key=key, home=home) as client:
            return await work(client)

    log_quietly()
    return asyncio.run(run())
