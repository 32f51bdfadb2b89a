"""A configuration in memory, with what it stands on."""

import secrets

from config.acknowledgement import Acknowledgement, AcknowledgementState, ProcessLabel
from config.configuration import Configuration
from config.edit import Edit
from config.layers import Layers
from config.memory import MemoryConfigStore, MemoryHintBoard, MemorySealer
from config.stored import HistoryEntry
from sanderling.kernel.clock import VirtualClock


class Desk:
    """One configuration in memory, with what it stands on."""

    def __init__(self, **environment: str) -> None:
        """Start with nothing stored."""
        self.clock = VirtualClock()
        self.store = MemoryConfigStore(self.clock)
        self.sealer = MemorySealer(secrets.randbits)
        self.board = MemoryHintBoard(self.clock)
        self.configuration = self.process(**environment)

    def process(self, **environment: str) -> Configuration:
        """Return the configuration as another process with this environment sees it."""
        return Configuration(
            store=self.store,
            hints=self.board.hints(),
            sealer=self.sealer,
            layers=Layers(environment=environment),
            clock=self.clock,
        )

    async def set(self, base: int | None = None, /, **values: str | None) -> HistoryEntry | None:
        """Change settings as `operator`."""
        return await self.configuration.change(Edit(values, "operator", "because", base))

    async def stored(self) -> dict[str, str]:
        """Return what the newest body holds."""
        return dict((await self.store.read_body()).values)

    async def says(self, name: str, revision: int, in_force: int, why: str = "") -> None:
        """Let a process say what it runs by."""
        state = AcknowledgementState.REFUSED if why else AcknowledgementState.APPLIED
        label = ProcessLabel(name, "serve", "host")
        await self.store.acknowledge(Acknowledgement(label, revision, state, in_force, why))
