"""Where a provider puts mails of each genre."""

from collections.abc import Mapping
from dataclasses import dataclass

from sanderling.simulator.core.mail import Genre


@dataclass(frozen=True, slots=True)
class Placing:
    """The places of each genre: some labels, or one folder."""

    by_genre: Mapping[Genre, frozenset[str]]

    def places(self, genre: Genre) -> frozenset[str]:
        """Return where a mail of this genre lies."""
        return self.by_genre[genre]
