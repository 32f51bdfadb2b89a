"""Moments in bodies of requests."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field


def moment_of(text: str) -> datetime:
    """Return the moment that `text` names, in UTC.

    Raises:
        ValueError: it names none, or has no time zone.

    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("it is not a moment such as 2026-01-31T12:00:00Z")


def _moment(given: object) -> object:
    """Take a text with a time zone; a bare number could be seconds, or anything."""
    if isinstance(given, str):
        return moment_of(given)
    if given is None or isinstance(given, datetime):
        return given
    raise ValueError("it is not a moment such as 2026-01-31T12:00:00Z")


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment)]
"""A moment that names its time zone, in UTC."""
