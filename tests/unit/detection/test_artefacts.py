"""Exports and media, joined: nothing is read before something is active, nor after; what is written between is found.

That nothing is read is shown by what the system itself notes: the time of a file's last reading, and a named pipe that
only a reader can open. The same files show it when they are read, so that the proof can fail.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from watchdog.utils import BaseThread

from agent.artefacts import Artefacts
from agent.model.events import ExportWritten, MediaGrew
from agent.settings.clock import SystemClock
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads times of access and pipes as Linux has them")

CONTACTS = "Full name,Email,Company\n" + "".join(f"Person {n},p{n}@example.org,Example\n" for n in range(25))


class World:
    """A home folder, what was found in it, and whether anybody read it."""

    def __init__(self, home: Path) -> None:
        self.downloads = home / "Downloads"
        self.downloads.mkdir()
        self.exports: list[ExportWritten] = []
        self.media: list[MediaGrew] = []
        self.artefacts = Artefacts(
            home, {}, SystemClock(), self.exports.append, self.media.append, system="linux", look_seconds=0.2
        )

    def write(self, name: str, text: str = CONTACTS) -> Path:
        """Write a file as if it had been read last long before."""
        path = self.downloads / name
        path.write_text(text)
        state = path.stat()
        os.utime(path, ns=(1, state.st_mtime_ns))
        return path

    @staticmethod
    def was_read(path: Path) -> bool:
        return path.stat().st_atime_ns != 1

    def pipe(self) -> Path:
        path = self.downloads / "pipe.csv"
        os.mkfifo(path)
        return path

    @staticmethod
    def somebody_reads(pipe: Path) -> bool:
        try:
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as problem:
            assert problem.errno == errno.ENXIO
            return False
        return True

    async def attend(self) -> None:
        await self.artefacts.attend(True)
        await until(lambda: self.artefacts.health() is not None, "the folders to be watched")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    one = World(tmp_path)
    yield one
    await one.artefacts.close()


async def test_what_is_written_while_nothing_is_active_is_never_read(world: World) -> None:
    control = world.write("control.csv")
    control.read_text()
    if not world.was_read(control):
        pytest.skip("this file system does not note when a file is read")
    before, pipe = world.write("before.csv"), world.pipe()
    await asyncio.sleep(1.5)
    assert not world.was_read(before) and not world.somebody_reads(pipe)

    await world.attend()
    during = world.write("during.csv")
    await until(lambda: world.exports, "the one to be found that came while something was active")
    assert world.was_read(during)
    assert not world.was_read(before), "also then, what lay there before is not read"

    await world.artefacts.attend(False)
    after = world.write("after.csv")
    world.downloads.joinpath("moved.csv").hardlink_to(after)
    await asyncio.sleep(1.5)
    assert not world.was_read(after) and not world.somebody_reads(pipe)
    assert [(one.rows, one.columns) for one in world.exports] == [(25, ("email", "employer", "name"))]
    assert not world.artefacts.on and world.artefacts.health() is None


async def test_only_the_shape_of_what_was_written_comes_out(world: World) -> None:
    await world.attend()
    world.write("contacts-of-the-clinic.csv")
    await until(lambda: world.exports, "the export")
    (found,) = world.exports
    assert (found.format, found.place, found.rows) == ("csv", "downloads", 25)
    assert not any(word in repr(found) for word in ("Person", "example.org", "clinic", "Full name"))


async def test_what_is_no_table_of_people_is_not_told(world: World) -> None:
    await world.attend()
    world.write("hours.csv", "day,hours\nmonday,8\n" * 30)
    world.write("few.csv", "name,email\nA,a@example.org\n")
    world.write("notes.txt")
    world.write(".hidden.csv")
    (world.downloads / "folder.csv").mkdir()
    world.pipe()
    (world.downloads / "device.csv").symlink_to("/dev/zero")
    with (world.downloads / "large.csv").open("wb") as large:
        large.write(b"day,hours\n")
        large.truncate(1 << 33)
    world.write("contacts.csv")
    await until(lambda: world.exports, "the only one")
    await asyncio.sleep(1.2)
    assert len(world.exports) == 1


async def test_a_folder_of_pictures_that_grows_is_told_and_what_lay_there_is_not(world: World) -> None:
    album = world.downloads / "album"
    album.mkdir()
    for number in range(40):
        (album / f"old{number}.jpg").write_bytes(b"\xff\xd8\xff")
    await world.attend()
    await asyncio.sleep(0.8)
    assert world.media == []
    number = 0

    async def grows() -> bool:
        nonlocal number
        number += 1
        (album / f"new{number}.jpg").write_bytes(b"\xff\xd8\xff")
        return bool(world.media)

    await until(grows, "the growing folder to be told", every=0.05)
    assert 0 < world.media[0].files <= number
    assert world.media[0].place == "downloads"


async def test_beginning_and_ending_again_and_again_leaves_nothing_running(world: World) -> None:
    tasks = asyncio.all_tasks()
    for _ in range(10):
        await world.artefacts.attend(True)
        await world.artefacts.attend(True)
        await asyncio.sleep(0)
        await world.artefacts.attend(False)
        await world.artefacts.attend(False)
    assert asyncio.all_tasks() == tasks
    await world.attend()
    world.write("contacts.csv")
    await until(lambda: world.exports, "it still works")
    assert len(world.exports) == 1


async def test_ending_in_the_middle_of_beginning_leaves_nobody_watching(world: World) -> None:
    """Beginning to watch takes a moment, in a thread of its own, which goes on whatever is decided meanwhile."""
    for step in range(40):
        await world.artefacts.attend(True)
        await asyncio.sleep(step / 4000)
        await world.artefacts.attend(False)
    await until(lambda: not [one for one in threading.enumerate() if isinstance(one, BaseThread)], "nobody to watch")
    after = world.write("after.csv")
    await asyncio.sleep(1.3)
    assert world.exports == [] and not world.was_read(after)


async def test_ending_and_beginning_at_once_ends_as_it_was_said_last(world: World) -> None:
    """The daemon tells each change in a task of its own: the last word counts."""
    await world.attend()
    await asyncio.gather(world.artefacts.attend(False), world.artefacts.attend(True))
    await until(lambda: world.artefacts.health() is not None, "the folders to be watched again")
    world.write("contacts.csv")
    await until(lambda: world.exports, "the export")
