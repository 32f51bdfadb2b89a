"""How many calls run at once."""

from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Declared, Group
from config.kinds import Milliseconds, Whole
from config.variables.group import VariableGroup

_Cap = Annotated[Whole, Field(ge=0, le=100_000)]


class ConcurrencyVariables(VariableGroup):
    """Caps on calls at once; functions may have narrower ones of their own."""

    group: ClassVar[Group] = Group.CONCURRENCY

    concurrency_in_all: Annotated[
        _Cap,
        Declared(
            "FUNCTION_CONCURRENCY_IN_ALL",
            "Calls that run at once in all, over every process that shares a Redis; 0 is no cap. "
            "The Local driver is also bounded by its memory budget.",
        ),
    ] = 0
    concurrency_per_workspace: Annotated[
        _Cap,
        Declared(
            "FUNCTION_CONCURRENCY_PER_WORKSPACE",
            "Calls of one workspace that run at once, however many others run; 0 is no cap.",
        ),
    ] = 0
    concurrency_soft: Annotated[
        _Cap,
        Declared(
            "FUNCTION_CONCURRENCY_SOFT_PER_WORKSPACE",
            "Calls at once beyond which a workspace gives way to others that wait; 0 is an even "
            "share. Without others it may have more.",
        ),
    ] = 0
    concurrency_queue_limit: Annotated[
        Whole,
        Field(ge=0, le=100_000),
        Declared(
            "FUNCTION_CONCURRENCY_QUEUE_LIMIT",
            "Calls that may wait for their turn in a process; of a full line the youngest call of "
            "whoever fills it is turned away.",
        ),
    ] = 1000
    concurrency_queue_wait_ms: Annotated[
        Milliseconds,
        Field(ge=1, le=600_000),
        Declared(
            "FUNCTION_CONCURRENCY_QUEUE_WAIT_MS",
            "Milliseconds that a call waits for its turn at most.",
        ),
    ] = 5000
