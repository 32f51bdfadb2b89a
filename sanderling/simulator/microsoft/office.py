"""What Graph keeps beside the neutral world: folders, tokens of walks, what was told of series."""

from collections import defaultdict
from dataclasses import dataclass, field

from sanderling.simulator.core.world import Person, World
from sanderling.simulator.microsoft.cursor import Cursors
from sanderling.simulator.microsoft.folders import FolderBook


@dataclass(slots=True)
class Office:
    """One world with what only Graph has. One event loop owns it."""

    world: World
    cursors: Cursors = field(default_factory=Cursors)
    told: dict[tuple[str, int], set[str]] = field(
        default_factory=lambda: defaultdict[tuple[str, int], set[str]](set)
    )
    """Which occurrences of a series were ever listed, so that their end can be told."""
    needs_admin: bool = False
    """Whether people may not let applications in without an administrator."""
    interaction_required: set[str] = field(default_factory=set[str])
    """Whose refresh tokens are refused until they come to the page again."""
    _books: dict[str, FolderBook] = field(default_factory=dict[str, FolderBook])

    def folders(self, person: Person) -> FolderBook:
        """Return the folders of a person."""
        return self._books.setdefault(person.email, FolderBook())

    def remove_folder(self, person: Person, key: str) -> None:
        """Remove a folder with all mails in it, and the folders within."""
        gone = frozenset(self.folders(person).remove(key))
        for mail in list(person.mailbox.mails.values()):
            if mail.places & gone:
                person.mailbox.delete(mail.number)
