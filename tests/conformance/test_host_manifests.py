"""What we register, against what the browsers' manuals demand of a native messaging host, for every place and system.

Chrome: «Native messaging», «Native messaging host»; Mozilla: «Native manifests», «Native messaging manifests». The
rules are written here from those pages and from nothing of ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from native_host.browsers import Kind, Place, places
from native_host.manifests import HOST_NAME, Callers, render

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = json.loads((ROOT / "extension" / "manifest.json").read_text("utf-8"))
HOMES = {"linux": Path("/home/ann"), "darwin": Path("/Users/ann"), "win32": Path("C:/Users/ann")}
PROGRAM = Path("/opt/gleanwatch/gleanwatch_native_host")


def every_place() -> list[tuple[str, Place]]:
    return [(system, place) for system, home in HOMES.items() for place in places(system, home, {})]


def problems(kind: Kind, text: bytes) -> list[str]:
    """What of a manifest breaks a rule of its browser's manual."""
    found = []
    if text.startswith(b"\xef\xbb\xbf"):
        found.append("byte order mark")
    manifest: dict[str, Any] = json.loads(text.decode("utf-8"))
    allowed = "allowed_origins" if kind is Kind.CHROMIUM else "allowed_extensions"
    if set(manifest) != {"name", "description", "path", "type", allowed}:
        found.append(f"keys {sorted(manifest)}")
    # Chrome: lower case, digits, underscores, dots; none at either end and no two together. Mozilla: ^\w+(\.\w+)*$.
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", manifest["name"]):
        found.append("name")
    if manifest["type"] != "stdio":
        found.append("type")
    if not manifest["description"]:
        found.append("description")
    if not PurePosixPath(manifest["path"]).is_absolute() and not PureWindowsPath(manifest["path"]).is_absolute():
        found.append("path")
    if not manifest[allowed]:
        found.append("nobody is allowed")
    for caller in manifest[allowed]:
        rule = r"chrome-extension://[a-p]{32}/" if kind is Kind.CHROMIUM else r"[\w.-]*@[\w.-]+|\{[0-9a-fA-F-]{36}\}"
        if not re.fullmatch(rule, caller):  # a wildcard, or an origin without its slash
            found.append(f"caller {caller}")
    return found


@pytest.mark.parametrize(
    ("system", "place"), every_place(), ids=lambda value: value if isinstance(value, str) else value.browser
)
def test_every_browsers_manifest_keeps_the_manuals_rules(system: str, place: Place) -> None:
    assert problems(place.kind, render(place.kind, PROGRAM, Callers())) == []
    if system == "win32":
        # The key is the host's folder of keys; below it a key with the host's name holds the file's path.
        assert place.registry
        assert all(key.lower().endswith("nativemessaginghosts") for key in place.registry)
    else:
        assert place.folder is not None
        assert place.folder.name.lower() in {"nativemessaginghosts", "native-messaging-hosts"}


def test_the_check_itself_finds_what_is_wrong() -> None:
    good = json.loads(render(Kind.CHROMIUM, PROGRAM, Callers()))
    for change in (
        {"name": "org.Gleanwatch-relay"},
        {"type": "socket"},
        {"path": "gleanwatch_native_host"},
        {"allowed_origins": ["chrome-extension://*/"]},
        {"allowed_origins": [good["allowed_origins"][0].rstrip("/")]},
        {"allowed_origins": []},
        {"allowed_extensions": ["a@b"]},
    ):
        assert problems(Kind.CHROMIUM, json.dumps({**good, **change}).encode()) != [], change


def test_the_id_that_may_call_is_the_one_that_the_extensions_key_makes() -> None:
    """Chrome: the id is the first 128 bits of the SHA-256 of the public key, in letters a to p."""
    digest = hashlib.sha256(b64decode(EXTENSION["key"])).hexdigest()[:32]
    letters = "".join("abcdefghijklmnop"[int(digit, 16)] for digit in digest)
    assert f"chrome-extension://{letters}/" in Callers().origins
    assert EXTENSION["browser_specific_settings"]["gecko"]["id"] in Callers().addons


def test_the_extension_asks_for_the_name_that_is_registered() -> None:
    assert f'"{HOST_NAME}"' in (ROOT / "extension" / "background.js").read_text("utf-8")


def test_a_caller_that_no_browser_could_be_is_refused() -> None:
    for wrong in ("chrome-extension://*/", "chrome-extension://abc/", "https://example.org/", ""):
        with pytest.raises(ValueError):
            Callers.of([wrong])
