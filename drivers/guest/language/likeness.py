"""Finds the name that somebody who mistyped one probably meant.

difflib would do, but it is not loaded in every worker.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_ALIKE = 0.3
"""The share of its characters that may have to be changed."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that takes fewest changes to `name`, if those are few."""
    best, fewest = None, len(name) + 1
    for other in sorted(names):
        longest = max(len(name), len(other))
        if abs(len(name) - len(other)) <= longest * _MOST_ALIKE:
            changes = _changes(name, other)
            if changes <= longest * _MOST_ALIKE and changes < fewest:
                best, fewest = other, changes
    return best


def _changes(left: str, right: str) -> int:
    """Count the characters to insert, drop or replace to turn one into the other."""
    before = list(range(len(right) + 1))
    for row, mine in enumerate(left, 1):
        now = [row]
        for column, theirs in enumerate(right, 1):
            replaced = before[column - 1] + (mine != theirs)
            now.append(min(replaced, before[column] + 1, now[-1] + 1))
        before = now
    return before[-1]
