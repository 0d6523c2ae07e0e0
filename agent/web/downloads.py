"""Everything about the person as one file: the export's files in a ZIP archive, sent while it is made.

Nothing of it is ever on disk, and never more than one part of one file in memory: what grows without bound comes and
goes part by part. Packing is done in a thread, so that everything else the agent does goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

from aiohttp import web

from agent.model.face import ExportFile

PIECE: Final = 1_048_576
"""Bytes of a file that are packed at once."""


class _Packed(io.RawIOBase):
    """Takes what the archive writes until it is fetched; has no places to go back to, as a download has none."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    # typeshed wants any buffer taken here; zipfile, which alone writes to this, hands over these.
    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def fetch(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


async def zipped(files: Mapping[str, ExportFile], at: int, folder: str = "gleanwatch") -> AsyncGenerator[bytes, None]:
    """Yield a ZIP archive of `files`, part by part; the same files give the same archive.

    Args:
        files: Name → content; names may have folders, with `/`.
        at: The time that every file in it carries, UTC milliseconds.
        folder: The folder that everything lies in, so that unpacking scatters nothing.

    Raises:
        ValueError: A name leads out of the folder; nothing was yielded then.
    """
    made = datetime.fromtimestamp(at / 1000, UTC)
    stamp = (made.year, made.month, made.day, made.hour, made.minute, made.second)
    ordered = {name: PurePosixPath(name) for name in sorted(files)}
    for path in ordered.values():
        if path.is_absolute() or not path.parts or ".." in path.parts:
            raise ValueError("A file of the export has a name that leads out of its folder; nothing was packed.")
    out = _Packed()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in ordered.items():
            entry = zipfile.ZipInfo(f"{folder}/{path}", stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w") as packing:
                async for piece in _pieces(files[name]):
                    await asyncio.to_thread(packing.write, piece)
                    yield out.fetch()
    yield out.fetch()


async def _pieces(content: ExportFile) -> AsyncIterator[bytes]:
    """Yield content in pieces worth a thread's while: small parts together, a long file cut."""
    if isinstance(content, bytes):
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]
        return
    held = bytearray()
    async for part in content:
        held += part
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


async def send_zip(request: web.Request, name: str, archive: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Send an archive as a file to keep, while it is made.

    Raises:
        ValueError: The archive cannot be made; nothing was sent then.
    """
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    response.content_type = "application/zip"
    async with aclosing(archive):
        first = await anext(archive)
        await response.prepare(request)
        await response.write(first)
        async for part in archive:
            await response.write(part)
    await response.write_eof()
    return response
