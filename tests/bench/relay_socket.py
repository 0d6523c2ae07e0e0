"""A blocking client of `relay.sock` for the benches: little work at our end, so that it is the agent that is measured.

Frames are made before the clock starts; acknowledgements are found by their `seq` without decoding the rest.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.support import wire
from tests.support.client import hello, load, loads, new_client_id, now_ms

HEAD = struct.Struct("=I")


class BenchLink:
    """One connection, greeted and ready."""

    def __init__(self, path: Path, seed: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(path))
        self._buffer = bytearray()
        self._socket.sendall(wire.encode(hello(new_client_id(seed), browser="other")))
        while self._read()["kind"] != "flags":
            pass

    def _read(self) -> wire.Message:
        while len(self._buffer) < 4 or len(self._buffer) < 4 + HEAD.unpack_from(self._buffer)[0]:
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionResetError("the agent closed the connection")
            self._buffer += data
        size = HEAD.unpack_from(self._buffer)[0]
        body = bytes(self._buffer[4 : 4 + size])
        del self._buffer[: 4 + size]
        message: wire.Message = json.loads(body)
        if message["kind"] == "refuse" or message.get("dropped"):
            raise AssertionError(f"the agent did not take it: {message}")
        return message

    def wait_for(self, seq: int) -> None:
        """Read until a number is acknowledged."""
        while True:
            message = self._read()
            if message["kind"] == "ack" and message["seq"] >= seq:
                return

    def one_by_one(self, frames: Sequence[bytes], first: int) -> None:
        """Send each frame only after the one before was acknowledged."""
        for seq, frame in enumerate(frames, start=first):
            self._socket.sendall(frame)
            self.wait_for(seq)

    def pipelined(self, data: bytes, last: int) -> None:
        """Send everything without waiting, and read until the last number is acknowledged."""
        sender = threading.Thread(target=self._socket.sendall, args=(data,))
        sender.start()
        self.wait_for(last)
        sender.join()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def frames(first: int, count: int) -> list[bytes]:
    """Make frames of one page load each."""
    at = now_ms()
    return [wire.encode(load(seq, at)) for seq in range(first, first + count)]


def replay_frames(first: int, count: int, batch: int = 500) -> list[bytes]:
    """Make frames of many page loads each, as an extension does when it sends its queue again."""
    at = now_ms()
    numbers = range(first, first + count)
    return [
        wire.encode(loads(load(seq, at) for seq in numbers[start : start + batch])) for start in range(0, count, batch)
    ]
