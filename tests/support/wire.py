"""The protocol's frames and fields, written a second time from docs/protocol.md and from nothing else.

The product has its own encoder and its own types; a test that used them could not notice that both ends are wrong
together. `problems` says what of a message is not in the protocol, so that «nothing else is ever sent» can be asserted
on every frame that crosses the wire.
"""

from __future__ import annotations

import asyncio
import json
import re
import struct
from collections.abc import Mapping
from typing import Any

LIMIT = 65_536

Message = dict[str, Any]

LOAD: Mapping[str, type] = {
    "seq": int,
    "platform": str,
    "page_class": str,
    "at": int,
    "first": bool,
    "sequential": bool,
}

FIELDS: Mapping[str, Mapping[str, type]] = {
    "hello": {
        "client": str,
        "browser": str,
        "browser_version": str,
        "extension_version": str,
        "waiting": int,
        "dropped": int,
        "lost": int,
        "oldest_seq": int,
    },
    "load": LOAD,
    "loads": {"loads": list},
    "answer": {"finding": str, "category": str, "at": int, "dwell_ms": int},
    "coverage": {"missing": list},
    "ask": {"ask": int, "what": str},
    "act": {"ask": int, "purpose": str, "act": str, "notice_sha256": str, "control": str, "dwell_ms": int},
    "pause": {"ask": int, "minutes": int},
    "open_page": {},
    "ping": {},
}

OPTIONAL: Mapping[str, Mapping[str, type]] = {"ask": {"language": str, "entry": int}}
"""Fields that may be left out."""

SENDABLE = frozenset(
    {"profile", "people_list", "search", "group", "post", "media", "company_page", "contact_link", "channel"}
)
"""Page classes that may leave the browser (DESIGN, «One page load, walked»)."""

PLATFORMS = frozenset({"facebook", "instagram", "threads", "whatsapp", "linkedin", "tiktok", "youtube", "x", "github"})


def pack(body: bytes) -> bytes:
    """Put the length in front of a frame's body."""
    return struct.pack("=I", len(body)) + body


def encode(message: Mapping[str, Any]) -> bytes:
    """Make a frame of a message."""
    return pack(json.dumps(message, separators=(",", ":")).encode())


async def read_body(reader: asyncio.StreamReader) -> bytes | None:
    """Read one frame's body; None at the end of the stream."""
    try:
        (size,) = struct.unpack("=I", await reader.readexactly(4))
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):  # a broken pipe while writing ends the reading too
        return None


def problems(message: Mapping[str, Any]) -> list[str]:
    """Return what of an extension's message is not what docs/protocol.md says, in words; empty when all is well."""
    kind = str(message.get("kind"))
    if message.get("v") != 1 or kind not in FIELDS:
        return [f"not a message of version 1: v={message.get('v')!r} kind={kind!r}"]
    optional = {name: type_ for name, type_ in OPTIONAL.get(kind, {}).items() if name in message}
    found = _fields(message, {"v": int, "kind": str, **FIELDS[kind], **optional}, kind)
    if kind == "load":
        found += _load({name: value for name, value in message.items() if name not in {"v", "kind"}})
    if kind == "loads":
        loads = message.get("loads", [])
        if not 1 <= len(loads) <= 500:
            found.append(f"loads: {len(loads)} items")
        for load in loads:
            found += _fields(load, LOAD, "loads item") + _load(load)
        numbers = [load.get("seq") for load in loads]
        if numbers != sorted(numbers):
            found.append("loads: not in rising order")
    if kind == "answer" and message.get("category") not in {"approved", "stopped", "mistaken", "not_me"}:
        found.append("answer: unknown category")
    if kind == "act" and message.get("act") in {"answered", "disputed", "expired"}:
        found.append("act: not one that a page of the extension can make")
    if kind == "hello" and not re.fullmatch(r"[A-Za-z0-9_-]{22}", str(message.get("client"))):
        found.append("hello: client is not 22 characters of base64url")
    return found


def _fields(message: Mapping[str, Any], expected: Mapping[str, type], where: str) -> list[str]:
    found = [f"{where}: field {name} is not in the protocol" for name in message.keys() - expected.keys()]
    for name, kind in expected.items():
        if name not in message:
            found.append(f"{where}: field {name} is missing")
        elif type(message[name]) is not kind:
            found.append(f"{where}: field {name} is not {kind.__name__}")
    return found


def _load(load: Mapping[str, Any]) -> list[str]:
    found = []
    if load.get("platform") not in PLATFORMS:
        found.append("load: unknown platform")
    if load.get("page_class") not in SENDABLE:
        found.append(f"load: page class {load.get('page_class')!r} must not be sent")
    return found


def loads_of(message: Message) -> list[Message]:
    """Return the page loads a message carries: one for `load`, several for `loads`, none for others."""
    if message.get("kind") == "load":
        return [message]
    return list(message.get("loads", [])) if message.get("kind") == "loads" else []
