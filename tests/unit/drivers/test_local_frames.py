"""Frames from a hostile worker come out whole, or not at all."""

import contextlib
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.guest.channel import CODE, ERROR, HELLO, LOG, RESULT, frame
from drivers.replies.frames import FrameReader, ProtocolViolated

RESULT_BYTES = 64
LOG_BYTES = 32

good_frames = st.lists(
    st.one_of(
        st.tuples(st.just(RESULT), st.binary(max_size=RESULT_BYTES)),
        st.tuples(st.just(LOG), st.binary(max_size=LOG_BYTES)),
        st.tuples(st.just(ERROR), st.binary(max_size=200)),
    ),
    max_size=6,
)


def a_reader() -> FrameReader:
    """Return a reader that allows a small call."""
    reader = FrameReader()
    reader.allow(result_bytes=RESULT_BYTES, log_bytes=LOG_BYTES)
    return reader


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return `data` cut at these places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(frames=good_frames, cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    """Where the stream is cut changes nothing, and nothing is left over."""
    reader = a_reader()
    stream = b"".join(frame(kind, body) for kind, body in frames)

    read = [found for piece in pieces_of(stream, cuts) for found in reader.feed(piece)]

    assert read == frames
    assert not reader.has_rest


@pytest.mark.parametrize(
    ("kind", "most"), [(RESULT, RESULT_BYTES + 256), (LOG, LOG_BYTES + 8), (ERROR, 64 * 1024)]
)
def test_a_frame_is_as_long_as_allowed_and_not_a_byte_longer(kind: int, most: int) -> None:
    """The length is judged by the header alone."""
    assert a_reader().feed(frame(kind, bytes(most))) == [(kind, bytes(most))]
    with pytest.raises(ProtocolViolated):
        a_reader().feed(struct.pack(">IB", most + 2, kind))


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_bytes_give_frames_or_a_violation(data: bytes, cuts: list[int]) -> None:
    """Whatever a worker sends, nothing else happens, and no frame is longer than allowed."""
    reader = a_reader()
    read: list[tuple[int, bytes]] = []

    with contextlib.suppress(ProtocolViolated):
        for piece in pieces_of(data, cuts):
            read += reader.feed(piece)

    assert all(len(body) <= RESULT_BYTES + 256 for kind, body in read if kind == RESULT)
    assert {kind for kind, _ in read} <= {RESULT, LOG, ERROR}


def test_a_length_above_the_limit_is_refused_from_the_header_alone() -> None:
    """Two gigabytes that are announced are never waited for."""
    with pytest.raises(ProtocolViolated):
        a_reader().feed(struct.pack(">IB", 0x7FFFFFFF, RESULT))


@pytest.mark.parametrize("kind", [0, 1, HELLO, CODE, ord("B"), 255])
def test_a_kind_that_is_not_expected_is_refused(kind: int) -> None:
    """During a call only its three kinds of frame are let in."""
    with pytest.raises(ProtocolViolated):
        a_reader().feed(frame(kind, b""))


def test_a_frame_without_a_kind_is_refused() -> None:
    """A length of zero cannot be."""
    with pytest.raises(ProtocolViolated):
        a_reader().feed(struct.pack(">IB", 0, RESULT))


def test_before_a_call_only_a_greeting_is_let_in() -> None:
    """A fresh worker may say hello and nothing else."""
    assert FrameReader().feed(frame(HELLO, b"")) == [(HELLO, b"")]
    with pytest.raises(ProtocolViolated):
        FrameReader().feed(frame(RESULT, b"1"))


def test_a_frame_that_comes_byte_by_byte_is_put_together_once() -> None:
    """Many small pieces make one frame."""
    reader = FrameReader()
    reader.allow(result_bytes=10_000, log_bytes=1)
    stream = frame(RESULT, b"x" * 10_000)

    read = [
        found for index in range(len(stream)) for found in reader.feed(stream[index : index + 1])
    ]

    assert read == [(RESULT, b"x" * 10_000)]
