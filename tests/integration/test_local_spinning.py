"""Spinning for an answer changes how long a call takes, and nothing else."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from drivers.guest.channel import BIND, CALL_SPINNING, HELLO, LOG, RESULT, frame
from drivers.local import LocalDriver, LocalSettings
from drivers.local.spinning import SPINNING, Waits, Way
from drivers.local.switchboard import Switchboard
from drivers.local.worker import Worker
from drivers.port import Isolation, OutcomeKind
from drivers.replies.exchange import Ending, Reply, Terms
from support.artifacts import an_artifact, an_invocation
from support.sandbox import CHILDLESS, ended_process

pytestmark = pytest.mark.slow

TERMS = Terms(wall_s=5.0, cpu_s=5.0, log_bytes=1000)
ANSWER = frame(RESULT, b'{"nonce":"0123456789abcdef","value":1}')
A_LINE = frame(LOG, bytes(8) + b"line\n")


@dataclass
class Pair:
    """A worker of ours, and the end of its socket that a process would hold."""

    worker: Worker
    theirs: socket.socket


@pytest.fixture(scope="module")
def dead_pidfd() -> Iterator[tuple[int, int]]:
    """Return a process that is gone, to stand for a worker's."""
    with ended_process() as ended:
        yield ended


@pytest.fixture
async def pair(dead_pidfd: tuple[int, int]) -> AsyncIterator[Pair]:
    """Make a worker that is settled, whose process is gone but whose socket speaks."""
    pid, pidfd = dead_pidfd
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    changed = asyncio.Event()
    switchboard = Switchboard()
    worker = Worker(1, ours, switchboard, lambda _worker: changed.set(), CHILDLESS)
    worker.adopt(pid, os.dup(pidfd), idle_bytes=None)
    worker.orphan()
    theirs.sendall(frame(HELLO, b""))
    async with asyncio.timeout(5):
        await changed.wait()
    worker.settle()
    worker.allow(result_bytes=1000, log_bytes=1000)
    yield Pair(worker, theirs)
    worker.discard()
    switchboard.close()
    theirs.close()


async def test_an_answer_that_comes_at_once_needs_no_turn_of_the_loop(pair: Pair) -> None:
    """The reply is whole when the spinning ends, and the worker is free."""
    reply = pair.worker.begin(b"request", TERMS)
    pair.theirs.sendall(A_LINE + ANSWER)

    assert pair.worker.spin(reply)
    assert (reply.ending, reply.log) == (Ending.ANSWERED, "line\n")
    assert pair.worker.is_idle


async def test_an_answer_that_comes_later_is_waited_for(pair: Pair) -> None:
    """Spinning in vain loses nothing: the log that came then is there, and the answer follows."""
    reply = pair.worker.begin(b"request", TERMS)
    pair.theirs.sendall(A_LINE + ANSWER[:10])

    assert not pair.worker.spin(reply)
    pair.theirs.sendall(ANSWER[10:])
    await pair.worker.wait(reply)
    assert (reply.ending, reply.log) == (Ending.ANSWERED, "line\n")


