"""The settings in force, immutable and numbered."""

from dataclasses import dataclass

from config.variables import Settings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Settings that were validated together; a higher revision is newer."""

    revision: int
    settings: Settings
