"""The copying itself: whole frames from the browser to the agent and back, one loop, no queue.

    browser ──fd 0──▶ from_browser ──▶ to_agent ──▶ relay.sock        one read's worth of bytes in each buffer,
    browser ◀──output── to_browser ◀── from_agent ◀── relay.sock      then reading stops until it is written

Only whole frames leave a buffer, so a connection that is cut in mid-frame never garbles the other side. While the agent
is away frames from the browser are read and discarded: the extension keeps them until they are acknowledged
(`docs/protocol.md`, «Delivery»). One `poll` waits for everything; a side that is not wanted is not polled, so neither a
stuck browser nor a stuck agent makes the loop spin. The browser's pipes are always watched for their end, which ends
the loop at once, whatever is still unwritten.
"""

import os
import select
import sys
from _socket import socket
from time import monotonic

from native_host.agent_socket import SocketRefused, connect
from native_host.frames import HEAD, FrameError, encode, whole_frames

assert sys.platform != "win32"  # noqa: S101  the form that type checkers know; `relay.py` stops before this on Windows

PIECE = 65536
"""Bytes read at once; with the longest frame it bounds each buffer to two frames' length."""

FIRST_DELAY, LONGEST_DELAY = 0.25, 5.0
"""Seconds between attempts to reach the agent: doubled from the first to the longest."""

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class BrowserBrokeProtocol(Exception):
    """The browser's side sent a frame that is too long: the port is dropped."""


class _BrowserGone(Exception):
    """The browser closed one of its pipes."""


def private_output() -> int:
    """Move the browser's pipe away from descriptor 1, so that a stray print goes to stderr and breaks no frame."""
    output = os.dup(1)
    os.set_blocking(output, False)
    try:
        os.dup2(2, 1)
    except OSError:  # started without stderr
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
    return output


class Copying:
    """The two directions and the link to the agent."""

    def __init__(self, source: int, output: int, socket_path: bytes, uid: int, version: str) -> None:
        """Prepare to copy; nothing is opened yet.

        Args:
            source: Descriptor that the browser's frames are read from.
            output: Descriptor that frames for the browser are written to; must not block.
            socket_path: Where the agent listens.
            uid: Who must be at the other end of it.
            version: This relay's release, told to the extension; plain letters, digits and dots.
        """
        self._source = source
        self._output = output
        self._path = socket_path
        self._uid = uid
        self._version = version.encode()
        self._from_browser = bytearray()
        self._to_agent = bytearray()
        self._from_agent = bytearray()
        self._to_browser = bytearray()
        self._agent: socket | None = None
        self._stale = False  # whether _from_browser begins with a frame begun before this connection
        self._told = b""  # the last thing said about the agent
        self._delay = FIRST_DELAY
        self._next_try = 0.0

    def run(self) -> None:
        """Copy until the browser closes a pipe.

        Raises:
            BrowserBrokeProtocol: A frame from the browser is too long.
        """
        try:
            self._reach_agent()
            while True:
                self._step()
        except _BrowserGone:
            return

    def _step(self) -> None:
        """Wait for one thing to happen and deal with it."""
        watch = select.poll()
        # With no events asked for, poll still tells of the pipe's end: that is how we leave while blocked.
        # (POLLHUP is named because Darwin watches only what is named.)
        watch.register(self._source, select.POLLHUP | (0 if self._to_agent else select.POLLIN))
        watch.register(self._output, select.POLLHUP | (select.POLLOUT if self._to_browser else 0))
        agent, patience = self._agent, None
        if agent is not None:
            wanted = (0 if self._to_browser else select.POLLIN) | (select.POLLOUT if self._to_agent else 0)
            if wanted:
                watch.register(agent.fileno(), wanted)
        elif not self._to_browser:  # a browser that does not read needs no news of the agent
            patience = max(0.0, self._next_try - monotonic()) * 1000
        happened = dict(watch.poll(patience))
        if event := happened.get(self._output, 0):
            if event & _GONE:
                raise _BrowserGone
            self._write_browser()
        if event := happened.get(self._source, 0):
            if not event & select.POLLIN:
                raise _BrowserGone
            self._read_browser()
        if agent is None:
            if not self._to_browser and monotonic() >= self._next_try:
                self._reach_agent()
        elif agent is self._agent and (event := happened.get(agent.fileno(), 0)):
            if event & select.POLLIN:
                self._read_agent(agent)
            elif event & _GONE:
                self._lose_agent(b"lost")
            if event & select.POLLOUT and self._agent is agent:
                self._write_agent(agent)

    def _read_browser(self) -> None:
        try:
            piece = os.read(self._source, PIECE)
        except BlockingIOError:
            return
        if not piece:
            raise _BrowserGone
        buffer = self._from_browser
        buffer += piece
        try:
            end = whole_frames(buffer)
        except FrameError:
            raise BrowserBrokeProtocol from None
        if not end:
            return
        if self._agent is not None:
            start = 0
            if self._stale:
                start = HEAD + int.from_bytes(buffer[:HEAD], sys.byteorder)
                self._stale = False
            self._to_agent += buffer[start:end]
        del buffer[:end]
        if self._agent is not None and self._to_agent:
            self._write_agent(self._agent)

    def _write_agent(self, agent: socket) -> None:
        try:
            del self._to_agent[: agent.send(self._to_agent)]
        except BlockingIOError:
            return
        except OSError:
            self._lose_agent(b"lost")

    def _read_agent(self, agent: socket) -> None:
        try:
            piece = agent.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._from_agent += piece
        try:
            end = whole_frames(self._from_agent)
        except FrameError:
            piece = b""
        if not piece:
            self._lose_agent(b"lost")
        elif end:
            self._delay = FIRST_DELAY  # only an agent that speaks is worth hurrying back to
            self._to_browser += self._from_agent[:end]
            del self._from_agent[:end]
            self._write_browser()

    def _write_browser(self) -> None:
        try:
            del self._to_browser[: os.write(self._output, self._to_browser)]
        except BlockingIOError:
            return
        except OSError:
            raise _BrowserGone from None

    def _reach_agent(self) -> None:
        try:
            self._agent = connect(self._path, self._uid)
        except SocketRefused:
            self._lose_agent(b"refused")
        except OSError:
            self._lose_agent(b"not_running")
        else:
            self._stale = bool(self._from_browser)
            self._say(b'"up":true,"host_version":"%b"' % self._version)

    def _lose_agent(self, reason: bytes) -> None:
        """Close what there is, drop what can no longer be delivered, say why, and choose when to try again."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None
        self._from_agent.clear()
        self._to_agent.clear()
        self._next_try = monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        self._say(b'"up":false,"host_version":"%b","reason":"%b"' % (self._version, reason))

    def _say(self, fields: bytes) -> None:
        """Tell the extension about the agent, once for each change."""
        if fields != self._told:
            self._told = fields
            self._to_browser += encode(b'{"v":1,"kind":"agent",%b}' % fields)
            self._write_browser()
