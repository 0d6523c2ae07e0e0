"""`gleanwatch demo`: the whole thing at work in half a minute, in a folder that is thrown away afterwards.

Prepares the folder and the instance in it, plays `agent.demo.performance`, draws it live at a terminal and as plain
lines elsewhere, and says at the end what was seen: exit code 0 when page loads were counted and each tool flagged.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from agent.cli.asking import Failure, follow, uid
from agent.cli.show import console, finding_json, json_option, print_json
from agent.settings.instance import locate

if TYPE_CHECKING:
    from agent.demo.performance import Ask, Props
    from agent.demo.story import Happening, Outcome, Story

CHECKOUT = Path(__file__).resolve().parents[2]
DRAW_SECONDS = 0.25
WIDEST = 400
"""Letters of a line: the picture is for a terminal, and a pipe has no edge."""


@click.command()
@click.option(
    "--tools",
    type=click.Path(path_type=Path),
    default=CHECKOUT / ".venv-demo",
    help="Python environment with scrapy, requests and beautifulsoup4. Default: .venv-demo beside the checkout.",
)
@click.option(
    "--shots",
    type=click.Path(path_type=Path),
    default=Path("build") / "demo",
    show_default=True,
    help="Folder for the pictures of the local page.",
)
@click.option("--seconds", type=click.IntRange(15, 600), default=30, show_default=True, help="How long it runs.")
@json_option
def demo(tools: Path, shots: Path, seconds: int, as_json: bool) -> None:
    """Show it at work: a browser that browses, two tools that collect, an agent that sees both. On loopback only.

    \b
    gleanwatch demo
    gleanwatch demo --seconds 60 --json

    Starts an invented social site, an agent in a throw-away folder, a headless Chromium with the extension, a scrapy
    spider and a plain requests loop; shows what happened, what was kept, what left and who looked; saves a picture of
    the local page; ends everything and removes the folder. Nothing of your own instance is touched.
    """
    if sys.platform == "win32":
        raise Failure("the demonstration needs Linux or macOS: the agent's sockets do not run on Windows yet.")
    from agent.demo.performance import Failed, Props
    from agent.demo.screen import summary
    from agent.demo.story import Story, judge

    say = console(stderr=as_json)
    live = say.is_terminal
    story = Story(seconds, time.monotonic, told=(lambda _happening: None) if live else _line(say))
    with _throw_away() as folder:
        instance = locate({"GLEANWATCH_HOME": str(folder / "gw")}, sys.platform, folder, uid(), demo=True)
        props = Props(
            folder=folder,
            instance=instance,
            environment=os.environ,
            tools=tools.absolute(),
            extension=CHECKOUT / "extension",
            pictures=shots.absolute(),
            ask=_asker(lambda command: list(follow(instance, command))),
        )
        try:
            asyncio.run(_play(props, story, say if live else None))
        except Failed as problem:
            raise Failure(f"{problem}. Nothing is left running. See more: gleanwatch run --demo --verbose") from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise Failure("the demonstration was broken off. Everything that it had started is ended.") from None
    outcome = judge(story)
    say.print(summary(outcome))
    if as_json:
        print_json(_document(outcome))
    if not outcome.ok:
        sys.exit(1)


def _line(say: Console) -> Any:
    def told(happening: Happening) -> None:
        from agent.demo.screen import FLAG

        mark = FLAG if happening.flag else " "
        say.print(f"{happening.at:5.1f} s {mark} {happening.text}", markup=False, soft_wrap=True)

    return told


@contextmanager
def _throw_away() -> Iterator[Path]:
    """Make a folder that only we may read, with a path short enough for sockets, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gw-demo-")).resolve()
    try:
        yield folder
    finally:
        # A browser's last process may still be closing a file when the first try reaches it.
        for _ in range(20):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.1)


def _asker(request: Any) -> Ask:
    from agent.demo.performance import Silent

    def ask(command: str) -> tuple[list[Any], Any]:
        try:
            *items, result = request(command)
        except Failure as problem:
            raise Silent(problem.message) from None
        return items, result

    return ask


async def _play(props: Props, story: Story, say: Console | None) -> None:
    """Play it, drawn live where there is a terminal; SIGTERM ends it as cleanly as Ctrl-C does."""
    from agent.demo.performance import perform

    playing = asyncio.current_task()
    if playing is not None:
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in its event loop
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    if say is None:
        await perform(props, story)
        return
    from rich.live import Live

    from agent.demo.screen import screen

    with Live(console=say, auto_refresh=False) as picture:

        def draw() -> None:
            picture.update(screen(story, min(say.width, WIDEST), say.height), refresh=True)

        async def draw_on() -> None:
            while True:
                draw()
                await asyncio.sleep(DRAW_SECONDS)

        drawing = asyncio.create_task(draw_on())
        try:
            await perform(props, story)
        finally:
            drawing.cancel()
            draw()


def _document(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as one JSON document."""
    from agent.content.consequences import consequences_of
    from agent.demo.story import TOOLS

    story, now = outcome.story, int(time.time() * 1000)
    tools = []
    for tool in TOOLS:
        finding = story.finding_of(tool)
        tools.append(
            {
                "tool": tool,
                "pid": story.pids.get(tool),
                "flagged": finding is not None and finding.flagged,
                "finding": None if finding is None else finding_json(finding, now, consequences_of(finding.platforms)),
            }
        )
    return {
        "ok": outcome.ok,
        "missing": list(outcome.missing),
        "hints": story.hints,
        "happened": [{"at": round(h.at, 1), "text": h.text, "flag": h.flag} for h in story.happenings],
        "page_loads": [{"platform": t.platform, "page_class": t.page_class, "count": t.count} for t in story.totals],
        "tools": tools,
        "left": {
            "reports": 0,
            "connections_to_other_machines": story.outside[0] if story.outside else None,
            "name_lookups": story.outside[1] if story.outside else None,
        },
        "looked": {"terminal": dict(story.asked), "page_sessions": story.page_sessions},
        "site_requests": story.requests,
        "pictures": [str(file) for file in story.pictures],
    }
