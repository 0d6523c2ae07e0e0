"""Whatever runs on this machine: the agent stays up, says what it missed and why, and still sees the next scraper.

Every piece of issue 4's bad input is a real file or process of this person, met by the real agent. After each of them
`still_watching` asks the same: it answers, its health has no failed part, its log shows no crash, and an ordinary
collecting script that starts now is flagged.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.agent import Agent, prepared_agent
from tests.support.collecting import SCRIPT, flagged, of_process, own_script
from tests.support.processes import descendants
from tests.support.tool import lay_out_tool
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sparse files, FIFOs and /proc as Linux has them")

GIGABYTE = 1 << 30
MEGABYTE = 1 << 20
PYTHON = sys.executable
QUIET: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
async def agent(folder: Path) -> AsyncIterator[Agent]:
    """An agent that is not started and does not look for a desktop, which a machine for tests has none of."""
    async with prepared_agent(folder, GLEANWATCH_DESKTOP="off") as made:
        yield made


def small_appetite() -> None:
    """Keep a program that is given nonsense from eating this machine; runs in the child before its exec."""
    resource.setrlimit(resource.RLIMIT_AS, (256 * MEGABYTE, 256 * MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CPU, (3, 3))


@contextmanager
def children() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start programs that are ended again, each by its own pid."""
    made: list[subprocess.Popen[bytes]] = []

    def start(*command: str | bytes | Path, **more: Any) -> subprocess.Popen[bytes]:
        made.append(subprocess.Popen([os.fspath(part) for part in command], **{**QUIET, **more}))
        return made[-1]

    try:
        yield start
    finally:
        for one in made:
            one.kill()
            one.wait()


@contextmanager
def deaf() -> Iterator[int]:
    """Make a pipe that is full and that nobody reads, and give the end to write to."""
    far, near = os.pipe()
    os.set_blocking(near, False)
    with suppress(BlockingIOError):
        while True:
            os.write(near, b"." * 4096)
    os.set_blocking(near, True)
    try:
        yield near
    finally:
        os.close(near)
        os.close(far)


@asynccontextmanager
async def still_watching(agent: Agent, mark: str) -> AsyncIterator[None]:
    """Do something bad to a running agent; afterwards it must be as good as before."""
    await agent.start()
    yield
    assert agent.running
    async with own_script(agent.folder, agent.env, mark) as pid:
        finding = await flagged(agent, pid)
    assert finding["evidence"]

    async def whole() -> bool:
        return all(part["condition"] != "failed" for part in (await agent.status())["health"])

    await until(whole, "every part to be in health", every=0.2)
    status = await agent.status()
    assert status["counters"].get("detection.failed", 0) == 0, agent.log[-2000:]
    assert "Traceback" not in agent.log


async def counted(agent: Agent, name: str, more_than: int = 0) -> int:
    """Wait until something was counted, and return how often."""

    async def look() -> int:
        count = (await agent.counters()).get(name, 0)
        return count if count > more_than else 0

    return int(await until(look, f"{name} to be counted", seconds=40, every=0.2))


