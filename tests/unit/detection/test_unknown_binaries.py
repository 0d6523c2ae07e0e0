"""Executables that nobody knows: files as linkers, freezers and bundlers leave them, and what is told from each.

The small files are made here byte by byte after the formats; where the real tool is at hand its real output is read
too, and where it is not the test says so.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.content.catalogue import Catalogue
from agent.detection.identified import CAPABILITIES, Role
from agent.detection.identify import binary, renamed
from agent.detection.identify.elf import build_id, sections
from agent.detection.identify.frozen import frozen
from agent.detection.identify.golang import MARK, build_of, read_text
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.parse.binary_facts import BinaryFacts
from agent.detection.identify.renamed import KnownBuilds
from agent.detection.identify.yara import INTERPRETERS, RULES

NOBODY = Catalogue([])


def elf(parts: dict[str, bytes]) -> bytes:
    """Return an ELF64 file that holds nothing but named sections."""
    names, body, heads = b"\0", b"", []
    for name, data in {"": b"", **parts}.items():
        heads.append((len(names) if name else 0, 64 + len(body), len(data)))
        names += name.encode() + b"\0" if name else b""
        body += data
    heads.append((len(names), 64 + len(body), len(names) + 10))
    names += b".shstrtab\0"
    table = 64 + len(body) + len(names)
    head = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, table, 0, 64, 0, 0, 64, len(heads), len(heads) - 1)
    )
    rows = b"".join(struct.pack("<IIQQQQIIQQ", name, 1, 0, 0, offset, size, 0, 0, 1, 0) for name, offset, size in heads)
    return head + body + names + rows


def note(build: bytes) -> bytes:
    return struct.pack("<III", 4, len(build), 3) + b"GNU\0" + build


def carchive(modules: list[str], script: str = "main") -> bytes:
    """Return a PyInstaller archive with a PYZ inside, its table marshalled the way short names are."""
    table = b"".join(b"\xfa" + bytes([len(name)]) + name.encode() + b"\xa9\x03" for name in modules)
    pyz = b"PYZ\0\xa7\x0d\x0d\x0a" + struct.pack(">I", 12) + table
    rows = b""
    for offset, size, kind, name in ((0, len(pyz), b"z", "PYZ.pyz"), (len(pyz), 0, b"s", script)):
        text = name.encode() + b"\0" * (16 - len(name) % 16)
        rows += struct.pack(">IIIIBc", 18 + len(text), offset, size, size, 0, kind) + text
    length = len(pyz) + len(rows) + 88
    cookie = (
        b"MEI\x0c\x0b\x0a\x0b\x0e"
        + struct.pack(">IIII", length, len(pyz), len(rows), 311)
        + b"libpython3.11.so".ljust(64, b"\0")
    )
    return pyz + rows + cookie


def go_build(text: str) -> bytes:
    held = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
    body = held + text.encode() + held
    return MARK + b"\x08\x02" + bytes(16) + b"\x08go1.22.1" + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def asar(package: dict[str, object], inside: tuple[str, ...] = ()) -> bytes:
    content = json.dumps(package).encode()
    files = {
        "package.json": {"size": len(content), "offset": "0"},
        "node_modules": {"files": {one: {"files": {}} for one in inside}},
    }
    header = json.dumps({"files": files}).encode()
    padded = header + b"\0" * (-len(header) % 4)
    return struct.pack("<IIII", 4, len(padded) + 8, len(padded) + 4, len(header)) + padded + content


def told(data: bytes, path: str = "/nowhere/x") -> tuple[str, tuple[str, ...]]:
    found = frozen(data, sections(data), path)
    return (found.by, found.modules) if found else ("", ())


def test_sections_and_build_ids_are_read() -> None:
    data = elf({".rodata": b"hello", ".note.gnu.build-id": note(bytes(range(20)))})
    offset, size = sections(data)[".rodata"]
    assert data[offset : offset + size] == b"hello"
    assert build_id(data, sections(data)) == bytes(range(20)).hex()


def test_a_frozen_python_program_names_what_it_carries_wherever_the_archive_lies() -> None:
    archive = carchive(["instaloader", "instaloader.structures", "json"], "grab")
    assert told(elf({"pydata": archive})) == ("pyinstaller", ("grab", "instaloader", "json"))
    assert told(elf({".text": b"x" * 100}) + archive) == ("pyinstaller", ("grab", "instaloader", "json"))
    assert told(b"MZ" + bytes(500) + archive)[0] == "pyinstaller"


def test_go_programs_say_what_they_were_built_from() -> None:
    text = (
        "path\texample.com/me/cmd/tool\nmod\texample.com/me\tv1\th1:x=\n"
        "dep\tgithub.com/gocolly/colly/v2\tv2.1.0\th1:y=\ndep\tbad path\n"
    )
    for data in (elf({".go.buildinfo": go_build(text)}), elf({".data": go_build(text)})):
        build = build_of(data, sections(data))
        assert build is not None
        assert (build.module, build.dependencies) == ("example.com/me", ("github.com/gocolly/colly/v2",))
    assert build_of(elf({".data": b"x"}), {}) is None


def test_archives_bundles_and_applications_are_told(tmp_path: Path) -> None:
    assert told(
        b"#!/usr/bin/env python3\n" + zipped("__main__.py", "site-packages/scrapy/__init__.py", "app/x.py")
    ) == (
        "zip",
        ("__main__", "app", "scrapy"),
    )
    assert told(zipped("a.txt")) == ("", ())
    bundle = b'const p = require("puppeteer-core"); import x from "@scope/name/deep";'
    assert told(elf({".text": b"x"}) + bundle + b"\n---- Bun! ----\n") == ("bun", ("@scope/name", "puppeteer-core"))
    assert told(elf({".text": b"x"}) + bundle + b"d3n0l4nd" + bytes(32))[0] == "deno"
    assert told(elf({".text": b"x"}) + bundle + b"<nexe~~sentinel>" + bytes(16))[0] == "nexe"
    assert told(elf({".note.NODE_SEA_BLOB": bundle}))[0] == "node"
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "app.asar").write_bytes(
        asar(
            {"name": "Grabber", "description": "Download whole playlists", "dependencies": {"ytdl-core": "1"}}, ("got",)
        )
    )
    assert told(elf({".text": b"x"}), str(tmp_path / "app")) == ("electron", ("got", "ytdl-core"))
    (tmp_path / "cx" / "lib" / "cx_Freeze").mkdir(parents=True)
    (tmp_path / "cx" / "lib" / "selenium").mkdir()
    assert told(elf({".text": b"x"}), str(tmp_path / "cx" / "app")) == ("cx_freeze", ("cx_Freeze", "selenium"))
    names = b"\0module.scrapy\0NUITKA_ONEFILE_PARENT\0"
    assert told(elf({".rodata": names})) == ("nuitka", ("scrapy",))


@pytest.mark.parametrize("cut", [0, 3, 40, 100, 200, 300])
def test_a_file_that_ends_too_early_is_nothing_and_breaks_nothing(cut: int) -> None:
    for whole in (
        elf({"pydata": carchive(["a"]), ".go.buildinfo": go_build("mod\tx\n")}),
        zipped("__main__.py"),
        asar({}),
    ):
        told(whole[:cut])
        told(whole[:-cut] if cut else whole)
        build_of(whole[:cut], sections(whole[:cut]))


@given(st.binary(max_size=600), st.binary(max_size=300))
def test_no_bytes_are_too_strange(head: bytes, tail: bytes) -> None:
    for data in (
        head,
        b"\x7fELF\x02\x01" + head,
        elf({"pydata": head + b"MEI\x0c\x0b\x0a\x0b\x0e" + tail}),
        elf({".go.buildinfo": MARK + b"\x08\x02" + head}),
        head + b"PK\x05\x06" + tail,
    ):
        told(data)
        build_of(data, sections(data))
        build_id(data, sections(data))
    read_text(head.decode("utf-8", "replace"))


# What it means.


def test_a_copy_of_a_known_program_is_known_by_its_build(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "httrack").write_bytes(elf({".note.gnu.build-id": note(b"\x07" * 20)}))
    known = KnownBuilds(["httrack", "absent"], [str(tmp_path), str(tmp_path / "none")])
    facts = BinaryFacts(build="07" * 20)
    found = binary.judge(facts, catalogue, name="notes", name_of=known.name_of)
    assert found is not None and found.tool == "httrack"
    assert "copy of httrack" in found.evidence[0].detail
    assert binary.judge(BinaryFacts(build="08" * 20), catalogue, name_of=known.name_of) is None


@pytest.mark.parametrize(
    ("facts", "does", "at_least"),
    [
        (BinaryFacts(frozen="pyinstaller", language="python", modules=("instaloader", "json")), "scrapes", 0.5),
        (
            BinaryFacts(language="go", module="x.example/a", dependencies=("github.com/gocolly/colly/v2",)),
            "crawls",
            0.5,
        ),
        (
            BinaryFacts(language="go", module="x.example/a", dependencies=("github.com/chromedp/chromedp",)),
            "drives",
            0.4,
        ),
        (BinaryFacts(language="go", module="github.com/someone/instagram-profile-scraper"), "scrapes", 0.5),
        (BinaryFacts(language="rust", dependencies=("spider", "tokio")), "crawls", 0.5),
        (
            BinaryFacts(frozen="electron", language="javascript", description="youtube video downloader"),
            "downloads",
            0.6,
        ),
        (BinaryFacts(yara=("texts_of_a_crawler",)), "crawls", 0.4),
    ],
)
def test_unknown_programs_are_judged_by_what_they_are_made_of(facts: BinaryFacts, does: str, at_least: float) -> None:
    found = binary.judge(facts, NOBODY, name="notes")
    assert found is not None and found.capability == does
    assert found.evidence[0].weight >= at_least
    assert found.tool == "program:notes"


@pytest.mark.parametrize(
    "facts",
    [
        BinaryFacts(),
        BinaryFacts(frozen="pyinstaller", language="python", modules=("numpy", "pandas", "requests", "json")),
        BinaryFacts(language="go", module="github.com/someone/backup", dependencies=("github.com/spf13/cobra",)),
        BinaryFacts(language="rust", dependencies=("clap", "serde", "reqwest")),
        BinaryFacts(frozen="electron", language="javascript", name="notes", description="a markdown editor"),
        BinaryFacts(yara=("no_such_rule",)),
    ],
)
def test_ordinary_programs_are_not_mentioned(facts: BinaryFacts, catalogue: Catalogue) -> None:
    assert binary.judge(facts, NOBODY, name="notes") is None
    assert binary.judge(facts, catalogue, name="notes") is None


def test_a_catalogued_library_inside_is_named(catalogue: Catalogue) -> None:
    facts = BinaryFacts(frozen="pyinstaller", language="python", modules=("instaloader", "selenium"))
    found = binary.judge(facts, catalogue, name="notes-sync")
    assert found is not None and found.tool == "instaloader" and found.role is Role.COLLECTOR


def test_which_files_are_looked_at() -> None:
    assert binary.worth_looking("/home/me/bin/notes", "notes")
    for path, base in (
        ("/usr/bin/notes", "notes"),
        ("/opt/x/chrome", "chrome"),
        ("notes", "notes"),
        ("/opt/y/firefox", "firefox"),
    ):
        assert not binary.worth_looking(path, base)


def test_facts_from_the_helper_are_not_believed() -> None:
    facts = BinaryFacts(frozen="zip", modules=("a",), dependencies=("x.example/a~b",), yara=("is_wget",))
    assert BinaryFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts
    wrong: tuple[object, ...] = (
        None,
        [],
        {},
        {**facts.to_json(), "modules": "a"},
        {**facts.to_json(), "name": "x" * 9999},
    )
    for broken in wrong:
        with pytest.raises(ValueError, match="helper's answer"):
            BinaryFacts.from_json(broken)
    assert BinaryFacts.from_json({**facts.to_json(), "modules": ["ok", "not ok", 5]}).modules == ("ok",)


# In the helper process.


async def test_an_executable_is_read_once_in_the_helper(reader: CodeReader, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(elf({"pydata": carchive(["scrapy"]), ".note.gnu.build-id": note(b"\x01" * 20)}))
    first = await binary.look(str(path), reader)
    assert first is not None and first.modules == ("main", "scrapy") and first.build == "01" * 20
    await reader.close()
    assert await binary.look(str(path), reader) is first and reader.pid is None


async def test_rules_speak_for_texts_inside(reader: CodeReader, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    texts = b"GNU Wget %s built on %s.\0maximum crawl depth\0pages crawled\0extract all links\0robots.txt\0"
    path.write_bytes(elf({".rodata": texts}))
    facts = await binary.look(str(path), reader)
    assert facts is not None and facts.yara == ("is_wget", "texts_of_a_crawler")
    assert reader.unread["no_rules"] == 0


@pytest.mark.parametrize(
    ("language", "text", "library"),
    [
        ("python", "from scrapy.cmdline import execute\nexecute()\n", "scrapy.cmdline"),
        ("javascript", "const { CheerioCrawler } = require('crawlee')\n", "crawlee"),
    ],
)
async def test_rules_are_not_asked_where_a_reader_understands(
    reader: CodeReader, tmp_path: Path, language: str, text: str, library: str
) -> None:
    path = tmp_path / "run"
    path.write_text(text)
    facts = await reader.read_file(str(path), language)
    assert facts is not None and library in facts.imports
    assert facts.yara == ()


async def test_what_the_rules_understand_survives_a_text_that_no_reader_does(
    reader: CodeReader, tmp_path: Path
) -> None:
    path = tmp_path / "run.py"
    path.write_text("import scrapy\nprint 'python two'\n")
    facts = await reader.read_file(str(path), "python")
    assert facts is not None and "imports_python_scraping" in facts.yara


def test_every_rule_has_its_meaning_and_every_meaning_its_rule() -> None:
    yara_x = pytest.importorskip("yara_x")
    compiler = yara_x.Compiler()
    folder = Path(binary.__file__).resolve().parents[2] / "content" / "yara"
    for path in sorted(folder.glob("*.yar")):
        compiler.add_source(path.read_text(encoding="utf-8"))
    assert {rule.identifier for rule in compiler.build()} == {*RULES, *INTERPRETERS}
    assert all(spoken.does in CAPABILITIES and 0 < spoken.weight < 1 for spoken in RULES.values())


async def test_executables_that_are_not_as_they_should_be_are_counted(reader: CodeReader, tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(4 * 1024**3)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    for path in (huge, tmp_path / "pipe", tmp_path / "absent", tmp_path, Path("/dev/zero")):
        assert await asyncio.wait_for(binary.look(str(path), reader), 20) is None
    assert reader.unread["too_large"] == 1 and sum(reader.unread.values()) == 5


async def test_only_the_ends_of_a_large_file_are_read(reader: CodeReader, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(300 * 1024**2)
        file.seek(0, os.SEEK_END)
        file.write(b'require("puppeteer")\n---- Bun! ----\n')
    facts = await binary.look(str(large), reader)
    assert facts is not None and facts.frozen == "bun" and facts.modules == ("puppeteer",)


async def test_a_file_that_was_exchanged_is_answered_once_and_not_remembered(
    reader: CodeReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.py"
    path.write_text("import a\n")
    asked = reader._ask

    async def exchanged(request: dict[str, str]) -> object:
        path.unlink()
        path.write_text("import bb\n")
        return await asked(request)

    monkeypatch.setattr(reader, "_ask", exchanged)
    facts = await reader.read_file(str(path), "python")
    assert facts is not None and facts.imports == ("bb",)
    assert not reader._cache


# Real things.


@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed here")
def test_a_real_frozen_program(tmp_path: Path) -> None:
    (tmp_path / "notes.py").write_text("import sqlite3, json\n")
    arguments = [sys.executable, "-m", "PyInstaller", "-F", "--log-level", "ERROR", "notes.py"]
    subprocess.run(arguments, cwd=tmp_path, check=True, timeout=300, capture_output=True)
    by, modules = told((tmp_path / "dist" / "notes").read_bytes())
    assert by == "pyinstaller" and {"notes", "sqlite3", "json"} <= set(modules)


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed here")
def test_a_real_go_program_says_it_is_one() -> None:
    go = Path(os.path.realpath(shutil.which("go") or "")).read_bytes()
    build = build_of(go, sections(go))
    assert build is not None


@pytest.mark.skipif(not Path("/usr/bin/wget").is_file(), reason="wget is not installed here")
async def test_a_real_copy_under_another_name(reader: CodeReader, catalogue: Catalogue, tmp_path: Path) -> None:
    shutil.copy("/usr/bin/wget", tmp_path / "notes")
    facts = await binary.look(str(tmp_path / "notes"), reader)
    assert facts is not None
    found = binary.judge(facts, catalogue, name="notes", name_of=KnownBuilds(["wget"]).name_of)
    assert found is not None and found.tool == "wget"


def test_a_pipe_with_a_tools_name_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wget")
    assert renamed.known_builds(["wget"], [str(tmp_path)]) == {}
