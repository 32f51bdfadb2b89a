"""All mails of one person, and the log of what changed."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from sanderling.simulator.core.mail import Letter, Mail


class ChangeKind(StrEnum):
    """What happened to a mail."""

    ADDED = "added"
    DELETED = "deleted"
    PLACED = "placed"
    READ = "read"
    UNREAD = "unread"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log; `mail` is how it was right after, or right before it was deleted."""

    seq: int
    kind: ChangeKind
    mail: Mail
    places_added: frozenset[str] = frozenset()
    places_removed: frozenset[str] = frozenset()


class UnknownMail(LookupError):
    """There is no such mail, or no longer."""


class Mailbox:
    """Hold mails and say what changed after a point of the log.

    Every change gets the next number. A number below `floor` is too old to ask about; `generation`
    tells cursors of before and after an expiry apart. One event loop owns it.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.seq = 1
        self.floor = 1
        self.generation = 1
        self.on_change: Callable[[], object] = lambda: None
        """Told of each change, before it can be seen."""
        self._mails: dict[int, Mail] = {}
        self._threads: dict[int, list[int]] = {}
        self._log: list[Change] = []
        self._next = 1
        self._newest: tuple[int, tuple[Mail, ...]] = (0, ())

    @property
    def mails(self) -> Mapping[int, Mail]:
        """Every mail by its number."""
        return MappingProxyType(self._mails)

    @property
    def thread_count(self) -> int:
        """How many threads have a mail left."""
        return len(self._threads)

    def newest_first(self) -> tuple[Mail, ...]:
        """Return all mails by the time they came, and by number where that is the same."""
        seq, mails = self._newest
        if seq != self.seq:
            mails = tuple(
                sorted(
                    self._mails.values(),
                    key=lambda mail: (mail.letter.sent_at, mail.number),
                    reverse=True,
                )
            )
            self._newest = (self.seq, mails)
        return mails

    def get(self, number: int) -> Mail:
        """Return a mail.

        Raises:
            UnknownMail: there is none with this number.

        """
        try:
            return self._mails[number]
        except KeyError:
            raise UnknownMail(number) from None

    def thread(self, thread: int) -> tuple[Mail, ...]:
        """Return the mails of a thread, the first one first.

        Raises:
            UnknownMail: none is left.

        """
        if thread not in self._threads:
            raise UnknownMail(thread)
        return tuple(self._mails[number] for number in self._threads[thread])

    def add(
        self,
        letter: Letter,
        *,
        places: frozenset[str],
        thread: int | None = None,
        is_read: bool = False,
        is_draft: bool = False,
    ) -> Mail:
        """Keep a letter, as a reply in a thread or as the first of its own."""
        number, self._next = self._next, self._next + 1
        seq = self._step()
        first = number if thread is None else thread
        mail = Mail(number, first, letter, places, is_read, is_draft, seq, seq)
        self._mails[number] = mail
        self._threads.setdefault(first, []).append(number)
        self._log.append(Change(seq, ChangeKind.ADDED, mail))
        return mail

    def place(
        self,
        number: int,
        *,
        add: frozenset[str] = frozenset(),
        remove: frozenset[str] = frozenset(),
    ) -> Mail:
        """Put a mail into places and take it out of others; what is so already changes nothing."""
        mail = self.get(number)
        added, removed = add - mail.places, (remove & mail.places) - add
        if not added and not removed:
            return mail
        placed = replace(mail, places=(mail.places - removed) | added, changed=self._step())
        self._keep(Change(self.seq, ChangeKind.PLACED, placed, added, removed))
        return placed

    def mark(self, number: int, *, is_read: bool) -> Mail:
        """Mark a mail as read or unread."""
        mail = self.get(number)
        if mail.is_read is is_read:
            return mail
        marked = replace(mail, is_read=is_read, changed=self._step())
        self._keep(Change(self.seq, ChangeKind.READ if is_read else ChangeKind.UNREAD, marked))
        return marked

    def edit(self, number: int, letter: Letter) -> Mail:
        """Replace what is written in a mail, as people do with drafts."""
        seq = self._step()
        edited = replace(self.get(number), letter=letter, changed=seq, content_changed=seq)
        self._keep(Change(seq, ChangeKind.EDITED, edited))
        return edited

    def delete(self, number: int) -> None:
        """Remove a mail for ever."""
        mail = self.get(number)
        del self._mails[number]
        self._threads[mail.thread].remove(number)
        if not self._threads[mail.thread]:
            del self._threads[mail.thread]
        self._log.append(Change(self._step(), ChangeKind.DELETED, mail))

    def changes_after(self, seq: int) -> list[Change]:
        """Return the log from the change after `seq`, the oldest first."""
        return self._log[bisect_right(self._log, seq, key=lambda change: change.seq) :]

    def expire(self) -> None:
        """Make every cursor void that was given out so far."""
        self.floor = self._step()
        self.generation += 1
        self._log.clear()

    def _keep(self, change: Change) -> None:
        self._mails[change.mail.number] = change.mail
        self._log.append(change)

    def _step(self) -> int:
        self.seq += 1
        self.on_change()
        return self.seq
