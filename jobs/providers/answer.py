"""What a provider answered, and how it is read without trusting it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar, TypeAlias, cast

from pydantic_core import from_json

from jobs.sync.faults import Temporary

Fields: TypeAlias = dict[str, object]
"""A JSON object of a provider; every member is looked at before it is believed."""

_LONGEST_RETRY_AFTER_S = 24 * 3600.0
_SUCCESS = range(200, 300)
_MAX_COUNT = 2**53
"""As far as counts are exact wherever JSON is read; databases hold more."""


class AnswerOutOfBounds(Temporary):
    """The provider could not be reached, or answered with nothing usable: {reason}.

    Sync tries again by itself.
    """

    code: ClassVar[str] = "provider_answer_out_of_bounds"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by name in small letters, and the whole body, which is never shown."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Claim that the provider did what was asked."""
        return self.status in _SUCCESS

    def fields(self) -> Fields:
        """Return the JSON object of the body.

        Raises:
            AnswerOutOfBounds: it is nested too deep.
            Temporary: it is none: a page of a proxy, say, or cut off in the middle.

        """
        try:
            value = _read(self.body)
        except RecursionError:
            raise AnswerOutOfBounds("an answer is nested too deep") from None
        except ValueError:
            raise Temporary("the answer is not JSON, or was cut off") from None
        if not isinstance(value, dict):
            raise Temporary("the answer is not a JSON object")
        return cast("Fields", value)


def _read(body: bytes) -> object:
    """Return the value of JSON as the standard library reads it, in half its time where it can.

    The other reader refuses what is rare and legal all the same, such as halves of surrogate
    pairs and what is nested deeper than 200; where both read something it is the same.
    """
    try:
        value: object = from_json(body, cache_strings="keys")
    except ValueError:
        value = json.loads(body)
    return value


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how long the header Retry-After asks us to wait, at most a day.

    It holds seconds or a date; None where it is missing or neither.
    """
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return min(_LONGEST_RETRY_AFTER_S, float(given))
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(_LONGEST_RETRY_AFTER_S, max(0.0, (aware - now).total_seconds()))


def text_of(fields: Mapping[str, object], name: str) -> str:
    """Return a member that is text; empty where it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def count_of(fields: Mapping[str, object], name: str) -> int:
    """Return a member that counts something; 0 where it is missing or something else."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return max(0, min(value, _MAX_COUNT))


def fields_of(fields: Mapping[str, object], name: str) -> Fields:
    """Return a member that is an object; an empty one where it is missing or something else."""
    value = fields.get(name)
    return cast("Fields", value) if isinstance(value, dict) else {}


def list_of(fields: Mapping[str, object], name: str) -> list[Fields]:
    """Return the objects of a member that is a list; empty where it is something else."""
    value = fields.get(name)
    if not isinstance(value, list):
        return []
    items = cast("list[object]", value)
    return [cast("Fields", item) for item in items if isinstance(item, dict)]


def texts_of(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return the texts of a member that is a list; empty where it is something else."""
    value = fields.get(name)
    if not isinstance(value, list):
        return ()
    items = cast("list[object]", value)
    return tuple(item for item in items if isinstance(item, str))
