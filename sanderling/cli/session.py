"""One client for one command: over HTTP where a URL is given, else in this process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # the client is imported when it is used, which keeps --help quick.
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from config.variables import Settings
    from sanderling.client import Sanderling
    from sanderling.client.in_process_transport import Instance
    from sanderling.client.settings import ServerSettings

Result = TypeVar("Result")
PROCESS = "sanderling functions"


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

    async def run() -> Result:
        async with _client(url, key, home) as client:
            return await work(client)

    log_quietly()
    return asyncio.run(run())


def with_settings(
    work: Callable[[ServerSettings], Awaitable[Result]],
    *,
    url: str | None,
    key: str | None,
    home: Path | None,
) -> Result:
    """Return what `work` does with the settings of a server, or of the home on this machine.

    The operator needs nothing but the database: settings that keep every process from starting
    can be mended like any other.

    Raises:
        Refusal: the client or the server says no.
        Fault: the server or the home cannot be reached.

    """
    if url is not None or key is not None:
        return with_client(lambda client: work(client.settings), url=url, key=key, home=home)
    from sanderling.cli.screen import log_quietly  # noqa: PLC0415 - as above.

    async def run() -> Result:
        async with _operating(home) as settings:
            return await work(settings)

    log_quietly()
    return asyncio.run(run())


@asynccontextmanager
async def _operating(home: Path | None) -> AsyncGenerator[ServerSettings]:
    from config.loader import load_snapshot  # noqa: PLC0415 - as above.
    from sanderling.access.permission import Permission  # noqa: PLC0415 - as above.
    from sanderling.access.principal import Principal, Role  # noqa: PLC0415 - as above.
    from sanderling.client.in_process_settings import InProcessSettings  # noqa: PLC0415 - as above.
    from sanderling.client.settings import ServerSettings  # noqa: PLC0415 - as above.
    from sanderling.kernel.ids import WorkspaceId  # noqa: PLC0415 - as above.
    from sanderling.wiring.configuration import open_configuration  # noqa: PLC0415 - as above.

    async def admit(_: Permission) -> Principal:
        # Whoever runs the command owns the machine; no workspace is touched.
        return Principal(WorkspaceId(""), Role.ADMIN, is_server_admin=True)

    async with open_configuration(load_snapshot(home=home)) as configuration:
        yield ServerSettings(InProcessSettings(lambda: configuration, admit))


def _client(url: str | None, key: str | None, home: Path | None) -> Sanderling:
    from sanderling.client import Sanderling  # noqa: PLC0415 - as above.

    if url is not None:
        return Sanderling(url, key=key)
    from sanderling.client.in_process_transport import InProcessTransport  # noqa: PLC0415 - as above.

    return Sanderling(key=key, transport=InProcessTransport(_opened(home, key)))


@asynccontextmanager
async def _opened(home: Path | None, key: str | None) -> AsyncGenerator[Instance]:
    """Yield the instance in `home`; its driver starts only when something is to run."""
    from config.loader import load_snapshot  # noqa: PLC0415 - as above.
    from sanderling.access.principal import BearerKey  # noqa: PLC0415 - as above.
    from sanderling.client.in_process_transport import Instance  # noqa: PLC0415 - as above.
    from sanderling.wiring import build_driver, open_runtime  # noqa: PLC0415 - as above.
    from sanderling.wiring.on_demand import OnDemandDriver  # noqa: PLC0415 - as above.

    snapshot = load_snapshot(home=home)

    def on_demand(settings: Settings) -> OnDemandDriver:
        return OnDemandDriver(build_driver(settings, process=PROCESS))

    async with open_runtime(snapshot, process=PROCESS, driver=on_demand) as runtime:
        yield Instance(runtime.services, runtime.operator if key is None else BearerKey(key))
