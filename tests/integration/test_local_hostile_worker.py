"""The host survives whatever a worker writes, and believes none of it."""

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drivers.guest.channel import ERROR, HELLO, LOG, MOST_LOG_FRAMES, RESULT, frame
from drivers.limits import Limits
from drivers.local.switchboard import Switchboard
from drivers.local.worker import Worker
from drivers.port import OutcomeKind
from drivers.replies.exchange import Ending, Reply, Terms
from drivers.replies.verdicts import judge
from sanderling.kernel.units import MIB
from support.artifacts import an_artifact
from support.sandbox import CHILDLESS, ended_process, open_descriptors

pytestmark = pytest.mark.slow

NONCE = b"0123456789abcdef"
LIMITS = Limits(result_bytes=1024, log_bytes=256)
ARTIFACT = an_artifact("def handler(event, context):\n    pass\n", limits=LIMITS)
GOOD = frame(RESULT, b'{"nonce":"0123456789abcdef","value":1}')
EMPTY_LOG = bytes(8)


@pytest.fixture(scope="module")
def dead_pidfd() -> Iterator[tuple[int, int]]:
    """Return a process that is gone, to stand for a worker's."""
    with ended_process() as ended:
        yield ended


async def exchange_with(
    said: bytes, dead: tuple[int, int], *, stays: bool = False, request: bytes = b"request"
) -> tuple[Reply, Worker]:
    """Let a worker say hello, hear 100 bytes and answer `said`; it ends if not `stays`."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    changed = asyncio.Event()
    switchboard = Switchboard()
    worker = Worker(1, ours, switchboard, lambda _worker: changed.set(), CHILDLESS)
    worker.adopt(dead[0], os.dup(dead[1]), idle_bytes=None)
    # Nobody will tell how this process ended.
    worker.orphan()
    theirs.sendall(frame(HELLO, b""))
    async with asyncio.timeout(5):
        await changed.wait()
    worker.allow(result_bytes=LIMITS.result_bytes, log_bytes=LIMITS.log_bytes)
    call = asyncio.ensure_future(worker.exchange(request, Terms(0.2, 0.1, LIMITS.log_bytes)))
    await asyncio.sleep(0)
    theirs.recv(100)
    theirs.sendall(said)
    if not stays:
        theirs.close()
    try:
        return await call, worker
    finally:
        worker.discard()
        switchboard.close()
        theirs.close()


frames = st.builds(
    frame, st.sampled_from([RESULT, ERROR, LOG, HELLO, 0, 255]), st.binary(max_size=300)
)
said_things = st.one_of(
    st.binary(max_size=200),
    st.lists(frames, max_size=5).map(b"".join),
    st.lists(frames, max_size=3).map(lambda some: b"".join(some) + GOOD),
)


@given(said=said_things)
@example(said=GOOD)
@example(said=GOOD + GOOD)
@example(said=GOOD + b"x")
@example(said=frame(LOG, EMPTY_LOG + b"x" * 256) + GOOD)
@example(said=frame(LOG, EMPTY_LOG + b"x" * 257) + GOOD)
@example(said=frame(LOG, b"short") + GOOD)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_whatever_a_worker_says_the_call_has_an_outcome(
    said: bytes, dead_pidfd: tuple[int, int]
) -> None:
    """Any bytes give one of the documented outcomes, and no descriptor is left."""
    before = open_descriptors()

    reply, _ = await exchange_with(said, dead_pidfd)

    verdict = judge(reply, ARTIFACT, NONCE, wall_s=0.2, is_reused=True)
    assert verdict.kind in {
        OutcomeKind.OK,
        OutcomeKind.CRASHED,
        OutcomeKind.USER_ERROR,
        OutcomeKind.OUT_OF_MEMORY,
    }
    assert reply.log_size <= LIMITS.log_bytes
    assert open_descriptors() == before


async def test_a_clean_answer_is_taken(dead_pidfd: tuple[int, int]) -> None:
    """One log frame and one result make a clean call."""
    reply, worker = await exchange_with(frame(LOG, EMPTY_LOG + b"hi\n") + GOOD, dead_pidfd)

    assert reply.ending is Ending.ANSWERED
    assert reply.log == "hi\n"
    assert not worker.is_unfit


@pytest.mark.parametrize(
    "rest", [GOOD, b"x", b"no frame at all", frame(HELLO, b""), frame(LOG, EMPTY_LOG)]
)
async def test_a_worker_that_says_more_than_asked_is_unfit(
    rest: bytes, dead_pidfd: tuple[int, int]
) -> None:
    """The answer stands and the worker is never asked again."""
    reply, worker = await exchange_with(GOOD + rest, dead_pidfd)

    assert reply.ending is Ending.ANSWERED
    assert worker.is_unfit


async def test_a_worker_that_answers_before_it_was_asked_is_unfit(
    dead_pidfd: tuple[int, int],
) -> None:
    """What it did not hear of this request would reach it before the next one, or instead of it."""
    reply, worker = await exchange_with(GOOD, dead_pidfd, stays=True, request=bytes(4 * MIB))

    assert reply.ending is Ending.ANSWERED
    assert worker.is_unfit


@pytest.mark.parametrize(
    "said",
    [
        frame(LOG, EMPTY_LOG + b"x" * 257),
        frame(LOG, EMPTY_LOG + b"x" * 200) * 2,
        frame(LOG, EMPTY_LOG) * (MOST_LOG_FRAMES + 1),
        frame(LOG, b"short"),
        frame(LOG, EMPTY_LOG + b"hi") + frame(HELLO, b""),
        frame(HELLO, b""),
        frame(RESULT, b"x" * 2048),
    ],
)
async def test_a_broken_protocol_ends_the_worker_at_once(
    said: bytes, dead_pidfd: tuple[int, int]
) -> None:
    """A violation is told and not waited out."""
    reply, worker = await exchange_with(said, dead_pidfd, stays=True)

    assert reply.ending is Ending.VIOLATED
    assert worker.is_lost


async def test_a_worker_that_never_answers_is_over_at_its_deadline(
    dead_pidfd: tuple[int, int],
) -> None:
    """Half a frame is no answer, and what was logged is kept."""
    said = frame(LOG, EMPTY_LOG + b"so far") + GOOD[:7]

    reply, worker = await exchange_with(said, dead_pidfd, stays=True)

    assert reply.ending is Ending.WALL
    assert reply.log == "so far"
    assert worker.is_lost


async def test_an_idle_worker_that_speaks_is_lost() -> None:
    """Whatever comes unasked makes a worker unusable."""
    changed = asyncio.Event()
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    switchboard = Switchboard()
    worker = Worker(1, ours, switchboard, lambda _worker: changed.set(), CHILDLESS)

    with theirs:
        theirs.sendall(frame(HELLO, b"") + GOOD)
        async with asyncio.timeout(5):
            await changed.wait()
        worker.discard()
        switchboard.close()

    assert worker.is_lost
    assert not worker.is_idle
