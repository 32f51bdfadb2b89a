"""The one error root: refusals are facts, faults end in `Error`."""

import inspect
from collections.abc import Mapping
from typing import ClassVar

Fact = str | int | float | bool | None


class Failure(Exception):
    """Something did not go as asked."""

    code: ClassVar[str] = "failure"
    message: ClassVar[str]
    hint: ClassVar[str]
    facts: Mapping[str, Fact]
    detail: str
    """What happened."""
    advice: str
    """What to do next; empty where there is nothing to say."""

    def __init_subclass__(cls) -> None:
        """Read message (first paragraph) and hint (the second, if any) from the docstring."""
        super().__init_subclass__()
        paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
        cls.message = " ".join(paragraphs[0].split())
        cls.hint = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""

    def __init__(self, **facts: Fact) -> None:
        """Keep the facts; `{name}` in message and hint is replaced by the fact of that name."""
        self.facts = facts
        self.detail = self.message.format_map(facts) if facts else self.message
        self.advice = self.hint.format_map(facts) if facts else self.hint
        super().__init__(f"{self.detail} {self.advice}".rstrip())


class Refusal(Failure):
    """The request was understood and is not carried out.

    Subclasses are facts without suffix; callers handle them.
    """

    code: ClassVar[str] = "refused"


class Fault(Failure):
    """Something on our side or behind it broke.

    Subclasses end in `Error`; they reach the log with a traceback.
    """

    code: ClassVar[str] = "fault"


class StoreUnavailableError(Fault):
    """The database did not answer: {reason}.

    Nothing was changed; try again shortly. `sanderling doctor` tells more.
    """

    code: ClassVar[str] = "store_unavailable"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that holds no part of the database's address."""
        super().__init__(reason=reason)
