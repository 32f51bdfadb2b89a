"""One function that is called many times, each call as if it were the first."""

import gc
import marshal
from collections.abc import Iterator

import pytest

from drivers.guest.channel import LOG, NONCE_BYTES, RESULT, SilentChannel
from drivers.guest.function import Function
from drivers.guest.language.catalogue import preload
from support.language import compile_guest

KIB = 1024
LONG = 100
CALL = b"0" * NONCE_BYTES + b'{"event":%d,"context":{}}'

# Each generator makes the next one as it ends, in a ring that only the collector can take apart.
CHAIN = """
def handler(event, context):
    say, resume = print, next

    def link(number):
        try:
            yield
        finally:
            say(number)
            if number < LAST:
                begin(number + 1)

    def holding(ring):
        yield ring

    def begin(number):
        ring = [link(number)]
        ring.append(holding(ring))
        for each in ring:
            resume(each)

    if event == 1:
        begin(1)
    return event
"""


class Recorder(SilentChannel):
    """Keeps every frame that is written."""

    __slots__ = ("frames",)

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.frames: list[tuple[int, bytes]] = []

    def write(self, data: bytes) -> None:
        """Note one frame as kind and body."""
        self.frames.append((data[4], data[5:]))

    def log(self) -> str:
        """Return what was logged."""
        return b"".join(body[8:] for kind, body in self.frames if kind == LOG).decode()


@pytest.fixture(autouse=True)
def as_in_a_worker() -> Iterator[None]:
    """Let the collector look at nothing that was there before, and leave it nothing."""
    preload()
    gc.collect()
    gc.freeze()
    yield
    for _ in range(LONG):
        gc.collect()
    gc.unfreeze()


def reused(source: str) -> Function:
    """Load `source` into a function that expects more than one call."""
    function = Function(marshal.dumps(compile_guest(source)), 64 * KIB, 64 * KIB)
    function.expect_reuse()
    return function


def call(function: Function, event: int) -> Recorder:
    """Call it once and return all that it wrote; it must have answered with a result."""
    channel = Recorder()
    function.call(CALL % event, channel)
    assert channel.frames[-1][0] == RESULT
    return channel


@pytest.mark.parametrize("last", [1, 2, 3, 8])
def test_generators_that_make_others_as_they_end_all_end_in_their_call(last: int) -> None:
    """However long the chain, the call that began it runs it to its end."""
    function = reused(CHAIN.replace("LAST", str(last)))

    assert call(function, 1).log() == "".join(f"{number}\n" for number in range(1, last + 1))
    assert not function.is_spent
    assert call(function, 2).log() == ""


def test_a_function_whose_generators_do_not_come_to_an_end_is_spent() -> None:
    """There is an answer, and no later call in which one of them would run."""
    function = reused(CHAIN.replace("LAST", str(LONG)))

    call(function, 2)
    assert not function.is_spent
    call(function, 1)
    assert function.is_spent