async def test_a_worker_that_writes_without_end_does_not_hold_the_loop(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Always something to read, and never an answer: the spinning ends all the same."""

    def look(_timeout: int) -> list[tuple[int, int]]:
        return [(0, 1)]

    monkeypatch.setattr(pair.worker, "_poll", look)
    reply = pair.worker.begin(b"request", TERMS)

    assert not pair.worker.spin(reply)
    pair.theirs.sendall(ANSWER)
    await pair.worker.wait(reply)
    assert reply.ending is Ending.ANSWERED


@pytest.mark.parametrize(
    ("said", "ending"),
    [(None, Ending.GONE), (frame(99, b""), Ending.VIOLATED)],
    ids=["dies", "breaks the protocol"],
)
async def test_what_ends_a_call_ends_it_while_it_is_spun_for(
    pair: Pair, said: bytes | None, ending: Ending
) -> None:
    """A worker that dies or lies is found out at once, and is lost."""
    reply = pair.worker.begin(b"request", TERMS)
    pair.theirs.recv(100)
    if said is None:
        pair.theirs.close()
    else:
        pair.theirs.sendall(said)

    assert not pair.worker.spin(reply)
    await pair.worker.wait(reply)
    assert reply.ending is ending
    assert pair.worker.is_lost


async def test_a_worker_that_is_gone_was_not_asked(pair: Pair) -> None:
    """A request that nobody could take is told apart from one that brought no answer."""
    pair.theirs.close()

    reply = pair.worker.begin(b"request", TERMS)

    assert not pair.worker.spin(reply)
    await pair.worker.wait(reply)
    assert reply.ending is Ending.UNSENT


@pytest.mark.parametrize("said", [A_LINE, A_LINE[:2], ANSWER], ids=["a log", "half", "an answer"])
async def test_what_was_said_after_an_answer_is_nothing_of_the_next_call(
    pair: Pair, said: bytes
) -> None:
    """Although the loop had no turn in between, the worker is lost, and the call not with it."""
    first = pair.worker.begin(b"request", TERMS)
    pair.theirs.sendall(ANSWER)
    assert pair.worker.spin(first)
    pair.theirs.recv(100)
    pair.theirs.sendall(said)

    second = pair.worker.begin(b"request", TERMS)

    assert not pair.worker.spin(second)
    await pair.worker.wait(second)
    assert (second.ending, second.log) == (Ending.UNSENT, "")
    assert pair.worker.is_lost


COUNTING = """
def handler(event, context):
    print(event)
    if event % 5 == 0:
        raise ValueError(event)
    return event
"""


@pytest.fixture
def always_spinning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every call spin that may, whatever is quicker on this machine just now."""

    def choose(_waits: Waits) -> Way:
        return SPINNING

    monkeypatch.setattr(Waits, "choose", choose)


@pytest.mark.usefixtures("always_spinning")
async def test_answers_logs_and_errors_are_those_of_their_call() -> None:
    """One call right after the other, more than a turn of the loop has, each with its own end."""
    artifact = an_artifact(COUNTING, isolation=Isolation.FUNCTION)
    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        outcomes = [await driver.invoke(an_invocation(artifact, each)) for each in range(100)]

    for each, outcome in enumerate(outcomes):
        assert outcome.logs == f"{each}\n"
        if each % 5:
            assert (outcome.kind, outcome.result_json) == (OutcomeKind.OK, b"%d" % each)
        else:
            assert outcome.kind is OutcomeKind.USER_ERROR
            assert outcome.error is not None
            assert outcome.error.message == str(each)


@pytest.mark.usefixtures("always_spinning")
async def test_whoever_calls_without_end_lets_others_run() -> None:
    """Beside a caller who never rests another task has its turns."""
    artifact = an_artifact(COUNTING, isolation=Isolation.FUNCTION)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        await driver.invoke(an_invocation(artifact, 1))
        other = asyncio.create_task(others())
        before = turns
        for _ in range(200):
            await driver.invoke(an_invocation(artifact, 1))
        after = turns
        other.cancel()

    assert after - before >= 200 // 50


@pytest.mark.usefixtures("always_spinning")
async def test_who_calls_again_at_once_is_expected_to_do_so_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker is asked to look out for its next call, and serves one that comes late as well."""
    kinds: list[int] = []
    begin = Worker.begin

    def noted(
        worker: Worker, request: bytes, terms: Terms, *, is_spin_asked: bool = False
    ) -> Reply:
        kinds.append(request[4])
        return begin(worker, request, terms, is_spin_asked=is_spin_asked)

    monkeypatch.setattr(Worker, "begin", noted)
    monkeypatch.setattr("drivers.local.dispatch._PROMPT_S", 60.0)
    artifact = an_artifact(COUNTING, isolation=Isolation.FUNCTION)
    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        kinds.clear()
        for each in range(1, 5):
            outcome = await driver.invoke(an_invocation(artifact, each))
            assert outcome.result_json == b"%d" % each
            # Long enough for a worker that looks out to fall asleep.
            await asyncio.sleep(0.05)

    assert kinds == [BIND, *[CALL_SPINNING] * 3]


@pytest.mark.parametrize(
    ("rest_s", "spun_s", "least_s", "most_s"),
    [
        (10.0, 0.00005, 0.0999, 0.1001),
        (0.0, 0.00005, 0.1, 0.1001),
        (10.0, 0.9, 0.99, 1.1),
    ],
    ids=["by its own clock", "at most for what passed", "but for what is no spinning"],
)
async def test_a_call_is_not_charged_for_what_its_worker_spun_before(
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
    rest_s: float,
    spun_s: float,
    least_s: float,
    most_s: float,
) -> None:
    """The clock is read when the worker may have begun already, which costs the host nothing."""
    shown = iter([2.0, 2.0 + spun_s, 2.1 + spun_s])

    def read_cpu_s(_clock: int) -> float:
        return next(shown)

    monkeypatch.setattr("drivers.local.meters.read_cpu_s", read_cpu_s)

    def served(*, is_spin_asked: bool) -> Reply:
        reply = pair.worker.begin(b"request", TERMS, is_spin_asked=is_spin_asked)
        pair.theirs.sendall(ANSWER)
        assert pair.worker.spin(reply)
        return reply

    served(is_spin_asked=True)
    ended_s = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: ended_s + rest_s)
    charged_s = served(is_spin_asked=False).cpu_s

    assert charged_s is not None
    assert least_s < charged_s <= most_s


@pytest.mark.usefixtures("always_spinning")
async def test_whatever_goes_wrong_while_spinning_gives_the_worker_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing stays reserved for a call that ended in an error of the host's own."""
    artifact = an_artifact(COUNTING, isolation=Isolation.FUNCTION)

    def spin(_worker: Worker, _reply: Reply) -> bool:
        raise MemoryError

    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        await driver.invoke(an_invocation(artifact, 1))
        with monkeypatch.context() as patched:
            patched.setattr(Worker, "spin", spin)
            with pytest.raises(MemoryError):
                await driver.invoke(an_invocation(artifact, 2))
        await asyncio.sleep(0)
        numbers = (await driver.health()).numbers
        outcome = await driver.invoke(an_invocation(artifact, 3))

    assert (numbers["busy"], numbers["bound_idle"], numbers["memory_reserved_bytes"]) == (0, 0, 0)
    assert outcome.result_json == b"3"