def sparse(path: Path, size: int, head: bytes = b"") -> Path:
    """Make a file of a size that takes no room."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def helper_of(agent: Agent) -> psutil.Process | None:
    """Return the process in which foreign code is read, while there is one."""
    for child in descendants(agent.pid):
        try:
            if any("parse.main" in part for part in child.cmdline()):
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def memory_of(agent: Agent) -> int:
    """Return what the agent and everything it started hold resident, in bytes."""
    total = 0
    for one in (psutil.Process(agent.pid), *descendants(agent.pid)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


async def test_scripts_that_cannot_be_read_are_counted_by_reason(agent: Agent) -> None:
    """Four gigabytes, half a gigabyte of notebook, a pipe, a device, a folder, a socket, a link to itself."""
    place = agent.folder / "scripts"
    place.mkdir()
    head = SCRIPT.encode()
    too_large = [
        sparse(place / "four.py", 4 * GIGABYTE, head),
        sparse(place / "four.js", 4 * GIGABYTE),
        sparse(place / "notebook.ipynb", 500 * MEGABYTE, b'{"cells": ['),
    ]
    os.mkfifo(place / "pipe.py")
    (place / "device.py").symlink_to("/dev/zero")
    (place / "itself.py").symlink_to("itself.py")
    (place / "folder.py").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket.py"))
        unreadable = [
            place / name for name in ("pipe.py", "device.py", "itself.py", "folder.py", "socket.py", "none.py")
        ]
        async with still_watching(agent, "unread"):
            before = await agent.counters()
            # An interpreter that cannot read its script ends within milliseconds, which a busy agent may not see: with
            # nobody to read what `-v` tells, it stands still before it opens anything.
            with deaf() as nobody, children() as start:
                for script in (*too_large, *unreadable):
                    start(PYTHON, "-v", script, preexec_fn=small_appetite, stderr=nobody)
                start("bash", place / "pipe.py")
                start(PYTHON, "-c", "#" * 100_000 + "\nimport requests")
                await counted(agent, "code.too_large", before.get("code.too_large", 0) + len(too_large) - 1)
                await counted(agent, "code.unreadable", before.get("code.unreadable", 0) + len(unreadable) - 1)


async def test_code_that_is_a_trap_for_its_reader_costs_one_answer(agent: Agent) -> None:
    """Nesting without end, a zip bomb, an archive of archives, notebooks of nonsense, names in no encoding."""
    place = agent.folder / "traps"
    place.mkdir()
    traps: dict[str, bytes] = {
        "deep.py": b"x = " + b"(" * 200_000 + b")" * 200_000,
        "unary.py": b"x = " + b"-" * 300_000 + b"1",
        "chain.py": b"x = a" + b".b" * 300_000,
        "bytes.py": os.urandom(200_000),
        "latin.py": b"# -*- coding: koi8-r -*-\nimport requests\nx = '\xc1\xc2\xc3'\n",
        "lies.py": b"# -*- coding: no-such-code -*-\nimport requests\n",
        "nul.py": b"import requests\n\0\0\0",
        "deep.js": b"x=" + b"[" * 300_000,
        "regex.js": b"x = /" + b"(a+)+" * 20_000 + b"$/.test('" + b"a" * 60_000 + b"!')",
        "deep.sh": b"curl " + b"$(" * 100_000 + b")" * 100_000,
        "here.sh": b"curl <<" + b"A" * 100_000 + b"\n" + b"<<X\n" * 50_000,
        "cells.ipynb": b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "types.ipynb": json.dumps({"cells": [{"cell_type": 7, "source": {"a": []}}, None, [], "x"] * 5000}).encode(),
    }
    for name, data in traps.items():
        (place / name).write_bytes(data)
    bomb = place / "bomb.pyz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("__main__.py", b"import requests\n" + b"#" * (300 * MEGABYTE))
        for number in range(2000):
            archive.writestr(f"m{number}.py", b"")
    quine = place / "inside.pyz"
    with zipfile.ZipFile(quine, "w") as archive:
        archive.write(bomb, "__main__.py")
    broken = place / "broken.pyz"
    broken.write_bytes(bomb.read_bytes()[:-30] + b"\xff" * 30)
    async with still_watching(agent, "traps"):
        with children() as start:
            for script in sorted(place.iterdir()):
                program = {".js": "node", ".sh": "bash"}.get(script.suffix, PYTHON)
                # What runs is harmless: only its name and the file beside it look like a program and its script.
                start("bash", "-c", f"exec -a {program} sleep 20 {script}")
                start(PYTHON, script, preexec_fn=small_appetite)
            before = memory_of(agent)
            async with own_script(agent.folder, agent.env, "meanwhile") as pid:
                await flagged(agent, pid)
            assert memory_of(agent) < before + 400 * MEGABYTE, "the helper is held to its limit"
    reasons = {name for name in await agent.counters() if name.startswith("code.")}
    assert reasons & {"code.not_code", "code.too_complex", "code.too_slow"}


async def test_an_argument_list_of_two_megabytes_and_arguments_that_are_no_text(agent: Agent) -> None:
    program = lay_out_tool(agent.folder / "env", Path(PYTHON))
    long = ["a" * 120_000] * 15
    not_text = [b"\xff\xfe\x80", b"--\xc3\x28=\xa0", bytes(range(1, 256))]
    async with still_watching(agent, "argv"):
        with children() as start:
            collecting = [
                start(program, "someone", *long),
                start(program, "someone", *not_text),
                start(PYTHON, *not_text[1:], preexec_fn=small_appetite),
                start("sleep", *long),
            ][:2]
            for child in collecting:
                assert (await flagged(agent, child.pid))["tool"] == "instaloader"
    text = json.dumps(await agent.findings())
    assert "someone" not in text and "aaaa" not in text


async def test_a_path_that_changes_under_the_reader(agent: Agent) -> None:
    """The script is renamed, replaced by a pipe, a folder, a link, another script, while it is started and read."""
    place = agent.folder / "moving"
    place.mkdir()
    script, aside = place / "job.py", place / "aside.py"
    stop = threading.Event()

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            for path in (script, aside):
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink(missing_ok=True)
            kind = turn % 5
            if kind == 0:
                os.mkfifo(script)
            elif kind == 1:
                script.mkdir()
            elif kind == 2:
                script.symlink_to("/dev/full")
            else:
                aside.write_text(SCRIPT if kind == 3 else f"print({turn})\n" * 5000)
                aside.rename(script)

    async with still_watching(agent, "moving"):
        changing = threading.Thread(target=change)
        changing.start()
        try:
            with children() as start:
                for _ in range(40):
                    start(PYTHON, "-S", script, preexec_fn=small_appetite)
                    await asyncio.sleep(0.02)
        finally:
            stop.set()
            changing.join()


async def test_storms_of_short_lives_are_bounded_and_health_tells_what_was_missed(agent: Agent) -> None:
    """Thousands of programs that are gone before they can be read, and hundreds that each bring code of their own."""
    storm = "i=0; while [ $i -lt {n} ]; do i=$((i+1)); /bin/true $i; done"
    codes = 'i=0; while [ $i -lt {n} ]; do i=$((i+1)); /bin/sh -c ": curl {mark} $i; exit"; done'
    async with still_watching(agent, "storm"):
        memory: list[int] = []
        for turn in range(3):
            with children() as start:
                runs = [start("bash", "-c", storm.format(n=700)) for _ in range(2)]
                runs.append(start("bash", "-c", codes.format(n=300, mark=turn)))
                for run in runs:
                    await asyncio.to_thread(run.wait)
            # All of it is worked off before the next: what is left then is what stays.
            async with own_script(agent.folder, agent.env, f"storm{turn}") as pid:
                await flagged(agent, pid)
            memory.append(psutil.Process(agent.pid).memory_info().rss)
        assert memory[2] - memory[1] < 12 * MEGABYTE, memory
    (health,) = [part for part in (await agent.status())["health"] if part["part"] == "processes"]
    assert health["missed"], "a storm cannot be seen in full, and the agent says so"


async def test_the_reader_killed_or_hung_in_the_middle_is_replaced(agent: Agent) -> None:
    async with still_watching(agent, "helper"):
        async with own_script(agent.folder, agent.env, "first") as pid:
            await flagged(agent, pid)
        killed = helper_of(agent)
        assert killed is not None
        killed.send_signal(signal.SIGKILL)
        async with own_script(agent.folder, agent.env, "after-kill") as pid:
            await flagged(agent, pid)
        hung = helper_of(agent)
        assert hung is not None and hung.pid != killed.pid
        hung.send_signal(signal.SIGSTOP)
        # What is asked of the one that hangs is given up, and counted; the next is asked of another.
        with children() as start:
            script = agent.folder / "unlucky.py"
            script.write_text(SCRIPT)
            start(PYTHON, "-S", script)
            await counted(agent, "code.too_slow")
        await until(lambda: not psutil.pid_exists(hung.pid), "the one that hung to be gone")


async def test_the_reader_killed_again_and_again_while_it_reads(agent: Agent) -> None:
    stop = threading.Event()

    def kill() -> None:
        while not stop.is_set():
            helper = helper_of(agent)
            if helper is not None:
                try:
                    helper.kill()
                except psutil.NoSuchProcess:
                    continue
            stop.wait(0.02)

    async with still_watching(agent, "killing"):
        killing = threading.Thread(target=kill)
        killing.start()
        try:
            with children() as start:
                for number in range(12):
                    script = agent.folder / f"victim{number}.py"
                    script.write_text(f"# {number}\n{SCRIPT}")
                    start(PYTHON, "-S", script)
                    await asyncio.sleep(0.1)
                await counted(agent, "code.crashed")
        finally:
            stop.set()
            killing.join()


def lay_out_nonsense(site: Path) -> None:
    """Write packages whose metadata are nothing that a package manager would write."""
    site.mkdir(parents=True)

    def package(name: str, files: dict[str, bytes], module: bool = True) -> Path:
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        for file, data in files.items():
            (info / file).write_bytes(data)
        if module:
            (site / name).mkdir(exist_ok=True)
            (site / name / "__init__.py").write_bytes(b"import time\ntime.sleep(20)\n")
            (site / name / "__main__.py").write_bytes(b"")
        return info

    good = b"Metadata-Version: 2.1\nName: %s\nSummary: scrape profiles in bulk\n"
    package("binary", {"METADATA": os.urandom(300_000), "RECORD": os.urandom(300_000)})
    package("utf16", {"METADATA": (good % b"utf16").decode().encode("utf-16"), "top_level.txt": b"\xff\xfe\0\0"})
    package("latin", {"METADATA": good % b"latin" + b"Keywords: \xe9\xe8,\xa0\n"})
    sparse(package("record", {"METADATA": good % b"record"}) / "RECORD", 50 * MEGABYTE, b"record/__init__.py,,\n")
    package("top", {"METADATA": b"", "top_level.txt": b"top\n" * 2_000_000})
    package("url", {"METADATA": good % b"url", "direct_url.json": b"file: editable " + b"[" * 100_000})
    pipe = package("pipe", {})
    os.mkfifo(pipe / "METADATA")
    os.mkfifo(pipe / "top_level.txt")
    (package("folder", {}) / "METADATA").mkdir()
    (package("loop", {}) / "METADATA").symlink_to("METADATA")
    for number in range(2500):
        # A cycle through all of them, and from each to many: whoever follows every way never comes home.
        needs = b"".join(b"Requires-Dist: ring%d\n" % ((number + step) % 2500) for step in range(1, 40))
        package(f"ring{number}", {"METADATA": good % b"ring%d" % number + needs}, module=number == 0)
    modules = site / "node_modules"
    for name, text in {
        "deep": b'{"name": "deep", "dependencies": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        "list": b'["a", 1, null]',
        "wrong": b'{"name": 7, "description": ["x"], "keywords": {"a": 1}, "dependencies": "all", "bin": []}',
        "self": b'{"name": "self", "description": "scrape profiles", "dependencies": {"self": "1", "deep": "1"}}',
        "bytes": os.urandom(5000),
    }.items():
        folder = modules / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_bytes(text)
        (folder / "cli.js").write_text("setTimeout(() => {}, 20000)\n")


async def test_package_metadata_of_nonsense_are_read_as_saying_nothing(agent: Agent) -> None:
    """Also as what is installed: the same folder is the person's own site-packages, which the inventory lists."""
    site = agent.folder / ".local" / "lib" / "python3.11" / "site-packages"
    lay_out_nonsense(site)
    for browser in ("chromium", "google-chrome"):
        extension = agent.folder / ".config" / browser / "Default" / "Extensions" / ("a" * 32) / "1.0_0"
        extension.mkdir(parents=True)
        (extension / "manifest.json").write_bytes(b'{"name": ' + b"[" * 100_000)
        (extension.parent.parent / ("b" * 32)).mkdir()
        os.mkfifo(extension.parent.parent / ("b" * 32) / "1.0_0")
    names = ["binary", "utf16", "latin", "record", "top", "url", "pipe", "folder", "loop", "ring0"]
    async with still_watching(agent, "metadata"):
        with children() as start:
            for name in names:
                start(PYTHON, "-m", name, cwd=site, env=agent.env, preexec_fn=small_appetite)
                start("bash", "-c", f"exec -a python3 sleep 20 {site}/{name}/__init__.py", env=agent.env)
            for folder in (site / "node_modules").iterdir():
                start("bash", "-c", f"exec -a node sleep 20 {folder}/cli.js", env=agent.env)
            async with own_script(agent.folder, agent.env, "meanwhile") as pid:
                await flagged(agent, pid)
            # A folder that changes while it is listed is listed again.
            shutil.rmtree(site / "ring7-1.0.dist-info")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run something as somebody else")
