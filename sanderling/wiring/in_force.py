"""The settings that parts of a process read while they run."""

from dataclasses import dataclass

from config.variables import Settings


@dataclass(slots=True)
class InForce:
    """The settings that are in force; one event loop owns it."""

    settings: Settings
