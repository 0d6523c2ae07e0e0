"""Real programs, seen by both ways of seeing them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.model.events import ProcessStarted
from agent.model.health import Condition
from agent.settings.clock import SystemClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts Unix programs")
BOTH = pytest.mark.parametrize("kind", ["connector", "polling"])
NOBODY = 65534
AS_ROOT = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="needs root to run a program as somebody else"
)


@BOTH
async def test_a_program_is_reported_once_with_what_was_typed_and_its_end(kind: str, observe: Any, spawn: Any) -> None:
    async with observe(kind) as seen:
        child = spawn("sleep", "0.5")
        await seen.until(lambda: seen.ends(child.pid) or (child.poll() is None and seen.starts(child.pid)))
        child.wait()
        await seen.until(lambda: seen.ends(child.pid))
        await asyncio.sleep(0.4)  # two reconciliations later there is still one start and one end
        (started,), (ended,) = seen.starts(child.pid), seen.ends(child.pid)
        assert started.name == "sleep"
        assert started.command.argv == ("sleep", "0.5")
        assert Path(started.command.exe).name in ("sleep", "coreutils", "busybox")
        assert started.command.cwd == str(Path.cwd())
        assert started.parent == os.getpid()
        assert started.key == ended.key
        assert abs(started.key.started_at - started.seen_at) < 5000


async def test_the_connector_misses_no_program_that_lives_and_accounts_for_those_that_do_not(
    observe: Any, spawn: Any
) -> None:
    async with observe("connector") as seen:
        children: dict[str, list[int]] = {}
        for lifetime in ("0", "0.005", "0.05", "0.5"):
            children[lifetime] = []
            for _ in range(15):
                children[lifetime].append(spawn("sleep", lifetime).pid)
                await asyncio.sleep(0.01)
        lasting = children["0.05"] + children["0.5"]
        await seen.until(lambda: all(seen.starts(pid) for pid in lasting))
        missed = [pid for pid in children["0"] + children["0.005"] if not seen.starts(pid)]
        assert len(missed) <= seen.source.stats.unread


async def test_polling_sees_every_program_that_lives_longer_than_a_poll(observe: Any, spawn: Any) -> None:
    async with observe("polling") as seen:
        pids = [spawn("sleep", "0.6").pid for _ in range(15)]
        await seen.until(lambda: all(seen.starts(pid) for pid in pids))


@BOTH
async def test_a_replaced_program_is_a_new_start_of_the_same_process(kind: str, observe: Any, spawn: Any) -> None:
    async with observe(kind) as seen:
        child = spawn("sh", "-c", "sleep 0.6; exec tail -f /dev/null")
        await seen.until(lambda: [s.name for s in seen.starts(child.pid)][-1:] == ["tail"])
        assert [s.name for s in seen.starts(child.pid)] == ["sh", "tail"]
        assert len({s.key for s in seen.starts(child.pid)}) == 1
        assert not seen.ends(child.pid)


@BOTH
async def test_what_ran_before_is_told_once_and_not_again(kind: str, observe: Any, spawn: Any) -> None:
    child = spawn("sleep", "60")
    _loaded(child.pid)
    async with observe(kind) as seen:
        before = [started async for started in seen.source.existing()]
        assert [s.command.argv for s in before if s.key.pid == child.pid] == [("sleep", "60")]
        assert not [s for s in before if s.key.pid == os.getpid()], "the agent is no finding"
        await asyncio.sleep(0.4)
        assert not seen.starts(child.pid)
        child.kill()
        child.wait()
        await seen.until(lambda: seen.ends(child.pid))


@BOTH
async def test_a_suspended_program_has_not_ended(kind: str, observe: Any, spawn: Any) -> None:
    async with observe(kind) as seen:
        child = spawn("sleep", "60")
        await seen.until(lambda: seen.starts(child.pid))
        child.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.4)
        assert not seen.ends(child.pid)
        child.kill()
        child.wait()
        await seen.until(lambda: seen.ends(child.pid))


@BOTH
async def test_programs_of_the_agent_itself_are_left_out(kind: str, observe: Any, spawn: Any) -> None:
    helper = spawn("sleep", "60", process_group=0)
    async with observe(kind, ignore=lambda pid: _group(pid) == helper.pid) as seen:
        later = spawn("sleep", "60", process_group=helper.pid)
        other = spawn("sleep", "60")
        await seen.until(lambda: seen.starts(other.pid))
        await asyncio.sleep(0.4)
        existing = [started.key.pid async for started in seen.source.existing()]
        assert not seen.starts(later.pid)
        assert not {helper.pid, later.pid} & set(existing)


@AS_ROOT
@BOTH
async def test_nothing_of_another_persons_programs_surfaces(kind: str, observe: Any, spawn: Any) -> None:
    before = spawn("sleep", "61", user=NOBODY)
    async with observe(kind) as seen:
        during, own = spawn("sleep", "62", user=NOBODY), spawn("sleep", "63")
        await seen.until(lambda: seen.starts(own.pid))
        await asyncio.sleep(0.4)
        existing = [started async for started in seen.source.existing()]
        told = [event for event in [*seen.events, *existing] if isinstance(event, ProcessStarted)]
        assert not [s for s in told if s.command.argv in (("sleep", "61"), ("sleep", "62"))]
        assert not {before.pid, during.pid} & {s.key.pid for s in existing}
    async with observe(kind, uid=NOBODY) as seen:
        assert {s.key.pid async for s in seen.source.existing()} >= {before.pid, during.pid}
        assert own.pid not in {s.key.pid for s in seen.events if isinstance(s, ProcessStarted)}


@pytest.mark.parametrize("factor", [1, 16], ids=["usual", "slowed"])
async def test_of_a_storm_of_starts_none_is_left_out_at_any_pace(factor: int, observe: Any, spawn: Any) -> None:
    """Programs of one name by one parent, faster than they can be thought about: whoever lives is reported."""
    async with observe("connector", reconcile_seconds=3600.0) as seen:
        seen.source.slow(factor)
        shell = spawn("sh", "-c", "i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i+1)); done; exec sleep 61")
        try:
            await seen.until(lambda: len(_children(seen, shell.pid)) >= 400)
            assert {child.name for child in _children(seen, shell.pid)} == {"sleep"}
        finally:
            for child in psutil.Process(shell.pid).children():
                child.kill()


async def test_polling_and_connector_agree_on_programs_that_last(observe: Any, spawn: Any) -> None:
    async with observe("connector") as by_kernel, observe("polling") as by_list:
        pids = [spawn("sleep", "60").pid for _ in range(12)]
        await by_kernel.until(lambda: all(by_kernel.starts(pid) and by_list.starts(pid) for pid in pids))
        for pid in pids:
            one, other = by_kernel.starts(pid)[-1], by_list.starts(pid)[-1]
            assert (one.key, one.parent, one.name, one.command) == (other.key, other.parent, other.name, other.command)


@pytest.mark.skipif(sys.platform != "linux", reason="the process connector is Linux's")
async def test_announcements_that_the_kernel_dropped_bring_a_full_scan(watch: Any, spawn: Any) -> None:
    from agent.sensors.processes.choose import only_itself, reader_for
    from agent.sensors.processes.connector import ConnectorSource
    from agent.sensors.processes.observer import Observer

    observer = Observer(reader_for(os.getuid()), SystemClock(), only_itself)
    source = ConnectorSource(observer, reconcile_seconds=3600, receive_buffer=2304)
    if (await source.probe()).condition is not Condition.WORKING:
        pytest.skip(f"the process connector does not work here: {source.why_not}")
    async with watch(source) as seen:
        # The loop is kept busy, as by a long computation, while more starts than the buffer holds.
        pids = [spawn("sleep", "60").pid for _ in range(40)]
        time.sleep(0.2)  # noqa: ASYNC251
        await seen.until(lambda: all(seen.starts(pid) for pid in pids))
        assert source.stats.overflows >= 1
        assert source.stats.found_late >= 1


@AS_ROOT
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_where_the_connector_is_refused_polling_takes_over_and_says_so() -> None:
    script = """