async def test_programs_of_other_people_are_not_observed_at_all(agent: Agent) -> None:
    """The same tool, once as somebody else and once as this person: only the second has ever been there."""
    shared = Path(tempfile.mkdtemp(prefix="gw-shared-"))
    try:
        shared.chmod(0o755)
        program = shared / "httrack"
        shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
        shell = "for i in 1 2 3; do : curl https://site.example/people/$i; done; sleep 60"
        async with still_watching(agent, "others"):
            before = await agent.counters()
            with children() as start:
                theirs = start(program, "60", user=65534, group=65534, cwd="/")
                hidden = start("bash", "-c", shell, user=65534, group=65534, cwd="/")
                # One that begins as this person's and becomes somebody else's before it begins to collect.
                drops = f"import os; os.setuid(65534); os.execv({str(program)!r}, ['httrack', '60'])"
                dropped = start(PYTHON, "-c", drops, cwd="/")
                ours = start(program, "60", cwd="/")
                await flagged(agent, ours.pid)
                listed = await agent.findings()
                for child in (theirs, hidden, dropped):
                    assert child.poll() is None, "it runs while it is not seen"
                    assert of_process(listed, child.pid) == []
            assert (await agent.counters()).get("code.unreadable", 0) == before.get("code.unreadable", 0)
    finally:
        shutil.rmtree(shared)


