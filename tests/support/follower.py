"""A process that follows settings, with everything in the test's hand."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from config.acknowledgement import AcknowledgementState, ProcessLabel
from config.broadcaster import Broadcaster
from config.last_good import LastGoodFile
from config.layers import Layers
from config.live import LiveConfiguration, Pace
from config.sources import Sources, start
from config.subscriber import Prepared
from config.variables import LogLevel, Settings
from sanderling.kernel.errors import Fault
from support.desk import Desk

POLL_S = 5.0


class DiskFullError(Fault):
    """The disk is full."""


@dataclass
class Part:
    """Follows the log level, unless it cannot; while it is `held` it gets ready and is not."""

    level: LogLevel = LogLevel.INFO
    trouble: bool = False
    name: str = "part"
    attempts: int = 0
    levels: list[str] = field(default_factory=list[str])
    held: asyncio.Event | None = None

    def needs(self, settings: Settings) -> object:
        """Return the level."""
        return settings.log_level

    async def prepare(self, settings: Settings) -> Prepared:
        """Take the level, or fail."""
        self.attempts += 1
        if self.trouble:
            raise DiskFullError
        if self.held is not None:
            await self.held.wait()

        async def discard() -> None:
            pass

        return Prepared(lambda: self.levels.append(settings.log_level), discard)


class Process:
    """A process that follows settings, with everything in the test's hand."""

    def __init__(self, desk: Desk, folder: Path, layers: Layers | None = None) -> None:
        """Prepare; `begin` starts it."""
        self.desk = desk
        self.part = Part()
        self.hints = desk.board.hints()
        self.sources = Sources(
            store=desk.store,
            sealer=desk.sealer,
            layers=layers or Layers(),
            last_good=LastGoodFile(folder / "last-good", desk.sealer),
        )
        self.live: LiveConfiguration

    async def begin(self) -> LiveConfiguration:
        """Read what is stored and look once."""
        begun = await start(self.sources)
        self.live = LiveConfiguration(
            self.sources,
            self.hints,
            Broadcaster([self.part], begun.snapshot.settings),
            begun,
            process=ProcessLabel("p1", "serve", "host"),
            pace=Pace(POLL_S, lambda: 1.0, self.desk.clock),
        )
        await self.live.look()
        return self.live

    async def word(self) -> tuple[int, AcknowledgementState, int, str]:
        """Return what it said last."""
        (seen,) = await self.desk.store.list_acknowledgements()
        said = seen.acknowledgement
        return said.revision, said.state, said.in_force, said.why