import asyncio, json, os, subprocess
from agent.sensors.processes import choose_source
from agent.settings.clock import SystemClock
async def main():
    source = await choose_source(SystemClock(), os.getuid(), 0.05)
    child = subprocess.Popen(["sleep", "60"])
    async for event in source.events():
        if event.key.pid == child.pid:
            break
    child.kill()
    child.wait()
    health = source.health()
    print(json.dumps([health.condition, health.how, health.missed, health.action]))
    await source.close()
asyncio.run(main())
"""
    ran = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    condition, how, missed, action = json.loads(ran.stdout)
    assert condition == Condition.DEGRADED
    assert how.startswith("polling")
    assert "network namespace" in missed
    assert action


async def test_events_end_when_the_source_is_closed_and_closing_twice_is_fine(observe: Any) -> None:
    async with observe("polling") as seen:
        await seen.source.close()
        async with asyncio.timeout(5):
            async for _ in seen.source.events():
                pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which number was given last")
async def test_polling_sees_a_start_between_two_lists_and_the_program_that_a_child_becomes(
    observe: Any, spawn: Any
) -> None:
    async with observe("polling", poll_seconds=3600.0, reconcile_seconds=3600.0) as seen:
        child = spawn("sh", "-c", "sleep 0.3; exec tail -f /dev/null")
        await seen.until(lambda: [s.name for s in seen.starts(child.pid)][-1:] == ["tail"])


async def test_health_says_how_much_was_missed(observe: Any, spawn: Any) -> None:
    async with observe("connector") as seen:
        assert seen.source.health().missed == ""
        seen.source.stats.started, seen.source.stats.unread, seen.source.stats.overflows = 195, 5, 2
        missed = seen.source.health().missed
        assert "5 programs (2.5%)" in missed
        assert "2 moments of overload" in missed
    async with observe("polling", poll_seconds=1.0) as seen:
        assert "run for less than" in seen.source.health().missed


def _children(seen: Any, parent: int) -> list[ProcessStarted]:
    return [event for event in seen.events if isinstance(event, ProcessStarted) and event.parent == parent]


def _loaded(pid: int) -> None:
    """Wait until the kernel has loaded the program: Popen returns a little earlier."""
    while not psutil.Process(pid).cmdline():
        time.sleep(0.001)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0
