"""Puts together what reads, changes and follows the settings of an instance."""

import os
import secrets
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from config.acknowledgement import ProcessLabel
from config.broadcaster import Broadcaster
from config.configuration import Configuration
from config.last_good import LastGoodFile
from config.live import LiveConfiguration, Pace
from config.ports import Hints
from config.snapshot import Snapshot
from config.sources import Sources, Start, start
from config.subscriber import Subscriber
from config.variables import Settings
from drivers.port import Health, HealthState
from sanderling.kernel.clock import Clock
from sanderling.store import Database, SQLConfigStore
from sanderling.wiring.foundation import Foundation, open_foundation
from sanderling.wiring.hints import build_hints
from sanderling.wiring.meanwhile import meanwhile
from sanderling.wiring.sealer import sealer_of

LAST_GOOD = "config.last-good"


def label_process(kind: str) -> ProcessLabel:
    """Return a new label for this start of this process."""
    unique = f"{kind}-{os.getpid()}-{secrets.token_hex(8)}"
    return ProcessLabel(id=unique, kind=kind, host=socket.gethostname())


def build_sources(snapshot: Snapshot, database: Database, clock: Clock) -> Sources:
    """Return where the settings of this process come from; `snapshot` is what it knows so far."""
    settings = snapshot.settings
    sealer = sealer_of(settings)
    return Sources(
        store=SQLConfigStore(database, clock),
        sealer=sealer,
        layers=snapshot.layers,
        last_good=LastGoodFile(_last_good_path(settings), sealer),
    )


def build_shared_hints(settings: Settings, database: Database, clock: Clock) -> Hints:
    """Return what carries hints between the processes of this instance.

    Raises:
        RedisURLRefused: the URL of Redis is not one.

    """
    url = settings.redis_url
    return build_hints(database, redis_url=url.get_secret_value() if url else None, clock=clock)


def build_configuration(sources: Sources, hints: Hints, clock: Clock) -> Configuration:
    """Return what people change settings with."""
    return Configuration(
        store=sources.store,
        hints=hints,
        sealer=sources.sealer,
        layers=sources.layers,
        clock=clock,
    )


@asynccontextmanager
async def open_configuration(snapshot: Snapshot) -> AsyncGenerator[Configuration]:
    """Yield the settings of the instance for a command that changes them; nothing else starts.

    Raises:
        Failure: as `open_foundation` would.

    """
    settings = snapshot.settings
    async with open_foundation(settings) as foundation:
        database, clock = foundation.database, foundation.clock
        async with build_shared_hints(settings, database, clock) as hints:
            yield build_configuration(build_sources(snapshot, database, clock), hints, clock)


@dataclass(frozen=True, slots=True)
class Beginning:
    """The settings that a process starts with, and what it follows or changes them by."""

    sources: Sources
    begun: Start
    hints: Hints
    clock: Clock

    @property
    def settings(self) -> Settings:
        """What every part of the process is built from at first."""
        return self.begun.snapshot.settings

    @property
    def configuration(self) -> Configuration:
        """What people change settings with."""
        return build_configuration(self.sources, self.hints, self.clock)


async def begin(snapshot: Snapshot, foundation: Foundation) -> Beginning:
    """Return the settings to start with; `snapshot` is what the process knows without them.

    Raises:
        ConfigRejected: what is stored is not valid here.
        RedisURLRefused: the URL of Redis is not one.
        StoreUnavailableError: the database is away, and there is no copy of the last good ones.

    """
    database, clock = foundation.database, foundation.clock
    sources = build_sources(snapshot, database, clock)
    hints = build_shared_hints(snapshot.settings, database, clock)
    begun = await start(sources)
    if not sources.is_database_read:
        # Nothing is copied here, so nothing allows to go on while the database is away.
        _ = foundation.default_workspace_id
    return Beginning(sources, begun, hints, clock)


@asynccontextmanager
async def following(
    beginning: Beginning, subscribers: Sequence[Subscriber], *, process: ProcessLabel
) -> AsyncGenerator[LiveConfiguration]:
    """Yield the settings in force, which follow the newest revision until the way out."""
    settings, hints = beginning.settings, beginning.hints
    poll_s = settings.config_poll_interval_ms / 1000
    live = LiveConfiguration(
        beginning.sources,
        hints,
        Broadcaster(subscribers, settings),
        beginning.begun,
        process=process,
        pace=Pace(poll_s, secrets.SystemRandom().random, beginning.clock),
    )
    async with hints:
        # A process counts among those that a change is awaited in from its first moment on.
        await live.look()
        async with meanwhile(live.follow(), name="configuration"):
            yield live


def health_of(live: LiveConfiguration) -> Health:
    """Say whether the newest settings are in force; old ones serve calls all the same."""
    reasons = live.reasons()
    state = HealthState.DEGRADED if reasons else HealthState.OK
    return Health(state, reasons, {"revision": live.snapshot.revision})


def _last_good_path(settings: Settings) -> Path:
    return settings.config_last_good_file or settings.home / LAST_GOOD
