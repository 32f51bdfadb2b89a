"""Reads the members of JSON objects that came over a wire, each as the type expected there."""

from enum import StrEnum
from typing import TypeVar

from runner.errors import OutcomeUnreadableError
from sanderling.kernel.jsontext import JSON

Word = TypeVar("Word", bound=StrEnum)


class Members:
    """The members of one object; each method raises `OutcomeUnreadableError` for another type."""

    def __init__(self, value: JSON) -> None:
        """Take an object."""
        if not isinstance(value, dict):
            raise OutcomeUnreadableError(reason="an object is expected")
        self._members = value

    def get(self, name: str) -> JSON:
        """Return the member, whatever it is."""
        if name not in self._members:
            raise OutcomeUnreadableError(reason=f"`{name}` is missing")
        return self._members[name]

    def text(self, name: str) -> str:
        """Return the member, which is a string."""
        value = self.get(name)
        if not isinstance(value, str):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a string")
        return value

    def number(self, name: str) -> float | None:
        """Return the member, which is a number or null."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a number")
        return value

    def whole(self, name: str) -> int | None:
        """Return the member, which is a whole number or null."""
        value = self.number(name)
        if not isinstance(value, (int, type(None))):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a whole number")
        return value

    def flag(self, name: str) -> bool:
        """Return the member, which is true or false."""
        value = self.get(name)
        if not isinstance(value, bool):
            raise OutcomeUnreadableError(reason=f"`{name}` is not true or false")
        return value

    def items(self, name: str) -> list[JSON]:
        """Return the member, which is a list."""
        value = self.get(name)
        if not isinstance(value, list):
            raise OutcomeUnreadableError(reason=f"`{name}` is not a list")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the member, which is a list of strings."""
        values = self.items(name)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) < len(values):
            raise OutcomeUnreadableError(reason=f"`{name}` holds something else than strings")
        return texts

    def word(self, name: str, words: type[Word]) -> Word:
        """Return the member, which is one of `words`."""
        value = self.text(name)
        try:
            return words(value)
        except ValueError as error:
            raise OutcomeUnreadableError(reason=f"`{name}` is not a word known here") from error
