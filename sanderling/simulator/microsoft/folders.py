"""The folders of one mailbox, and which of them changed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

WELL_KNOWN = {
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sentitems": "Sent Items",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "archive": "Archive",
    "outbox": "Outbox",
    "conversationhistory": "Conversation History",
}
ROOT = "msgfolderroot"


class UnknownFolder(LookupError):
    """There is no such folder."""


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder: the key is the place in which mails lie, the parent another folder's key."""

    key: str
    name: str
    parent: str
    changed: int
    is_removed: bool = False


class FolderBook:
    """Hold the folders of one person. One event loop owns it."""

    def __init__(self) -> None:
        """Begin with those that everybody has, and one within the inbox."""
        self.seq = 0
        self._folders: dict[str, MailFolder] = {}
        for key, name in WELL_KNOWN.items():
            self._keep(MailFolder(key, name, ROOT, 0))
        self._keep(MailFolder("projects", "Projects", "inbox", 0))

    def get(self, key: str) -> MailFolder:
        """Return a folder that is there.

        Raises:
            UnknownFolder: there is none, or no longer.

        """
        found = self._folders.get(key)
        if found is None or found.is_removed:
            raise UnknownFolder(key)
        return found

    def children(self, parent: str) -> list[MailFolder]:
        """Return the folders right within another one."""
        return [kept for kept in self.present() if kept.parent == parent]

    def present(self) -> list[MailFolder]:
        """Return every folder that is there."""
        return [kept for kept in self._folders.values() if not kept.is_removed]

    def changed_after(self, seq: int) -> list[MailFolder]:
        """Return the folders, removed ones too, that changed after a point, in order."""
        found = [kept for kept in self._folders.values() if kept.changed > seq]
        return sorted(found, key=lambda kept: kept.changed)

    def add(self, name: str, *, parent: str = ROOT) -> MailFolder:
        """Make a folder."""
        if parent != ROOT:
            self.get(parent)
        return self._keep(MailFolder(f"own{self.seq + 1}", name, parent, 0))

    def rename(self, key: str, name: str) -> MailFolder:
        """Call a folder something else."""
        return self._keep(replace(self.get(key), name=name))

    def move(self, key: str, *, parent: str) -> MailFolder:
        """Put a folder with all within it into another one, which does not lie in it."""
        self.get(parent)
        return self._keep(replace(self.get(key), parent=parent))

    def remove(self, key: str) -> list[str]:
        """Remove a folder with those within it; return their keys."""
        gone = [key, *self._below(key)]
        for each in gone:
            self._keep(replace(self.get(each), is_removed=True))
        return gone

    def _below(self, key: str) -> Iterable[str]:
        for child in self.children(key):
            yield child.key
            yield from self._below(child.key)

    def _keep(self, folder: MailFolder) -> MailFolder:
        self.seq += 1
        kept = replace(folder, changed=self.seq)
        self._folders[folder.key] = kept
        return kept
