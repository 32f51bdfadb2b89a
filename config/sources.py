"""Where a process gets its settings from, and with which it starts."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from config.errors import ConfigRejected
from config.last_good import LastGoodFile
from config.layers import Layers
from config.loader import build_snapshot, is_database_read
from config.ports import ConfigStore, Sealer
from config.snapshot import Snapshot
from config.stored import StoredBody
from sanderling.kernel.errors import StoreUnavailableError

log = structlog.get_logger()

Answer = TypeVar("Answer")

STORE_TIMEOUT_S = 4.0
"""How long the store may take for one answer; a connection that died silently ends here."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The store, the key to its secrets, what the process found beside it, and the last good."""

    store: ConfigStore
    sealer: Sealer
    layers: Layers
    last_good: LastGoodFile

    @property
    def is_database_read(self) -> bool:
        """Claim that what is stored counts."""
        return is_database_read(self.layers)

    async def read_head(self) -> int:
        """Return the newest revision.

        Raises:
            StoreUnavailableError: the store is away, or silent for `STORE_TIMEOUT_S`.

        """
        return await within(self.store.read_head())

    async def read_body(self) -> StoredBody:
        """Return the newest body.

        Raises:
            StoreUnavailableError: as above.

        """
        return await within(self.store.read_body())

    def build(self, body: StoredBody) -> Snapshot:
        """Return the settings that `body` gives in this process.

        Raises:
            ConfigRejected: it gives none.

        """
        return build_snapshot(self.layers, body, sealer=self.sealer)


@dataclass(frozen=True, slots=True)
class Start:
    """The settings to start with; `why` tells where they are not those of the newest revision.

    `revision` is the newest one that was seen; it is above that of the settings when it was
    refused, and None when the store was away. `body` is what a process that lasts keeps a copy
    of; None where there is nothing new to keep.
    """

    snapshot: Snapshot
    revision: int | None
    why: str = ""
    body: StoredBody | None = None


async def start(sources: Sources) -> Start:
    """Return the settings to start with: the stored ones, else the last good ones.

    Raises:
        ConfigRejected: what is stored is not valid here, and there is no last good copy that is.
        StoreUnavailableError: the store is away, and there is no last good copy.

    """
    if not sources.is_database_read:
        return Start(build_snapshot(sources.layers), revision=0)
    try:
        body = await sources.read_body()
    except StoreUnavailableError as away:
        return await _from_copy(sources, None, away)
    try:
        snapshot = sources.build(body)
    except ConfigRejected as rejected:
        return await _from_copy(sources, body.revision, rejected)
    return Start(snapshot, body.revision, body=body if body.revision else None)


async def _from_copy(
    sources: Sources, revision: int | None, reason: ConfigRejected | StoreUnavailableError
) -> Start:
    kept = await asyncio.to_thread(sources.last_good.load)
    if kept is None:
        raise reason
    try:
        snapshot = sources.build(kept)
    except ConfigRejected:
        raise reason from None
    log.warning("config.copy-used", revision=kept.revision, code=reason.code)
    return Start(snapshot, revision, reason.detail)


async def within(answer: Awaitable[Answer]) -> Answer:
    """Return what the store answers in time.

    Raises:
        StoreUnavailableError: it does not.

    """
    try:
        async with asyncio.timeout(STORE_TIMEOUT_S):
            return await answer
    except TimeoutError as error:
        reason = f"no answer within {STORE_TIMEOUT_S:g} seconds"
        raise StoreUnavailableError(reason=reason) from error
