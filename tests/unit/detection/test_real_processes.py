"""Real processes, seen as a sensor sees them: what `/proc` says of them is enough to recognise them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.model.events import CommandLine, ProcessKey, ProcessStarted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

WAIT = "import time; print('ready', flush=True); time.sleep(60)"


@contextmanager
def running(*argv: str, cwd: Path) -> Iterator[ProcessStarted]:
    """Start a process and yield the event that a sensor would make of it."""
    with subprocess.Popen(argv, cwd=cwd, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"  # until then it may still be this test, before its exec
            seen = psutil.Process(process.pid)
            command = CommandLine(tuple(seen.cmdline()), seen.exe(), seen.cwd())
            key = ProcessKey(process.pid, int(seen.create_time() * 1000))
            yield ProcessStarted(key, seen.ppid(), seen.name(), command, key.started_at)
        finally:
            process.kill()


async def test_a_script_that_is_really_running_is_recognised(world: Any, machine: Any) -> None:
    machine.script("scrapy.py", "class Spider: ...\n")
    machine.script("job.py", f"{WAIT}\nimport instaloader\n")
    with running(sys.executable, "job.py", cwd=machine.work) as event:
        (found,) = await world.detector.started(event)
    assert found.tool == "instaloader"
    assert found.processes[0].pid == event.key.pid


async def test_a_console_script_that_is_really_running_is_recognised(world: Any, machine: Any) -> None:
    env = machine.environment()
    (env / "bin" / "python").symlink_to(sys.executable)
    (env / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    machine.distribution(env, "gallery-dl", module="gallery_dl")
    package = env / "lib" / "python3.11" / "site-packages" / "gallery_dl" / "__init__.py"
    package.write_text(f"def main():\n    {WAIT}\n")
    script = machine.console_script(env, "gallery-dl", "gallery_dl")
    where = f"sys.path.insert(0, {str(package.parents[1])!r})\nfrom gallery_dl"
    script.write_text(script.read_text().replace("from gallery_dl", where))
    script.chmod(0o755)
    with running(str(script), "-i", "list.txt", cwd=machine.work) as event:
        (found,) = await world.detector.started(event)
    assert found.tool == "gallery-dl"
    assert found.flagged and found.level.value == "high"


async def test_whatever_runs_on_this_machine_is_looked_at_without_error(world: Any) -> None:
    for process in list(psutil.process_iter())[:200]:
        try:
            command = CommandLine(tuple(process.cmdline()), process.exe(), process.cwd())
            key = ProcessKey(process.pid, int(process.create_time() * 1000))
            event = ProcessStarted(key, process.ppid(), process.name(), command, key.started_at)
        except psutil.Error:
            continue
        # Whatever else runs here meanwhile: nothing of it may raise.
        await world.detector.started(event)
