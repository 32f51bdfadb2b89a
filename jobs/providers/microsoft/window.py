"""The window in which a calendar is looked at: it is fixed for a month, and then anchored anew."""

from dataclasses import dataclass
from datetime import UTC, datetime

_MONTHS_BACK = 6
_MONTHS_AHEAD = 18


@dataclass(frozen=True, slots=True)
class Window:
    """The months around one month, which is its `anchor`, such as `2026-11`."""

    anchor: str
    start: datetime
    end: datetime

    @property
    def params(self) -> dict[str, str]:
        """The window as Graph is asked for it."""
        return {"startDateTime": _written(self.start), "endDateTime": _written(self.end)}


def window_at(now: datetime) -> Window:
    """Return the window of the month that it is."""
    return _around(now.year * 12 + now.month - 1)


def window_of(anchor: str) -> Window:
    """Return the window of an anchor."""
    year, _, month = anchor.partition("-")
    return _around(int(year) * 12 + int(month) - 1)


def _around(month: int) -> Window:
    first = _first(month)
    start, end = _first(month - _MONTHS_BACK), _first(month + _MONTHS_AHEAD)
    return Window(f"{first.year:04}-{first.month:02}", start, end)


def _first(month: int) -> datetime:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
