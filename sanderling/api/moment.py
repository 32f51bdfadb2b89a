"""Moments in bodies of requests."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from sanderling.api.call_filter_query import moment_of


def _moment(given: object) -> object:
    """Take a text with a time zone; a bare number could be seconds, or anything."""
    if isinstance(given, str):
        return moment_of(given)
    if given is None or isinstance(given, datetime):
        return given
    raise ValueError("it is not a moment such as 2026-01-31T12:00:00Z")


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment)]
"""A moment that names its time zone, in UTC."""
