"""`gleanwatch demo` as a newcomer runs it: it shows what it promises, says what is missing, and leaves nothing behind.

Run as a program in an environment of its own, with the real tools of `.venv-demo` and the real browser where they are.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from rich.console import Console

from agent.content.platforms import load_platforms
from agent.demo.screen import screen
from agent.demo.story import Story, judge
from agent.demo.tour import tour
from agent.model.face import PageTotal
from tests.e2e.test_real_scrapers import TOOLS, tool
from tests.support.agent import COMMAND
from tests.support.browser import find_browser
from tests.support.places import clean_environment, short_folder
from tests.support.processes import alive, descendants, end
from tests.support.waiting import until

SIZES = [(60, 20), (80, 24), (111, 30), (112, 30), (160, 48), (240, 70)]
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(slots=True)
class Show:
    """One demonstration as a process.

    Attributes:
        process: The command.
        folder: Its HOME, its TMPDIR, and its pictures.
        seen: Every process that was below it at any time.
    """

    process: asyncio.subprocess.Process
    folder: Path
    seen: dict[int, psutil.Process]

    async def lines_until(self, text: str) -> list[str]:
        """Read lines up to the first that holds a text, and remember every process started so far."""
        assert self.process.stdout is not None
        lines: list[str] = []
        while line := (await asyncio.wait_for(self.process.stdout.readline(), 90)).decode():
            lines.append(line)
            self.look()
            if text in line:
                return lines
        raise AssertionError(f"«{text}» was never said:\n{''.join(lines)}")

    def look(self) -> None:
        """Remember the processes that are there now."""
        self.seen.update({child.pid: child for child in descendants(self.process.pid)})

    async def over(self) -> tuple[str, str]:
        """Wait until it has ended; return what it printed on both streams."""
        out, err = await asyncio.wait_for(self.process.communicate(), 90)
        return out.decode(), err.decode()

    async def check_nothing_is_left(self) -> None:
        """Nothing it started still runs, and its throw-away folder is gone."""

        def left() -> list[psutil.Process]:
            return [child for pid, child in self.seen.items() if alive(pid) and child.is_running()]

        await until(lambda: not left(), "everything to have ended")
        assert not list(self.folder.glob("gw-demo-*"))


@dataclass(slots=True)
class Stage:
    """Where demonstrations are started; all of them are ended afterwards."""

    folder: Path
    env: dict[str, str]
    shows: list[Show]

    async def start(self, *arguments: str) -> Show:
        process = await asyncio.create_subprocess_exec(
            str(COMMAND),
            "demo",
            "--shots",
            str(self.folder / "shots"),
            *arguments,
            env=self.env,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        show = Show(process, self.folder, {})
        self.shows.append(show)
        return show


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Make one test's folder and environment."""
    with short_folder() as folder:
        made = Stage(folder, {**clean_environment(folder), "TMPDIR": str(folder), "COLUMNS": "120"}, [])
        yield made
        for show in made.shows:
            await end(show.process)


def without_a_browser(stage: Stage) -> None:
    """Leave on the search path what the programs need and no browser."""
    programs = stage.folder / "bin"
    programs.mkdir()
    for name in ("sh", "env", "uname"):
        found = shutil.which(name)
        if found:
            (programs / name).symlink_to(found)
    stage.env["PATH"] = str(programs)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_everything_promised_is_shown_and_nothing_is_left(stage: Stage) -> None:
    find_browser("chromium", "chromium-browser", "google-chrome-for-testing")
    tool("scrapy")
    show = await stage.start("--tools", str(TOOLS), "--seconds", "18", "--json")
    await asyncio.sleep(10)
    show.look()
    out, err = await show.over()
    assert show.process.returncode == 0, err

    document: dict[str, Any] = json.loads(out)
    assert document["ok"] is True
    assert document["missing"] == []
    loads = {(load["platform"], load["page_class"]): load["count"] for load in document["page_loads"]}
    assert loads[("linkedin", "profile")] >= 1
    assert loads[("linkedin", "search")] >= 1
    assert ("linkedin", "feed") not in loads, "a feed says nothing about collecting"

    spider, loop = document["tools"]
    assert spider["finding"]["tool"] == "scrapy"
    assert loop["finding"]["family"] == "social-media-scraper"
    for each in (spider, loop):
        assert each["flagged"] is True
        assert each["finding"]["platforms"] == ["linkedin"], (
            "the configured map says which platform loopback stands for"
        )
        assert each["finding"]["evidence"]
        assert any(process["pid"] == each["pid"] for process in each["finding"]["processes"])

    assert document["left"]["connections_to_other_machines"] == 0
    assert document["looked"]["page_sessions"] == 1
    assert [Path(picture).name for picture in document["pictures"]] == ["overview-light.png", "overview-dark.png"]
    light, dark = (Path(picture).read_bytes() for picture in document["pictures"])
    assert light.startswith(PNG) and dark.startswith(PNG) and light != dark
    assert "Page loads were counted, and each tool was flagged" in err
    await show.check_nothing_is_left()


