"""The static files of a face, read once at start and answered from memory.

Only what was found in the given packages' `static` folders can be asked for, by its bare name: no path is ever built
from a request, and each file's type is fixed here rather than guessed (a Windows registry may call a script plain text,
which `nosniff` then refuses to run).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, Final

from aiohttp import web

from agent.pages.security import Refusal, Refused

TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def load(*packages: str) -> dict[str, tuple[str, bytes]]:
    """Return name → (media type, content) of every file in the packages' `static` folders."""
    found: dict[str, tuple[str, bytes]] = {}
    for package in packages:
        for entry in files(package).joinpath("static").iterdir():
            media_type = TYPES.get(PurePosixPath(entry.name).suffix)
            if media_type is not None and entry.is_file():
                found[entry.name] = (media_type, entry.read_bytes())
    return found


def handler(assets: Mapping[str, tuple[str, bytes]]) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
    """Return a handler for `…/{name}` that answers from `assets`."""

    async def serve(request: web.Request) -> web.Response:
        found = assets.get(request.match_info["name"])
        if found is None:
            raise Refused(Refusal.NOT_FOUND)
        media_type, content = found
        return web.Response(body=content, content_type=media_type, charset="utf-8")

    return serve
