"""Frames: a 32-bit length in native byte order, then that many bytes. The same on stdio and on both sockets.

Bytes come in pieces of any size; whole frames go out. Specified in `docs/protocol.md`, «Frames»; the browsers prescribe
the form, the limit of 65,536 bytes is ours. The relay only needs to know where whole frames end (`whole_frames`); the
agent wants their bodies (`Decoder`). Nothing is imported but `sys`, because the relay pays for every import at start.
"""

import sys

MAX_FRAME = 65536
"""The longest body in bytes, both ways."""

HEAD = 4
"""Bytes of the length before each body."""

_ORDER = sys.byteorder

_DETAILS = {
    "frame_too_long": "A frame is longer than 65,536 bytes; send less at once. The connection cannot go on.",
    "frame_empty": "A frame has no bytes in it; every frame holds one JSON object. The frame is skipped.",
}


class FrameError(Exception):
    """A frame that breaks the protocol.

    Attributes:
        reason: `frame_too_long` or `frame_empty`, as `docs/protocol.md` names them.
        frames: The good frames of the same piece that came before it, in order: they are not lost.
    """

    def __init__(self, reason: str, frames: "list[bytes] | None" = None) -> None:
        """Make the error; its text says what to do and holds nothing of what was sent."""
        super().__init__(_DETAILS[reason])
        self.reason = reason
        self.frames = frames or []


def encode(body: bytes) -> bytes:
    """Return `body` as one frame.

    Raises:
        FrameError: The body is empty or longer than MAX_FRAME.
    """
    size = len(body)
    if size > MAX_FRAME:
        raise FrameError("frame_too_long")
    if not size:
        raise FrameError("frame_empty")
    return size.to_bytes(HEAD, _ORDER) + body


def whole_frames(buffer: "bytes | bytearray") -> int:
    """Return how many bytes at the start of `buffer` are whole frames; what follows is the start of another.

    Empty frames count as whole: the relay passes them on and leaves the answer to the agent.

    Raises:
        FrameError: `frame_too_long`, as soon as the length is known.
    """
    end, size = 0, len(buffer)
    while size - end >= HEAD:
        body = int.from_bytes(buffer[end : end + HEAD], _ORDER)
        if body > MAX_FRAME:
            raise FrameError("frame_too_long")
        if size - end < HEAD + body:
            break
        end += HEAD + body
    return end


class Decoder:
    """Turns pieces of a stream into frames, whatever the pieces' sizes.

    A caller that wants to go on after an empty frame uses the error's `frames` and feeds `b""` to get the rest:

        piece = data
        while True:
            try:
                frames = decoder.feed(piece)
                break
            except FrameError as problem:
                ...  # handle problem.frames; stop here if problem.reason is "frame_too_long"
                piece = b""
    """

    __slots__ = ("_need", "_rest")

    def __init__(self) -> None:
        """Start at the beginning of a stream."""
        self._rest = bytearray()  # the start of a frame that is not whole yet
        self._need = HEAD  # how long _rest must be before looking at it is worth while

    @property
    def pending(self) -> int:
        """Bytes of a frame that has begun and is not whole; more than 0 at end of stream means `frame_short`."""
        return len(self._rest)

    def feed(self, data: bytes) -> "list[bytes]":
        """Take the next piece and return the bodies of the frames that are now whole, in order.

        Raises:
            FrameError: `frame_empty`: skipped, feeding may go on. `frame_too_long`: every later call raises it again.
        """
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < self._need:  # copying only when there is something to gain keeps tiny pieces cheap
                return []
            data = bytes(rest)
            rest.clear()
        frames: list[bytes] = []
        start, size, need = 0, len(data), HEAD
        from_bytes, order = int.from_bytes, _ORDER
        while size - start >= HEAD:
            body = start + HEAD
            length = from_bytes(data[start:body], order)
            if not 0 < length <= MAX_FRAME:
                reason = "frame_too_long" if length else "frame_empty"
                rest += data[start if length else body :]
                self._need = HEAD
                raise FrameError(reason, frames)
            end = body + length
            if end > size:
                need = HEAD + length
                break
            frames.append(data[body:end])
            start = end
        if start < size:
            rest += data[start:]
        self._need = need
        return frames
