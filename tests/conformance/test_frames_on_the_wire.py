"""Frames against a second implementation, made of Python's `struct` and the browsers' own words and nothing of ours.

Chrome's and Mozilla's manuals: «each message is serialized using JSON, UTF-8 encoded and is preceded with an unsigned
32-bit value containing the message length in native byte order». The limit of 65,536 bytes is `docs/protocol.md`'s.
"""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from native_host import frames
from native_host.frames import Decoder, FrameError

LIMIT = 65_536
HEADER = struct.Struct("=I")

documents = st.dictionaries(
    st.text(max_size=8), st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=40), st.booleans(), st.none())
)


def as_the_manuals_say(document: object) -> bytes:
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return HEADER.pack(len(text)) + text


def read_as_the_manuals_say(stream: bytes) -> list[bytes]:
    found = []
    while stream:
        (size,) = HEADER.unpack_from(stream)
        body, stream = stream[HEADER.size : HEADER.size + size], stream[HEADER.size + size :]
        assert len(body) == size
        found.append(body)
    return found


@given(st.lists(documents, max_size=8))
def test_what_a_browser_writes_is_read(sent: list[object]) -> None:
    stream = b"".join(map(as_the_manuals_say, sent))
    bodies = Decoder().feed(stream)
    assert [json.loads(body.decode("utf-8", "surrogatepass")) for body in bodies] == sent
    assert frames.whole_frames(stream) == len(stream)


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8))
def test_what_is_written_a_browser_reads(sent: list[bytes]) -> None:
    assert read_as_the_manuals_say(b"".join(map(frames.encode, sent))) == sent


@pytest.mark.parametrize("size", [1, 255, 256, 257, LIMIT - 1, LIMIT])
def test_every_length_up_to_the_limit_passes(size: int) -> None:
    stream = HEADER.pack(size) + b" " * size
    assert Decoder().feed(stream) == [b" " * size]
    assert frames.encode(b" " * size) == stream
    assert frames.whole_frames(stream) == len(stream)


@pytest.mark.parametrize("size", [LIMIT + 1, 2**31, 2**32 - 1])
def test_one_byte_more_is_refused_by_its_header_alone(size: int) -> None:
    with pytest.raises(FrameError) as refused:
        Decoder().feed(HEADER.pack(size))
    assert refused.value.reason == "frame_too_long"
    with pytest.raises(FrameError):
        frames.whole_frames(HEADER.pack(size))


def test_one_byte_more_is_never_written() -> None:
    with pytest.raises(FrameError):
        frames.encode(b" " * (LIMIT + 1))


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=4), st.lists(st.binary(min_size=1, max_size=60)))
def test_an_empty_frame_costs_nothing_but_itself(before: list[bytes], after: list[bytes]) -> None:
    packed = [HEADER.pack(len(body)) + body for body in (*before, b"", *after)]
    decoder = Decoder()
    with pytest.raises(FrameError) as refused:
        decoder.feed(b"".join(packed))
    assert refused.value.reason == "frame_empty"
    assert refused.value.frames == before
    assert decoder.feed(b"") == after
