"""Gives random generators a new seed when a call asks for one, and only then.

A fork inherits the state of its parent's generators: without a new seed every call of every
workspace would draw the same numbers. This stands apart from the generators, so that a worker
without `random` does not load it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable


class Renewal:
    """The generators of this process, and whether they have the state of somebody else's call."""

    __slots__ = ("_seeders", "is_due")

    def __init__(self) -> None:
        """Start due, as a fork does."""
        self.is_due = True
        self._seeders: list[Callable[[], object]] = []

    def add(self, seeder: Callable[[], object]) -> None:
        """Let `seeder` give one generator a new seed."""
        self._seeders.append(seeder)

    def renew_if_due(self) -> None:
        """Seed once per call, so that a later `import random` keeps a seed that user code chose."""
        if self.is_due:
            self.is_due = False
            for seed in self._seeders:
                seed()


RENEWAL = Renewal()
"""Made due at the start of every call."""
