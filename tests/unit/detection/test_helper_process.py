"""The helper that reads foreign code: a real process, with real limits, that may die without anybody noticing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from agent.detection.identify.helper import CodeReader

LOOP = "import requests\nfor i in range(9):\n    requests.get('https://site.example/?page=%d' % i)\n"


async def test_it_reads_a_file_and_answers_again_from_memory(reader: CodeReader, tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text(LOOP)
    first = await reader.read_file(str(script), "python")
    assert first is not None and first.in_loop
    await reader.close()
    assert await reader.read_file(str(script), "python") == first
    assert reader.pid is None
    script.write_text(LOOP + "import scrapy\n")
    again = await reader.read_file(str(script), "python")
    assert again is not None and "scrapy" in again.imports


async def test_code_from_a_command_line_is_read_and_not_remembered(reader: CodeReader) -> None:
    facts = await reader.read_code("import instaloader", "python")
    assert facts is not None and facts.imports == ("instaloader",)
    assert not reader._cache


async def test_own_modules_beside_the_script_are_read_along(reader: CodeReader, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("from lib.worker import run\nrun()\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "worker.py").write_text(LOOP)
    facts = await reader.read_file(str(tmp_path / "main.py"), "python")
    assert facts is not None and facts.in_loop
    (tmp_path / "index.js").write_text("import { go } from './crawl.js'; go();")
    (tmp_path / "crawl.js").write_text("import { PlaywrightCrawler } from 'crawlee';")
    facts = await reader.read_file(str(tmp_path / "index.js"), "javascript")
    assert facts is not None and facts.imports == ("crawlee",)


async def test_what_cannot_be_read_is_counted_by_reason(reader: CodeReader, tmp_path: Path) -> None:
    big = tmp_path / "big.py"
    big.write_bytes(b"#" * (2 * 1024 * 1024 + 1))
    broken = tmp_path / "broken.py"
    broken.write_text("def (:\n")
    nested = tmp_path / "nested.py"
    nested.write_text("x = " + "-" * 100_000 + "1\n")
    for path in (big, broken, nested, tmp_path / "missing.py", tmp_path):
        assert await reader.read_file(str(path), "python") is None
    assert reader.unread["too_large"] == 1
    assert reader.unread["not_code"] == 1
    assert reader.unread["unreadable"] == 2
    assert sum(reader.unread.values()) == 5
    assert await reader.read_code("import os", "python") is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
async def test_a_named_pipe_does_not_hold_anybody(reader: CodeReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert await asyncio.wait_for(reader.read_file(str(tmp_path / "pipe.py"), "python"), 10) is None
    assert reader.unread["unreadable"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
async def test_a_killed_helper_costs_at_most_one_answer(reader: CodeReader) -> None:
    assert await reader.read_code("import a", "python") is not None
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    await reader.read_code("import b", "python")
    facts = await reader.read_code("import c", "python")
    assert facts is not None and facts.imports == ("c",)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
async def test_a_helper_that_hangs_is_ended_by_the_watchdog() -> None:
    reader = CodeReader(watchdog_seconds=1.0)
    assert await reader.read_code("import a", "python") is not None
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGSTOP)
    assert await reader.read_code("import b", "python") is None
    assert reader.unread["too_slow"] == 1
    assert await reader.read_code("import c", "python") is not None
    await reader.close()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "for(" * 60_000),
        ("javascript", "const a = require('axios');" + "[1].map(x => fetch(x));" * 20_000),
        ("javascript", "`${" * 100_000),
        ("python", "x = " + "(" * 150 + ")" * 150 + "\n" + "a" + ".a" * 50_000),
        ("python", "import requests\n" + "def f():\n  requests.get('/')\n" * 20_000),
        ("shell", "for i in `curl x`; do " * 30_000),
    ],
)
async def test_no_file_holds_the_helper_for_long(reader: CodeReader, tmp_path: Path, language: str, text: str) -> None:
    script = tmp_path / "x"
    script.write_text(text)
    await asyncio.wait_for(reader.read_file(str(script), language), 20)
    assert await reader.read_code("import os", "python") is not None


async def test_an_idle_helper_goes_away_by_itself() -> None:
    reader = CodeReader(idle_seconds=0.05)
    assert await reader.read_code("import a", "python") is not None
    pid = reader.pid
    assert pid is not None
    for _ in range(500):
        if not psutil.pid_exists(pid):
            break
        await asyncio.sleep(0.01)
    assert not psutil.pid_exists(pid)
    assert reader.pid is None
    assert await reader.read_code("import b", "python") is not None
    await reader.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_helper_is_bare_and_limited(reader: CodeReader) -> None:
    assert await reader.read_code("import a", "python") is not None
    folder = Path("/proc", str(reader.pid))
    limits = (folder / "limits").read_text()
    assert str(256 * 1024 * 1024) in limits
    assert (folder / "environ").read_bytes() == b""
    mapped = [line for line in (folder / "maps").read_text().splitlines() if "site-packages" in line]
    assert all("/yara_x/" in line for line in mapped), "no package but the YARA engine is in reach"
    assert psutil.Process(reader.pid).memory_info().rss < 64 * 1024 * 1024


async def test_many_questions_at_once_are_all_answered(reader: CodeReader) -> None:
    answers = await asyncio.gather(*(reader.read_code(f"import m{i}", "python") for i in range(40)))
    assert [facts.imports for facts in answers if facts] == [(f"m{i}",) for i in range(40)]


async def test_an_address_that_stands_for_a_platform_is_not_ones_own_host(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text("import requests\nfor n in range(9):\n    requests.get(f'http://127.0.0.1:8443/in/{n}')\n")
    plain, mapped = CodeReader(), CodeReader(loopback={"www.linkedin.com": "127.0.0.1:8443"})
    try:
        ours, theirs = await plain.read_file(str(script), "python"), await mapped.read_file(str(script), "python")
    finally:
        await plain.close()
        await mapped.close()
    assert ours is not None and ours.own_host
    assert theirs is not None and not theirs.own_host


@pytest.mark.parametrize("name", ["big.py", "big.ipynb", "big.pyz", "big.js", "big.sh"])
async def test_a_giant_file_is_refused_by_its_size_alone(reader: CodeReader, tmp_path: Path, name: str) -> None:
    script = tmp_path / name
    with script.open("wb") as file:
        file.truncate(4 * 1024**3)
    language = {".js": "javascript", ".sh": "shell"}.get(script.suffix, "python")
    assert await reader.read_file(str(script), language) is None
    assert reader.unread == {"too_large": 1}
    await reader.read_code("import os", "python")
    assert psutil.Process(reader.pid).memory_info().rss < 64 * 1024 * 1024


async def test_a_notebook_may_be_larger_than_a_script_since_its_pictures_are_dropped(
    reader: CodeReader, tmp_path: Path
) -> None:
    cell = {"cell_type": "code", "source": ["import scrapy\n"], "outputs": [{"data": "x" * (3 * 1024 * 1024)}]}
    notebook = tmp_path / "a.ipynb"
    notebook.write_text(json.dumps({"nbformat": 4, "cells": [cell]}))
    facts = await reader.read_file(str(notebook), "python")
    assert facts is not None and "scrapy" in facts.imports


async def test_only_the_beginning_of_a_large_zip_application_is_read(reader: CodeReader, tmp_path: Path) -> None:
    archive = tmp_path / "app.pyz"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("blob.bin", os.urandom(5 * 1024 * 1024))
        made.writestr("__main__.py", "import instaloader\n")
    facts = await reader.read_file(str(archive), "python")
    assert facts is not None and "instaloader" in facts.imports


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs devices")
async def test_a_device_is_not_read(reader: CodeReader) -> None:
    assert await asyncio.wait_for(reader.read_file("/dev/zero", "python"), 10) is None
    assert reader.unread == {"unreadable": 1}


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
async def test_memory_is_bounded_and_the_helper_outlives_a_program_that_wants_more(
    reader: CodeReader, tmp_path: Path
) -> None:
    greedy = tmp_path / "greedy.py"
    greedy.write_text("x = [" + "{1: (2, [3])}, " * 130_000 + "]\n")
    await reader.read_file(str(greedy), "python")
    facts = await reader.read_code("import os", "python")
    assert facts is not None
    status = Path("/proc", str(reader.pid), "status").read_text()
    (data,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    assert data * 1024 <= 256 * 1024 * 1024


async def test_the_next_helper_is_spared_the_compiling_of_rules(reader: CodeReader) -> None:
    assert await reader.read_code("import scrapy", "python") is not None
    rules = reader._rules
    await reader.close()
    facts = await reader.read_code("import scrapy\nprint 'Python 2'", "python")
    assert facts is not None and facts.yara and reader._rules == rules


async def test_without_the_engine_code_is_still_read(reader: CodeReader) -> None:
    reader._engine = ""
    facts = await reader.read_code("import scrapy", "python")
    assert facts is not None and facts.imports == ("scrapy",) and facts.yara == ()
    assert reader.unread == {"no_rules": 1}
