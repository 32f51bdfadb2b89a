"""All meetings of one person, and which of them changed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from sanderling.simulator.core.meeting import Meeting, MeetingStatus, Plan, When


class UnknownMeeting(LookupError):
    """There is no such meeting."""


class Agenda:
    """Hold meetings, cancelled ones too, and say which changed after a point.

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
        self._meetings: dict[int, Meeting] = {}
        self._next = 1

    @property
    def meetings(self) -> Mapping[int, Meeting]:
        """Every meeting by its number."""
        return MappingProxyType(self._meetings)

    def get(self, number: int) -> Meeting:
        """Return a meeting.

        Raises:
            UnknownMeeting: there is none with this number.

        """
        try:
            return self._meetings[number]
        except KeyError:
            raise UnknownMeeting(number) from None

    def exceptions_of(self, master: int) -> tuple[Meeting, ...]:
        """Return the meetings that stand for single ones of a series, cancelled ones too."""
        return tuple(found for found in self._meetings.values() if found.master == master)

    def add(
        self,
        plan: Plan,
        *,
        at: datetime,
        master: int | None = None,
        original_start: When | None = None,
    ) -> Meeting:
        """Keep a plan, as an exception to a series or on its own."""
        number, self._next = self._next, self._next + 1
        uid = f"m{number}@simulator.example" if master is None else self.get(master).uid
        meeting = Meeting(number, uid, plan, self._step(), 0, at, at, master, original_start)
        self._meetings[number] = meeting
        return meeting

    def edit(self, number: int, plan: Plan, *, at: datetime) -> Meeting:
        """Replace the plan of a meeting."""
        found = self.get(number)
        edited = replace(
            found, plan=plan, changed=self._step(), revision=found.revision + 1, updated_at=at
        )
        self._meetings[number] = edited
        return edited

    def cancel(self, number: int, *, at: datetime) -> Meeting:
        """Call a meeting off, and the exceptions to it; an exception says so of its day alone."""
        for exception in self.exceptions_of(number):
            if not exception.is_cancelled:
                self.cancel(exception.number, at=at)
        plan = replace(self.get(number).plan, status=MeetingStatus.CANCELLED)
        return self.edit(number, plan, at=at)

    def changed_after(self, seq: int, *, until: int) -> list[Meeting]:
        """Return the meetings whose last change is after `seq` and not after `until`, in order."""
        found = [kept for kept in self._meetings.values() if seq < kept.changed <= until]
        return sorted(found, key=lambda kept: kept.changed)

    def expire(self) -> None:
        """Make every cursor void that was given out so far."""
        self.floor = self._step()
        self.generation += 1

    def _step(self) -> int:
        self.seq += 1
        self.on_change()
        return self.seq
