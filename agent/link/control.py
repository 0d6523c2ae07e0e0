"""The control socket: how the `gleanwatch` command asks the running agent.

One request per connection; the answer is one frame, before which a command may send items (a list is sent item by item,
since a frame holds 64 KiB; a followed stream never ends by itself). The same folder, mode and peer checks as for
browsers.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agent.link import local_socket
from agent.model.faults import described
from native_host.frames import MAX_FRAME, Decoder, FrameError, encode

log = logging.getLogger(__name__)

Emit = Callable[[object], Awaitable[None]]
"""Sends one item of a list or stream to whoever asked."""

Handler = Callable[[str, Mapping[str, object], Emit], Awaitable[object]]
"""Runs one command with its arguments and returns its result.

Raises `CommandError` for what the person can mend."""


MAX_COMMANDS = 32
"""Connections at a time; more than one person's terminals and scripts run at once."""
REQUEST_SECONDS = 10.0
"""How long a connection may last that has not asked anything."""


class CommandError(Exception):
    """A command that cannot be done; the text says what to do."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="request"):
    """One command."""

    v: Literal[1]
    id: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    command: Annotated[str, msgspec.Meta(max_length=32)]
    args: dict[str, str | int | bool | None] = {}


_decoder = msgspec.json.Decoder(Request)
_encoder = msgspec.json.Encoder()


class ControlServer:
    """Listens on `control.sock` and runs one command per connection."""

    def __init__(
        self,
        path: Path,
        uid: int,
        handler: Handler,
        count: Callable[[str], None],
        *,
        seconds: float = REQUEST_SECONDS,
    ) -> None:
        """Prepare to listen.

        Args:
            path: The socket.
            uid: Who may ask, besides root.
            handler: Runs one command.
            count: Called with a counter's name for every refusal.
            seconds: How long a connection may last that has not asked anything.
        """
        self._path = path
        self._uid = uid
        self._handler = handler
        self._count = count
        self._server: asyncio.Server | None = None
        self._stopping = False
        self._seconds = seconds
        self._clients: set[asyncio.Task[None]] = set()
        self._silent: dict[asyncio.StreamWriter, None] = {}  # have not asked anything yet, oldest first

    async def start(self) -> None:
        """Listen.

        Raises:
            SocketError: The folder is not safe or the name is taken.
        """
        sock = local_socket.bind(self._path, self._uid)
        if sys.platform != "win32":  # where `bind` has said already that there is no such socket
            self._server = await asyncio.start_unix_server(self._serve, sock=sock)

    async def stop(self) -> None:
        """Stop listening, end the streams, take the socket away."""
        if self._server is None:
            return  # never bound: what lies at the path is not ours
        self._stopping = True
        self._server.close()
        for task in tuple(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        try:
            uid = local_socket.peer_uid(writer.get_extra_info("socket"))
            if uid is not None and uid not in (self._uid, 0):
                self._count("control.foreign_uid")
                return
            self._make_room(writer)
            async with asyncio.timeout(self._seconds):
                body = await _request(reader)
            self._silent.pop(writer, None)
            if body is not None:
                await self._answer(body, reader, writer)
        except FrameError as problem:
            self._count(f"control.{problem.reason}")
        except TimeoutError:
            self._count("control.no_request")
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            if not self._stopping:  # what `stop` ends has not failed: asyncio would report it as if it had
                raise
        finally:
            self._silent.pop(writer, None)
            writer.close()

    def _make_room(self, writer: asyncio.StreamWriter) -> None:
        """Where there are too many connections, end the oldest that has not asked anything."""
        self._silent[writer] = None
        if len(self._clients) > MAX_COMMANDS:
            self._count("control.crowded")
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            oldest.transport.abort()

    async def _answer(self, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._count("control.bad_request")
            await _send(writer, {"v": 1, "kind": "answer", "id": 0, "ok": False, "error": "This is not a request."})
            return
        head = {"v": 1, "id": request.id}

        async def emit(item: object) -> None:
            await _send(writer, {**head, "kind": "item", "result": item})

        work = asyncio.ensure_future(self._handler(request.command, request.args, emit))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            # Whoever closes the connection ends the command: a followed stream must not outlive its reader.
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ConnectionResetError
            try:
                answer = {**head, "kind": "answer", "ok": True, "result": work.result()}
            except CommandError as problem:
                answer = {**head, "kind": "answer", "ok": False, "error": str(problem)}
            except Exception as problem:
                # A defect of ours must not end the agent; its type and place are said, never its text, which could
                # hold anything, and neither is the command, which is the sender's text.
                self._count("control.failed")
                log.error("a command failed: %s", described(problem))
                said = f"The agent failed at this ({type(problem).__name__}). Its log says where; it goes on running."
                answer = {**head, "kind": "answer", "ok": False, "error": said}
            try:
                await _send(writer, answer)
            except FrameError:
                self._count("control.answer_too_long")
                said = "The answer is longer than one frame may be. Ask for less at once."
                await _send(writer, {**head, "kind": "answer", "ok": False, "error": said})
        finally:
            work.cancel()
            gone.cancel()
            # What they raised was answered above, or nobody is there any more to hear it.
            await asyncio.gather(work, gone, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    """Read the one request of a connection; None where it was closed before."""
    decoder = Decoder()
    while data := await reader.read(MAX_FRAME):
        if bodies := decoder.feed(data):
            return bodies[0]
    return None


async def _send(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(encode(_encoder.encode(message)))
    await writer.drain()