POLICY = """
[organisation]
name = "Example Ltd"
contact = "help@example.org"
[monitoring]
jurisdiction = "NO"
"""
CATASTROPHE = """
title: A rule that would never end
id: 5e1f0c9e-0000-4000-8000-{number:012d}
status: experimental
description: A pattern that takes exponential time where a regular expression is tried out way by way.
logsource: {{product: gleanwatch, category: finding}}
detection:
  slow:
    tool|re: '{pattern}'
  condition: slow
level: medium
gleanwatch: {{family: media-downloader}}
"""


async def test_an_organisations_rules_with_catastrophic_patterns(folder: Path) -> None:
    """Taken and harmless, or refused with a reason: a pattern is never a way to stop the agent."""
    patterns = ["^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$", "(.*)*(.*)*(.*)*x$", "((a{0,50}){0,50}){0,50}$", "(x+x+)+y"]
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    rules = folder / "rules"
    rules.mkdir()
    for number, pattern in enumerate(patterns):
        (rules / f"slow{number}.yml").write_text(CATASTROPHE.format(number=number, pattern=pattern))
    laughs = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in pairwise("abcdefghi"):
        laughs.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    (rules / "bomb.yml").write_text("\n".join(laughs))
    os.mkfifo(rules / "pipe.yml")
    async with (
        prepared_agent(folder, "run", GLEANWATCH_DESKTOP="off", GLEANWATCH_POLICY=str(policy)) as agent,
        still_watching(agent, "rules"),
    ):
        (told,) = [part for part in (await agent.status())["health"] if part["part"] == "rules"]
        assert told["how"] == "4 rules"
        assert told["missed"].startswith("Left out: ") and "pipe.yml" in told["missed"]
