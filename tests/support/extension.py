"""What the tests need to know of the extension folder: its ids and its pop-up, read from its own manifest."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import EXTENSION


@dataclass(frozen=True, slots=True)
class ExtensionFolder:
    """One unpacked extension.

    Attributes:
        folder: The folder.
        chromium_id: The id that Chromium derives from the manifest's public key.
        firefox_id: The id that the manifest gives to Firefox.
        popup: File name of the pop-up.
    """

    folder: Path
    chromium_id: str
    firefox_id: str
    popup: str


def chromium_id(key: str) -> str:
    """Return the id Chromium gives to a base64 public key: the first 128 bits of its SHA-256, in the letters a to p."""
    digest = hashlib.sha256(base64.b64decode(key)).hexdigest()[:32]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)


def read_extension(folder: Path = EXTENSION) -> ExtensionFolder:
    """Read an extension folder's manifest."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return ExtensionFolder(
        folder=folder,
        chromium_id=chromium_id(manifest["key"]),
        firefox_id=manifest["browser_specific_settings"]["gecko"]["id"],
        popup=manifest["action"]["default_popup"],
    )
