"""Carries a change over to a newer revision, or says what stands against it; pure."""

from collections.abc import Mapping
from typing import TypeAlias

Values: TypeAlias = Mapping[str, str]
Asked: TypeAlias = Mapping[str, str | None]
"""What each variable is to be; None takes it out of the database."""


def clashes(asked: Asked, base: Values, head: Values) -> tuple[str, ...]:
    """Return the variables that somebody else has changed since `base` to something else.

    One that both changed to the same is no clash. All others can be carried over: whether the
    whole is valid is seen afterwards.
    """
    return tuple(
        name
        for name, wanted in sorted(asked.items())
        if base.get(name) != head.get(name) and head.get(name) != wanted
    )


def merge(asked: Asked, head: Values) -> dict[str, str]:
    """Return `head` with what was asked for."""
    merged = {name: text for name, text in head.items() if name not in asked}
    return merged | {name: text for name, text in asked.items() if text is not None}


def differences(before: Values, after: Values) -> tuple[str, ...]:
    """Return the names that are not the same in both, sorted."""
    names = sorted({*before, *after})
    return tuple(name for name in names if before.get(name) != after.get(name))
