"""Which extensions may read pages, in profiles laid out on disk as browsers do it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.events import ExtensionFound
from agent.sensors.extensions import Passed, find_extensions
from agent.sensors.reach import reads_pages

ID = "abcdefghijklmnopabcdefghijklmnop"
OTHER = "ponmlkjihgfedcbaponmlkjihgfedcba"
WATCHED = frozenset(["linkedin.com", "x.com"])


@dataclass(frozen=True)
class Root:
    browser: str
    path: Path
    kind: str


def lay_out(root: Path, manifest: object, version: str = "1.0_0", locale: object = None) -> None:
    folder = root / "Default/Extensions" / ID / version
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    if locale is not None:
        (folder / "_locales/en").mkdir(parents=True)
        (folder / "_locales/en/messages.json").write_text(json.dumps(locale))


def found(root: Path, passed: Passed | None = None) -> list[ExtensionFound]:
    return list(find_extensions([Root("chromium", root, "chromium")], WATCHED, passed))


@pytest.mark.parametrize(
    ("manifest", "reads"),
    [
        ({"manifest_version": 3, "host_permissions": ["<all_urls>"]}, True),
        ({"manifest_version": 3, "host_permissions": ["*://*/*"]}, True),
        ({"manifest_version": 3, "host_permissions": ["https://*.linkedin.com/*"]}, True),
        ({"manifest_version": 3, "host_permissions": ["https://www.x.com/search*"]}, True),
        ({"manifest_version": 3, "host_permissions": ["https://*.com/*"]}, True),
        ({"manifest_version": 3, "content_scripts": [{"matches": ["*://linkedin.com/*"], "js": ["a.js"]}]}, True),
        ({"manifest_version": 3, "permissions": ["activeTab", "scripting"]}, True),
        ({"manifest_version": 2, "permissions": ["tabs", "http://*/*"]}, True),
        ({"manifest_version": 2, "permissions": ["activeTab"]}, True),
        ({"manifest_version": 3, "permissions": ["debugger"]}, True),
        ({"manifest_version": 3, "permissions": ["activeTab", "storage"]}, False),
        ({"manifest_version": 3, "permissions": ["tabs", "scripting", "storage"]}, False),
        ({"manifest_version": 3, "host_permissions": ["https://*.example.org/*", "https://notlinkedin.com/*"]}, False),
        ({"manifest_version": 3, "host_permissions": ["https://linkedin.com.example.org/*"]}, False),
        ({"manifest_version": 3, "optional_host_permissions": ["<all_urls>"]}, False),
        ({"manifest_version": 2, "permissions": [{"fileSystem": ["write"]}, "storage"]}, False),
        ({"manifest_version": 3, "host_permissions": ["file:///*", "nonsense", ""]}, False),
    ],
)
def test_permissions_say_whether_pages_can_be_read(manifest: dict[str, Any], reads: bool, tmp_path: Path) -> None:
    lay_out(tmp_path, {"name": "Notes", "version": "1.0", **manifest})
    assert found(tmp_path) == [ExtensionFound("chromium", ID, "1.0", "Notes", reads)]


def test_the_newest_version_speaks_and_its_name_is_looked_up_in_its_own_language(tmp_path: Path) -> None:
    lay_out(tmp_path, {"name": "Old", "version": "1.9"}, "1.9_0")
    manifest = {"name": "__MSG_extName__", "default_locale": "en", "version": "1.10", "manifest_version": 3}
    lay_out(tmp_path, manifest, "1.10_0", {"EXTNAME": {"message": "Lead\u202e  Finder\n" + "x" * 200}})
    (one,) = found(tmp_path)
    assert one.version == "1.10"
    assert one.name.startswith("Lead Finder x")
    assert len(one.name) == 75


@pytest.mark.parametrize("locale", ["../../../../secret", "en/../..", "", "x" * 300])
def test_a_locale_leads_nowhere_else(locale: str, tmp_path: Path) -> None:
    lay_out(tmp_path, {"name": "__MSG_n__", "default_locale": locale, "version": "1"}, locale={"n": {"message": "N"}})
    assert [one.name for one in found(tmp_path)] == [""]


def test_an_extension_loaded_from_a_folder_of_ones_own_is_described_by_the_manifest_there(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "manifest.json").write_text(
        '\ufeff{\n// mine\n"name": "Mine", "version": "0.1", "permissions": ["<all_urls>"]}'
    )
    profile = tmp_path / "profiles/Default"
    profile.mkdir(parents=True)
    settings = {OTHER: {"location": 4, "path": str(own)}, ID: {"location": 1, "path": "x"}}
    (profile / "Preferences").write_text(json.dumps({"extensions": {"settings": settings}}))
    assert found(tmp_path / "profiles") == [ExtensionFound("chromium", OTHER, "0.1", "Mine", True)]


@pytest.mark.parametrize("manifest", ["", "[]", "{", "\x00", "[" * 5000, '{"name": 5}', '{"permissions": "all"}'])
def test_a_broken_manifest_leaves_the_id_and_is_counted(manifest: str, tmp_path: Path) -> None:
    lay_out(tmp_path, manifest)
    passed = Passed()
    assert [(one.extension_id, one.reads_pages) for one in found(tmp_path, passed)] == [(ID, False)]
    assert passed.unreadable == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_or_a_giant_in_place_of_a_manifest_neither_blocks_nor_is_read(tmp_path: Path) -> None:
    for browser in ("a", "b"):
        lay_out(tmp_path / browser, {})
    (fifo,) = (tmp_path / "a").rglob("manifest.json")
    fifo.unlink()
    os.mkfifo(fifo)
    (giant,) = (tmp_path / "b").rglob("manifest.json")
    os.truncate(giant, 4 << 30)
    passed = Passed()
    assert [one.name for root in "ab" for one in found(tmp_path / root, passed)] == ["", ""]
    assert passed.unreadable == 2


def test_no_more_profiles_and_extensions_than_the_limits(tmp_path: Path) -> None:
    for number in range(70):
        (tmp_path / f"Profile {number:03}").mkdir()
    passed = Passed()
    assert found(tmp_path, passed) == []
    assert passed.too_many == 6


def test_firefox_repeats_the_manifest_and_nothing_is_unpacked(tmp_path: Path) -> None:
    profile = tmp_path / "x.default"
    profile.mkdir()
    base = {"version": "2.0", "type": "extension", "location": "app-profile", "active": True, "manifestVersion": 3}
    addons = [
        {**base, "id": "a@x", "defaultLocale": {"name": "Grabber"}, "userPermissions": {"origins": ["<all_urls>"]}},
        {**base, "id": "b@x", "defaultLocale": {"name": None}, "userPermissions": None},
        {**base, "id": "c@x", "userPermissions": {"permissions": ["activeTab", "scripting"], "origins": []}},
        {**base, "id": "d@x", "optionalPermissions": {"origins": ["<all_urls>"]}, "location": None},
        {**base, "id": "e@x", "userPermissions": 7},
        "nonsense",
    ]
    (profile / "extensions.json").write_text(json.dumps({"addons": addons}))
    passed = Passed()
    assert list(find_extensions([Root("firefox", tmp_path, "firefox")], WATCHED, passed)) == [
        ExtensionFound("firefox", "a@x", "2.0", "Grabber", True),
        ExtensionFound("firefox", "b@x", "2.0", "", False),
        ExtensionFound("firefox", "c@x", "2.0", "", True),
        ExtensionFound("firefox", "d@x", "2.0", "", False),
    ]
    assert passed.unreadable == 2


@given(st.lists(st.text(max_size=40)), st.lists(st.text(max_size=40)), st.booleans())
def test_no_pattern_breaks_the_question_and_more_permissions_never_take_away(
    permissions: list[str], patterns: list[str], by_click: bool
) -> None:
    before = reads_pages(permissions, patterns, WATCHED, scripts_by_click=by_click)
    more = reads_pages(
        [*permissions, "storage"], [*patterns, "https://a.example/*"], WATCHED, scripts_by_click=by_click
    )
    assert more or not before
    assert reads_pages(permissions, [*patterns, "<all_urls>"], WATCHED, scripts_by_click=by_click)
