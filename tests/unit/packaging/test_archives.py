"""The packages: the same bytes whoever builds them, nothing that the extension does not need, signed as said."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from agent.packaging import crx
from agent.packaging.archive import archive
from agent.packaging.build import build, render
from agent.packaging.contents import Contents, PackagingError, read_contents
from agent.packaging.updates import base_url, chromium_updates, firefox_updates
from native_host.manifests import ADDONS, ORIGINS
from tests.support.places import EXTENSION

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
URL = "https://software.example.org/gleanwatch/"


def entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def manifest(content: bytes) -> dict[str, object]:
    read: dict[str, object] = json.loads(entries(content)["manifest.json"])
    return read


@pytest.fixture(scope="module")
def contents() -> Contents:
    return read_contents(EXTENSION)


def test_two_people_build_the_same_bytes(tmp_path: Path) -> None:
    """Other folders, umask, time zone, language, times of the files and order in which they were made."""
    made = []
    for person, (umask, zone, language) in {
        "one": (0o022, "UTC", "C"),
        "an other's folder": (0o077, "Pacific/Kiritimati", "de_DE.UTF-8"),
    }.items():
        source = tmp_path / person / "extension"
        source.mkdir(parents=True)
        files = [path for path in EXTENSION.rglob("*") if path.is_file()]
        random.Random(person).shuffle(files)
        for path in files:
            copy = source / path.relative_to(EXTENSION)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copy.chmod(0o666 & ~umask)
            moment = random.Random(person + path.name).randrange(10**9)
            os.utime(copy, (moment, moment))
        (tmp_path / person / "key.pem").write_bytes(PEM)
        code = (
            f"import os; os.umask({umask}); from agent.packaging.build import build; from pathlib import Path; "
            f"build(Path('extension'), Path('out'), url={URL!r}, key=Path('key.pem'))"
        )
        env = {**os.environ, "TZ": zone, "LC_ALL": language, "PYTHONHASHSEED": str(umask)}
        env["PYTHONPATH"] = str(EXTENSION.parent)
        subprocess.run([sys.executable, "-c", code], cwd=source.parent, env=env, check=True)
        made.append({path.name: path.read_bytes() for path in (source.parent / "out").iterdir()})
    assert made[0] == made[1]
    assert {Path(name).suffix for name in made[0]} == {".zip", ".xpi", ".crx", ".xml", ".json"}


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}(/[a-z]{1,4})?\.js", fullmatch=True), st.binary(max_size=50)))
def test_an_archive_gives_back_what_was_put_in_whatever_the_order(files: dict[str, bytes]) -> None:
    assert entries(archive(files)) == files
    assert archive(dict(reversed(files.items()))) == archive(files)


def test_an_archive_remembers_neither_time_nor_mode_nor_system() -> None:
    with zipfile.ZipFile(io.BytesIO(archive({"b.js": b"b", "a.js": b"a"}))) as packed:
        seen = [
            (e.filename, e.date_time, e.external_attr >> 16, e.create_system, e.compress_type)
            for e in packed.infolist()
        ]
    assert seen == [(name, (1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_STORED) for name in ("a.js", "b.js")]


def test_the_zip_is_the_source_as_it_stands(contents: Contents) -> None:
    _, files = render(contents)
    packed = entries(next(content for name, content in files.items() if name.endswith(".zip")))
    assert packed == {name: (EXTENSION / name).read_bytes() for name in packed}


def test_everything_that_a_packed_file_asks_for_is_packed(contents: Contents) -> None:
    named = {contents.manifest["action"]["default_popup"], *contents.manifest["icons"].values()}
    assert {"manifest.json", "background.js", "popup.css", "palette.css", *named} <= set(contents.files)


def test_nothing_but_the_extension_is_packed(contents: Contents, tmp_path: Path) -> None:
    source = tmp_path / "extension"
    shutil.copytree(EXTENSION, source)
    for stray in ("notes.js", "key.pem", ".env", "popup.test.mjs", "tests/fake.js", ".git/config.json", "popup.js~"):
        (source / stray).parent.mkdir(exist_ok=True)
        (source / stray).write_text("import './gate.js'")
    (source / "linked.js").symlink_to(source / "gate.js")
    again = read_contents(source)
    assert again.files == contents.files
    assert {"notes.js", "tests/fake.js"} <= set(again.left_out)


def test_texts_in_other_languages_are_packed_where_the_manifest_has_them(tmp_path: Path) -> None:
    (tmp_path / "_locales" / "de").mkdir(parents=True)
    (tmp_path / "_locales" / "de" / "messages.json").write_text("{}")
    (tmp_path / "manifest.json").write_text("{}")
    assert set(read_contents(tmp_path).files) == {"manifest.json"}
    (tmp_path / "manifest.json").write_text('{"default_locale": "de"}')
    assert set(read_contents(tmp_path).files) == {"manifest.json", "_locales/de/messages.json"}


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({}, "there is no manifest.json"),
        ({"manifest.json": "{"}, "is not JSON"),
        ({"manifest.json": '{"a": "b.js"}', "b.js": 'import "./c.js";'}, "b.js asks for ./c.js, which is not there"),
        ({"manifest.json": '["p.html"]', "p.html": '<script src="gone.js">'}, "p.html asks for gone.js"),
    ],
)
def test_a_broken_extension_is_not_packed(tmp_path: Path, files: dict[str, str], what: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PackagingError, match=what):
        read_contents(tmp_path)


def test_a_crx_is_the_archive_behind_a_signature_that_holds(contents: Contents) -> None:
    built, files = render(contents, url=URL, key_pem=PEM)
    name, packed = crx.verify(files[f"gleanwatch-{built.version}.crx"])
    assert name == built.signed_id == crx.extension_id(crx.public_key(KEY))
    inside = manifest(packed)
    assert inside["key"] == base64.b64encode(crx.public_key(KEY)).decode()
    assert inside["update_url"] == URL + "updates.xml"
    assert entries(packed).keys() == contents.files.keys()
    assert any(built.signed_id in note for note in built.notes), "whose id it is has to be said"


def test_a_changed_crx_does_not_verify(contents: Contents) -> None:
    whole = crx.sign(archive({"a.js": b"1"}), KEY)
    for at in range(0, len(whole), 7):
        with pytest.raises(PackagingError):
            crx.verify(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


@given(st.binary(max_size=80))
def test_no_bytes_at_all_break_the_reader(content: bytes) -> None:
    for each in (content, b"Cr24\x03\x00\x00\x00" + content):
        with pytest.raises(PackagingError):
            crx.verify(each)


def test_our_own_key_gives_the_id_that_the_relay_knows(contents: Contents) -> None:
    public = base64.b64decode(contents.manifest["key"])
    assert (f"chrome-extension://{crx.extension_id(public)}/",) == ORIGINS
    assert (contents.manifest["browser_specific_settings"]["gecko"]["id"],) == ADDONS


@pytest.mark.parametrize(
    "key",
    [
        b"not a key",
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256R1()),
        PEM.replace(b"PRIVATE", b"PUBLIC"),
    ],
    ids=["no key", "short", "of another kind", "half"],
)
def test_a_key_that_cannot_sign_is_refused(key: object) -> None:
    if not isinstance(key, bytes):
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key = key.private_bytes(*form)  # type: ignore[attr-defined]
    with pytest.raises(PackagingError, match="RSA"):
        crx.read_key(key)  # type: ignore[arg-type]


def test_without_key_and_address_it_says_what_was_not_built(contents: Contents) -> None:
    built, files = render(contents)
    assert {Path(name).suffix for name in files} == {".zip", ".xpi"}
    said = " ".join(built.notes)
    assert "--key" in said
    assert "--base-url" in said
    assert "Mozilla" in said


def test_updates_for_chromium_name_package_and_version() -> None:
    root = ElementTree.fromstring(chromium_updates("a" * 32, "1.2", URL + 'x&".crx', "121"))
    space = "{http://www.google.com/update2/response}"
    assert root.tag == f"{space}gupdate"
    assert root.get("protocol") == "2.0"
    app = root.find(f"{space}app")
    assert app is not None
    assert app.get("appid") == "a" * 32
    check = app.find(f"{space}updatecheck")
    assert check is not None
    assert check.attrib == {"codebase": URL + 'x&".crx', "version": "1.2", "prodversionmin": "121"}


def test_updates_for_firefox_have_the_hash_of_the_file_that_is_served(contents: Contents, tmp_path: Path) -> None:
    built = build(EXTENSION, tmp_path, url=URL)
    xpi = f"gleanwatch-{built.version}.xpi"
    gecko = manifest((tmp_path / xpi).read_bytes())["browser_specific_settings"]["gecko"]  # type: ignore[index]
    assert gecko["update_url"] == URL + "updates.json"
    update = json.loads((tmp_path / "updates.json").read_bytes())["addons"][ADDONS[0]]["updates"][0]
    assert update["update_link"] == URL + xpi
    assert update["update_hash"] == f"sha256:{built.files[xpi]}"

    signed = tmp_path / "from-mozilla.xpi"
    signed.write_bytes(archive({**contents.files, "META-INF/mozilla.rsa": b"signature"}))
    again = build(EXTENSION, tmp_path, url=URL, signed=signed)
    assert (tmp_path / xpi).read_bytes() == signed.read_bytes()
    update = json.loads((tmp_path / "updates.json").read_bytes())["addons"][ADDONS[0]]["updates"][0]
    assert update["update_hash"] == f"sha256:{again.files[xpi]}" != f"sha256:{built.files[xpi]}"


@pytest.mark.parametrize("wrong", ["no zip", "not signed", "version", "id", "no manifest", "cut off"])
def test_what_is_not_this_extension_signed_takes_nobodys_place(contents: Contents, tmp_path: Path, wrong: str) -> None:
    files = {**contents.files, "META-INF/mozilla.rsa": b"signature"}
    text = files["manifest.json"].decode()
    if wrong == "not signed":
        del files["META-INF/mozilla.rsa"]
    elif wrong == "no manifest":
        del files["manifest.json"]
    elif wrong == "version":
        files["manifest.json"] = text.replace(
            f'"version": "{contents.manifest["version"]}"', '"version": "9.9"'
        ).encode()
    elif wrong == "id":
        files["manifest.json"] = text.replace(ADDONS[0], "another@example.org").encode()
    packed = {"no zip": b"PK nothing", "cut off": archive(files)[:-30]}.get(wrong) or archive(files)
    signed = tmp_path / "signed.xpi"
    signed.write_bytes(packed)
    with pytest.raises(PackagingError, match="Mozilla"):
        build(EXTENSION, tmp_path / "out", url=URL, signed=signed)
    assert not (tmp_path / "out").exists()


def test_firefox_updates_leave_out_a_hash_that_is_not_known() -> None:
    update = json.loads(firefox_updates("a@b", "1", "https://x.example/", "140.0"))["addons"]["a@b"]["updates"][0]
    assert "update_hash" not in update


@pytest.mark.parametrize(
    "url",
    [
        "http://software.example.org/",
        "ftp://software.example.org/",
        "software.example.org",
        "https://a:b@software.example.org/",
        "https://software.example.org/?a",
        "https://software.example.org/#a",
        "https://software.example.org/a;b",
        "https://software.example.org/a b",
        "https://[x/",
        "https://software.example.org:99999/",
        "https://software.example.org:port/",
        "",
    ],
)
def test_an_address_that_others_could_change_is_refused(url: str) -> None:
    with pytest.raises(PackagingError):
        base_url(url)


def test_an_address_always_ends_in_a_stroke() -> None:
    assert base_url("https://a.example/x") == base_url("https://a.example/x/") == "https://a.example/x/"
    assert base_url("http://127.0.0.1:8000") == "http://127.0.0.1:8000/"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(PackagingError, match="try again"):
        build(EXTENSION, tmp_path / "out")
    with pytest.raises(PackagingError, match=r"gone\.pem"):
        build(EXTENSION, tmp_path / "else", key=tmp_path / "gone.pem")
