"""Streams of a hostile worker, mutated frame by frame, against a reader that is plain to check."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.guest.channel import CODE, ERROR, HELLO, LOG, RESULT
from drivers.replies.frames import FrameReader, ProtocolViolated

RESULT_BYTES = 64
LOG_BYTES = 32
MOST = {RESULT: RESULT_BYTES + 256, ERROR: 64 * 1024, LOG: LOG_BYTES + 8}
FEW_FRAMES = 5_000
MANY_FRAMES = 1_000_000
_HEADER = struct.Struct(">IB")

Frames = list[tuple[int, bytes]]


def a_reader() -> FrameReader:
    """Return a reader that allows a small call."""
    reader = FrameReader()
    reader.allow(result_bytes=RESULT_BYTES, log_bytes=LOG_BYTES)
    return reader


def expected(stream: bytes) -> tuple[Frames, bool, int]:
    """Return the frames of a stream, whether it breaks the protocol, and how much is left over.

    This is the protocol as the reference page has it, read in one go without any care for speed.
    """
    frames: Frames = []
    while len(stream) >= _HEADER.size:
        length, kind = _HEADER.unpack_from(stream)
        if kind not in MOST or not 1 <= length <= MOST[kind] + 1:
            return frames, True, len(stream)
        if len(stream) < 4 + length:
            break
        frames.append((kind, stream[_HEADER.size : 4 + length]))
        stream = stream[4 + length :]
    return frames, False, len(stream)


def read(pieces: list[bytes]) -> tuple[Frames, bool, bool]:
    """Return what the reader gives for a stream in pieces."""
    reader = a_reader()
    frames: Frames = []
    try:
        for piece in pieces:
            frames += reader.feed(piece)
            reader.check_rest()
    except ProtocolViolated:
        return frames, True, reader.has_rest
    return frames, False, reader.has_rest


def check(pieces: list[bytes]) -> int:
    """Hold the reader to the plain one, and return how many frames came out."""
    frames, is_violation, has_rest = read(pieces)
    wanted, is_broken, rest = expected(b"".join(pieces))
    assert is_violation == is_broken
    # Frames before the one that breaks the protocol are given out, however the stream was cut.
    assert frames == wanted
    if not is_broken:
        assert has_rest == bool(rest)
    return len(wanted)


def header(length: int, kind: int) -> bytes:
    """Return a header without a body."""
    return _HEADER.pack(length, kind)


def whole(kind: int, body: bytes) -> bytes:
    """Return a frame as it should be."""
    return header(len(body) + 1, kind) + body


headers = st.builds(
    header,
    st.one_of(st.integers(0, 400), st.sampled_from([0, 1, 41, 42, 321, 322, 65537, 65538])),
    st.sampled_from([RESULT, LOG, ERROR, HELLO, CODE, 0, 255]),
)
wholes = st.builds(whole, st.sampled_from([RESULT, LOG, ERROR]), st.binary(max_size=40))
streams = st.lists(st.one_of(wholes, wholes, headers, st.binary(max_size=12)), max_size=8)


@given(parts=streams, sizes=st.lists(st.integers(1, 60), max_size=20))
def test_the_reader_agrees_with_the_protocol(parts: list[bytes], sizes: list[int]) -> None:
    """However a stream is broken and cut, what comes out is what the protocol says."""
    check(cut(b"".join(parts), sizes))


@pytest.mark.nightly
@settings(max_examples=20_000)
@given(parts=streams, sizes=st.lists(st.integers(1, 60), max_size=20))
def test_the_reader_agrees_with_the_protocol_for_long(parts: list[bytes], sizes: list[int]) -> None:
    """The same with many more streams, found by their shape."""
    check(cut(b"".join(parts), sizes))


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    """Return the stream in pieces of these sizes, and the rest as the last."""
    pieces: list[bytes] = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    return [piece for piece in (*pieces, stream) if piece]


def a_frame(chance: random.Random) -> bytes:
    """Return a frame that is mostly whole: one in fifty has a wrong header or a flipped byte."""
    kind = chance.choice((RESULT, LOG, LOG, ERROR))
    body = chance.randbytes(
        chance.choice((0, 1, 7, 8, 9, 32, 40, MOST[kind] if kind != ERROR else 99))
    )
    made = whole(kind, body)
    roll = chance.random()
    if roll < 0.01:
        place = chance.randrange(len(made))
        return made[:place] + chance.randbytes(1) + made[place + 1 :]
    if roll < 0.015:
        return _HEADER.pack(chance.choice((0, 1, 2**31, 2**32 - 1, MOST[kind] + 2)), kind) + body
    if roll < 0.02:
        return made[: chance.randrange(len(made))]
    return made


def run_frames(count: int) -> int:
    """Feed streams of up to 40 frames until that many went in, and return how many came out."""
    chance = random.Random(count)  # noqa: S311 - the same streams each time
    came = 0
    for _ in range(count // 20):
        stream = b"".join(a_frame(chance) for _ in range(20))
        sizes = [chance.choice((1, 3, 5, 64, 500)) for _ in range(chance.randrange(30))]
        came += check(cut(stream, sizes))
    return came


def test_thousands_of_frames_agree_with_the_protocol() -> None:
    """Long streams with rare faults are read as the protocol says."""
    assert run_frames(FEW_FRAMES) > FEW_FRAMES / 2


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_a_million_frames_agree_with_the_protocol() -> None:
    """The same, a million frames long."""
    assert run_frames(MANY_FRAMES) > MANY_FRAMES / 2
