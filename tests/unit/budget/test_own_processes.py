"""What the agent takes is measured of real processes: itself and its helpers, and not what the person asked for."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from agent.budget import OwnProcesses

BURN = "import time; e=time.process_time()+0.4\nwhile time.process_time()<e: pass\nprint(flush=True); input()"


def burning(*, session: bool = False, code: str = BURN) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=session
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def end(child: subprocess.Popen[bytes]) -> None:
    child.communicate(b"\n")


SHARE = """
import mmap, os, sys
shared = mmap.mmap(-1, 40_000_000)
shared.write(b"x" * 40_000_000)
if not os.fork():
    sum(shared[::4096])
    print(flush=True)
input() if os.getpid() != os.getpgid(0) else os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's share")
def test_what_two_processes_have_in_common_counts_once() -> None:
    own = OwnProcesses(tuple)
    before = own.read()
    child = subprocess.Popen(
        [sys.executable, "-c", SHARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
    )
    assert child.stdout is not None
    child.stdout.readline()
    during = own.read()
    end(child)
    assert 38_000_000 < during.memory_bytes - before.memory_bytes < 75_000_000


def test_a_helper_counts_while_it_runs_and_after_it_has_ended() -> None:
    own = OwnProcesses(tuple)
    before = own.read()
    child = burning()
    during = own.read()
    end(child)
    after = own.read()
    assert during.cpu_seconds - before.cpu_seconds >= 0.39
    assert during.memory_bytes > before.memory_bytes
    assert after.cpu_seconds >= during.cpu_seconds


def test_a_collection_that_the_person_asked_for_never_counts() -> None:
    apart: list[int] = []
    own = OwnProcesses(lambda: apart)
    before = own.read()
    child = burning()
    apart.append(child.pid)
    during = own.read()
    end(child)
    apart.clear()
    after = own.read()
    assert during.cpu_seconds - before.cpu_seconds < 0.35
    assert after.cpu_seconds - before.cpu_seconds < 0.35


BY_ANOTHER = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no sessions of this kind")
@pytest.mark.parametrize("code", [BURN, BY_ANOTHER], ids=["itself", "what it starts"])
def test_a_browser_that_shows_the_page_never_counts(code: str) -> None:
    own = OwnProcesses(tuple)
    before = own.read()
    child = burning(session=True, code=code)
    during = own.read()
    end(child)
    after = own.read()
    assert during.cpu_seconds - before.cpu_seconds < 0.35
    assert during.memory_bytes - before.memory_bytes < 5_000_000
    assert after.cpu_seconds - before.cpu_seconds < 0.35


def test_what_a_collection_starts_never_counts_either() -> None:
    apart: list[int] = []
    own = OwnProcesses(lambda: apart)
    before = own.read()
    child = burning(code=BY_ANOTHER)
    apart.append(child.pid)
    during = own.read()
    end(child)
    apart.clear()
    after = own.read()
    assert during.cpu_seconds - before.cpu_seconds < 0.35
    assert after.cpu_seconds - before.cpu_seconds < 0.35


LEFT_ALONE = BURN.replace("input()", "time.sleep(60)")
OUTLIVED = f"""
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", {LEFT_ALONE!r}], stdout=subprocess.PIPE)
left.stdout.readline()
print(left.pid, flush=True)
input()
"""


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there are no sessions of this kind")
def test_a_browser_that_outlives_what_opened_it_hides_nothing_of_what_the_agent_takes() -> None:
    """As xdg-open: it starts the browser and ends, the browser goes to the system and its time never comes to us."""
    own = OwnProcesses(tuple)
    opener = subprocess.Popen(
        [sys.executable, "-c", OUTLIVED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert opener.stdout is not None
    browser = psutil.Process(int(opener.stdout.readline()))
    try:
        during = own.read()
        end(opener)
        for _ in range(3):
            before, worked = own.read(), time.process_time()
            burn(0.1)
            after, worked = own.read(), time.process_time() - worked
            assert after.cpu_seconds - before.cpu_seconds >= worked - 0.03  # ticks of 10 ms, before and after
        assert after.cpu_seconds - during.cpu_seconds < 0.3 + 0.35, "and what the browser took is not ours"
        assert browser.is_running()
    finally:
        browser.kill()


def test_many_helpers_that_end_one_after_the_other_are_each_counted_once() -> None:
    own = OwnProcesses(tuple)
    before = own.read()
    for _ in range(3):
        child = burning()
        own.read()
        end(child)
        own.read()
    took = own.read().cpu_seconds - before.cpu_seconds
    assert 1.19 <= took < 2.2


def test_what_a_look_says_never_falls() -> None:
    own = OwnProcesses(tuple)
    readings = [own.read().cpu_seconds]
    for session in (False, sys.platform != "win32"):
        child = burning(session=session)
        readings.append(own.read().cpu_seconds)
        end(child)
        readings += [own.read().cpu_seconds, own.read().cpu_seconds]
    assert readings == sorted(readings)
