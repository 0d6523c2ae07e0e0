"""Frames as `docs/protocol.md` has them: any cutting of a stream gives the same frames, and bad ones are refused."""

import itertools
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from native_host.frames import MAX_FRAME, Decoder, FrameError, encode, whole_frames

bodies = st.lists(st.binary(min_size=1, max_size=300), max_size=20)


def cut(stream: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(stream) + 1) for point in points), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


def test_a_frame_is_a_native_32_bit_length_and_the_body() -> None:
    assert encode(b"{}") == struct.pack("=I", 2) + b"{}"


@given(bodies, st.lists(st.integers(min_value=0)))
def test_any_cutting_gives_the_same_frames(sent: list[bytes], points: list[int]) -> None:
    decoder = Decoder()
    heard = [body for piece in cut(b"".join(map(encode, sent)), points) for body in decoder.feed(piece)]
    assert heard == sent
    assert decoder.pending == 0


@given(bodies, st.integers(min_value=0))
def test_a_stream_that_ends_inside_a_frame_leaves_something_pending(sent: list[bytes], point: int) -> None:
    stream = b"".join(map(encode, sent))
    edge = point % (len(stream) + 1)
    decoder = Decoder()
    heard = decoder.feed(stream[:edge])
    whole = sum(len(encode(body)) for body in heard)
    assert heard == sent[: len(heard)]
    assert decoder.pending == edge - whole
    assert whole_frames(stream[:edge]) == whole


@given(bodies, st.integers(min_value=MAX_FRAME + 1, max_value=2**32 - 1), st.lists(st.integers(min_value=0)))
def test_a_frame_that_is_too_long_is_refused_for_good(good: list[bytes], size: int, points: list[int]) -> None:
    stream = b"".join(map(encode, good)) + size.to_bytes(4, sys.byteorder)
    decoder = Decoder()
    heard: list[bytes] = []
    for piece in cut(stream, points):
        try:
            heard += decoder.feed(piece)
        except FrameError as problem:
            assert problem.reason == "frame_too_long"
            heard += problem.frames
    assert heard == good, "what came before the bad frame is not lost"
    with pytest.raises(FrameError, match="longer than 65,536"):
        decoder.feed(b"more")
    with pytest.raises(FrameError):
        whole_frames(stream)


@given(st.lists(st.binary(max_size=30), max_size=20), st.lists(st.integers(min_value=0)))
def test_an_empty_frame_is_refused_and_the_rest_goes_on(sent: list[bytes], points: list[int]) -> None:
    stream = b"".join(len(body).to_bytes(4, sys.byteorder) + body for body in sent)
    decoder = Decoder()
    heard: list[bytes] = []
    for data in cut(stream, points):
        piece = data
        while True:
            try:
                heard += decoder.feed(piece)
                break
            except FrameError as problem:
                assert problem.reason == "frame_empty"
                heard += [*problem.frames, b""]
                piece = b""
    assert heard == sent
    assert whole_frames(stream) == len(stream), "the relay passes empty frames on: the agent answers them"


def test_the_longest_frame_passes_and_one_byte_more_does_not() -> None:
    assert Decoder().feed(encode(bytes(MAX_FRAME))) == [bytes(MAX_FRAME)]
    with pytest.raises(FrameError) as problem:
        encode(bytes(MAX_FRAME + 1))
    assert problem.value.reason == "frame_too_long"
    with pytest.raises(FrameError) as problem:
        encode(b"")
    assert problem.value.reason == "frame_empty"


def test_one_byte_at_a_time_does_not_copy_the_frame_each_time() -> None:
    """A slow sender must not cost the square of the frame's length: the unfinished frame only grows."""
    decoder = Decoder()
    stream = encode(b"x" * MAX_FRAME)
    for place in range(len(stream) - 1):
        assert decoder.feed(stream[place : place + 1]) == []
        assert decoder.pending == place + 1
    assert decoder.feed(stream[-1:]) == [b"x" * MAX_FRAME]