@pytest.mark.slow
async def test_without_browser_and_tools_it_says_what_to_install_and_runs_the_rest(stage: Stage) -> None:
    without_a_browser(stage)
    show = await stage.start("--tools", str(stage.folder / "nowhere"), "--seconds", "15")
    out, _ = await show.over()
    assert show.process.returncode == 1
    assert "make browsers" in out
    assert "make demo" in out
    assert "Gleanwatch runs" in out
    assert "No page load was counted: there was no browser." in out
    assert "The scrapy spider was not flagged: it did not run." in out
    assert "The requests loop was not flagged: it did not run." in out
    await show.check_nothing_is_left()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_broken_off_it_ends_everything_it_started(stage: Stage, how: signal.Signals) -> None:
    tool("scrapy")
    show = await stage.start("--tools", str(TOOLS), "--seconds", "15")
    await show.lines_until("scrapy spider started")
    assert any(child.name() == "scrapy" for child in descendants(show.process.pid)), "there is something to end"
    os.kill(show.process.pid, how)
    _, err = await show.over()
    assert show.process.returncode == 1
    assert "broken off" in err
    await show.check_nothing_is_left()


async def test_an_agent_that_dies_ends_the_show_in_one_line(stage: Stage) -> None:
    show = await stage.start("--tools", str(stage.folder / "nowhere"), "--seconds", "15")
    await show.lines_until("Gleanwatch runs")
    (agent,) = (child for child in show.seen.values() if child.is_running() and "--demo" in child.cmdline())
    agent.kill()
    _, err = await show.over()
    assert show.process.returncode == 1
    assert "the agent ended before its time" in err
    assert "Traceback" not in err
    await show.check_nothing_is_left()


def full_story() -> Story:
    """Return a story with more in it than any screen holds."""
    story = Story(30, clock=iter(range(1000)).__next__)
    story.totals = tuple(PageTotal("linkedin", kind, 1000, 0) for kind in ("profile", "search", "people_list"))
    for number in range(60):
        story.tell(f"browser opened page {number} of very many pages that nobody will ever count")
    story.hint("no picture was taken: the browser is gone")
    story.tell("this is the newest of all, and long enough to need a second line on any but the widest of terminals")
    return story


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_screen_fits_its_terminal_and_ends_with_the_newest(width: int, height: int) -> None:
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(screen(full_story(), width, height))
    lines = console.export_text().rstrip("\n").split("\n")
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)
    text = " ".join(lines)
    for column in ("what happened", "what was kept", "what left", "who looked"):
        assert column in text
    assert "no picture was taken" in text
    assert "terminals" in text, "the end of the newest line"


def test_what_is_missing_is_said_for_each_part() -> None:
    outcome = judge(Story(30, clock=iter(range(1000)).__next__))
    assert not outcome.ok
    assert len(outcome.missing) == 3


def test_every_stop_of_the_tour_counts_or_is_said_not_to() -> None:
    """The screen must not claim of a page what the platform data do not."""
    platforms = load_platforms()
    for stop in islice(tour(), 20):
        if not stop.url:
            continue
        address = urlsplit(stop.url)
        found = platforms.classify(address.netloc, address.path, parse_qs(address.query))
        kept = found is not None and found[1] in platforms.sendable_classes
        assert kept != ("not kept" in stop.text or "never seen" in stop.text), stop
