"""Opens an instance in this process; whoever loads this loads all that functions need to run."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from config.loader import load_snapshot
from sanderling.access.principal import BearerKey
from sanderling.client.in_process_transport import Instance
from sanderling.wiring import open_runtime

PROCESS = "the process that uses sanderling.client"


@asynccontextmanager
async def open_instance(home: Path | None, key: str | None) -> AsyncGenerator[Instance]:
    """Yield the instance in `home`; without a key the operator works on it.

    Raises:
        ConfigRejected: a setting cannot be used.
        StoreUnavailableError: the database is away.

    """
    async with open_runtime(load_snapshot(home=home), process=PROCESS) as runtime:
        credential = runtime.operator if key is None else BearerKey(key)
        yield Instance(runtime.services, credential)
