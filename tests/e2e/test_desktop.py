"""The desktop notice, with a real notification service: Xvfb, a session bus and dunst.

A flag shown through `agent.link.desktop` must arrive there as «a message for you» and nothing else: screens are shared.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.places import CHECKOUT, clean_environment, short_folder
from tests.support.processes import started
from tests.support.waiting import until

PROGRAMS = ("Xvfb", "dbus-daemon", "dunst", "dunstctl")

SHOW = """
import asyncio
from agent.link.desktop import Desktop
from agent.model.findings import *
flag = Finding("id", "scrapy", "Scrapy", "scraper-framework", Stage.COLLECTING, 0.97, Level.HIGH, True, ("linkedin",),
               1, 2, 1, evidence=(Evidence(EvidenceClass.NAME, "r", "its command is scrapy", 0.9),))
async def main():
    desktop = Desktop()
    await desktop.show_flag(flag, lambda: None)
    print(desktop.health().condition.value, "|", desktop.health().how)
asyncio.run(main())
"""

WITHDRAW = SHOW.replace(
    "    print(", '    await desktop.withdraw_flag("id")\n    await desktop.withdraw_flag("never shown")\n    print('
)
"""Shows a flag and takes its notice away again, as after an answer."""

WITHDRAW_MEANWHILE = SHOW.replace(
    "await desktop.show_flag(flag, lambda: None)",
    'await asyncio.gather(desktop.show_flag(flag, lambda: None), desktop.withdraw_flag("id"))',
)
"""Takes a flag's notice away while it is still being shown."""

DISPUTE = """
import asyncio
from agent.link.desktop import Desktop
from agent.model.purposes import *
act = Act(Purpose.DETECT, ActKind.ACKNOWLEDGED, 1, "a" * 64, Channel.TERMINAL, entry=7)
async def main():
    pressed = asyncio.Event()
    desktop = Desktop()
    await desktop.show_act(act, lambda: print("opened"), pressed.set)
    print("shown", flush=True)
    await asyncio.wait_for(pressed.wait(), 30)
    print("disputed")
asyncio.run(main())
"""
"""Shows that an act was put on record, and waits for «That was not me»."""


@pytest.fixture
async def desktop() -> AsyncIterator[dict[str, str]]:
    """A virtual desktop with a notification service; yields the environment of a program on it."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        text = f"needs {', '.join(missing)}: make browsers installs them"
        if os.environ.get("GW_REQUIRE_BROWSERS"):
            pytest.fail(text)
        pytest.skip(text)
    with short_folder("gwdesk") as folder:
        env = clean_environment(folder)
        async with AsyncExitStack() as stack:
            read, write = os.pipe()
            screen = await asyncio.create_subprocess_exec(
                *("Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"),
                pass_fds=(write,),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            os.close(write)
            stack.push_async_callback(screen.wait)
            stack.callback(screen.terminate)
            with os.fdopen(read) as numbers:
                env["DISPLAY"] = ":" + (await asyncio.to_thread(numbers.readline)).strip()
            bus = folder / "bus"
            env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"
            address = f"--address=unix:path={bus}"
            await stack.enter_async_context(
                started(["dbus-daemon", "--session", "--nofork", address], folder / "bus.log", env)
            )
            await until(bus.exists, "the session bus")
            # The service asks a program which of a notice's buttons is meant: this one always means the dispute.
            hand = folder / "hand"
            hand.write_text("#!/bin/sh\ngrep -m 1 'That was not me'\n")
            hand.chmod(0o700)
            (folder / "dunstrc").write_text(f"[global]\ndmenu = {hand}\n[urgency_normal]\ntimeout = 0\n")
            command = ["dunst", "-config", str(folder / "dunstrc")]
            await stack.enter_async_context(started(command, folder / "dunst.log", env))
            await until(lambda: _dunst(env, "count").returncode == 0, "the notification service")
            yield env


def _dunst(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["dunstctl", *command], env=env, capture_output=True, text=True, timeout=10, check=False)


def _show(env: dict[str, str], program: str = SHOW) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    assert not done.stderr, done.stderr
    return done.stdout.strip()


async def test_a_flag_reaches_the_persons_desktop(desktop: dict[str, str]) -> None:
    assert _show(desktop).startswith("working")
    _dunst(desktop, "close-all")
    shown = json.loads(_dunst(desktop, "history").stdout)["data"][0]
    assert [(n["summary"]["data"], n["appname"]["data"]) for n in shown] == [("Gleanwatch", "Gleanwatch")]
    assert shown[0]["body"]["data"] == "Gleanwatch has a message for you."


async def test_the_notice_of_a_flag_goes_when_the_flag_was_answered(desktop: dict[str, str]) -> None:
    _show(desktop)
    await until(lambda: _dunst(desktop, "count", "displayed").stdout.strip() == "1", "the notice")
    _dunst(desktop, "close-all")
    for program in (WITHDRAW, WITHDRAW_MEANWHILE):
        _show(desktop, program)
        await until(lambda: _dunst(desktop, "count", "displayed").stdout.strip() == "0", "the notice to go")


async def test_an_act_is_told_and_one_press_says_that_it_was_not_me(desktop: dict[str, str]) -> None:
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DISPUTE), env=desktop, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert asking.stdout is not None
    assert await asking.stdout.readline() == b"shown\n"
    assert _dunst(desktop, "context").returncode == 0
    said, errors = await asking.communicate()
    assert (said, errors, asking.returncode) == (b"disputed\n", b"", 0)
    _dunst(desktop, "close-all")
    (shown,) = json.loads(_dunst(desktop, "history").stdout)["data"][0]
    assert shown["summary"]["data"] == "Put on record in your name"
    assert "that you have been shown the notice, at a terminal" in shown["body"]["data"]


def test_without_a_desktop_the_flag_is_not_lost_and_health_says_so(tmp_path: Path) -> None:
    env = clean_environment(tmp_path)
    assert _show(env) == "failed | no notification service answered"
