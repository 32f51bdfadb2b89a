"""The engine port: carry word of work to a process that does it, soon.

Rows own the truth. A ticket says only that there may be work: whoever gets it looks at the rows,
claims there what is due, and guards what it writes by a fence. So an engine may carry a ticket
late or twice, and it may lose one; whoever keeps rows asks again for those that nobody took up.

Every implementation passes `tests/contract/test_engine_contract.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self, TypeAlias


@dataclass(frozen=True, slots=True)
class Ticket:
    """Word that there may be work of one kind.

    `task` names the handler. Of tickets with one `task` and one `key` an engine keeps one at a
    time, from its enqueueing to the end of its handler; a key that holds the number of the attempt
    is therefore new for each. Nobody handles it before `not_before`, which is aware.
    """

    task: str
    key: str
    not_before: datetime | None = None


Handler: TypeAlias = Callable[[str], Awaitable[None]]
"""Does what a ticket is about, given its key; what it raises is logged, and the ticket is done."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """How an engine is; `reasons` are sentences, and there are none where all is well.

    `waiting` counts tickets that wait for a handler in any process, None where nobody can say.
    `running` counts those handled here, and `places` how many may be.
    """

    reasons: tuple[str, ...]
    waiting: int | None
    running: int
    places: int


class Engine(Protocol):
    """Carry tickets, within a process or between many.

    Entered and left once, on the event loop that uses it. Entering does not wait for anything
    outside of the process. Leaving takes up no more tickets, lets handlers under way finish within
    the time that the engine was given, and cancels those that take longer; what waits then is
    forgotten, or left to other processes.

    When what it stands on is away it carries tickets within the process, and comes back by itself.
    """

    @property
    def name(self) -> str:
        """What carries the tickets, for example `redis`."""
        ...

    def handle(self, task: str, handler: Handler) -> None:
        """Give tickets of `task` to `handler`; said before entering, once for each task."""
        ...

    def consume(self, places: int) -> None:
        """Handle up to `places` tickets at once in this process; 0, as at first, handles none.

        May be said at any time. Handlers under way go on when there are fewer places.
        """
        ...

    def hurry(self) -> None:
        """Cancel handlers under way; for whoever is told a second time to end."""
        ...

    async def __aenter__(self) -> Self:
        """Begin to carry."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End as told above."""
        ...

    async def enqueue(self, *tickets: Ticket) -> None:
        """Carry `tickets` to where they are handled; within a second or so, and never raising."""
        ...

    def health(self) -> EngineHealth:
        """Say how it is, or was within the last second or two."""
        ...
