"""Reading one process, and the law that starts and ends add up to what runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.events import CommandLine, ProcessEnded, ProcessKey, ProcessStarted
from agent.sensors.processes import netlink, reader_for
from agent.sensors.processes.gather import Gather
from agent.sensors.processes.observer import Observer
from agent.sensors.processes.procfs import ProcReader, full_name, parse_command_line, parse_stat
from agent.sensors.processes.reader import MAX_ARGUMENTS, Absence, Held, Identity, Reading
from agent.sensors.tree import CachedTree
from agent.settings.clock import SystemClock

BEHIND = b"S 7 1 1 0 -1 4194304 12 0 0 0 3 4 0 0 20 0 2 0 262400 430080 33 18446744073709551615 1 2 555 0 0 0 0"


@given(comm=st.binary(max_size=15))
def test_stat_is_read_whatever_a_program_calls_itself(comm: bytes) -> None:
    stat = parse_stat(b"42 (" + comm + b") " + BEHIND)
    assert (stat.comm, stat.state, stat.parent, stat.threads, stat.start_ticks, stat.stack) == (
        comm, "S", 7, 2, 262400, 555,
    )  # fmt: skip


@given(data=st.binary(max_size=300))
def test_what_is_no_stat_line_is_refused_with_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_stat(data)


@given(arguments=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_a_command_line_is_split_where_it_was_joined(arguments: list[str]) -> None:
    raw = b"".join(argument.encode() + b"\0" for argument in arguments)
    assert parse_command_line(raw) == tuple(arguments)[:MAX_ARGUMENTS]


def test_a_command_line_is_bounded() -> None:
    assert len(parse_command_line(b"a\0" * 10_000)) == MAX_ARGUMENTS


def test_a_name_that_the_kernel_cut_is_completed_from_the_command_line() -> None:
    assert (
        full_name(b"instagram-scrap", ("/usr/bin/python3", "/home/a/bin/instagram-scraper"), "") == "instagram-scraper"
    )
    assert full_name(b"instagram-scrap", ("something", "else"), "/x/y") == "instagram-scrap"
    assert full_name(b"python3", ("python3-not-this",), "") == "python3"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_own_process_is_read_as_psutil_reads_it() -> None:
    reading = reader_for(os.getuid()).read(os.getpid())
    assert isinstance(reading, Reading)
    peer = psutil.Process()
    assert list(reading.command.argv) == peer.cmdline()
    assert reading.command.exe == peer.exe()
    assert reading.command.cwd == peer.cwd()
    assert reading.identity.parent == peer.ppid()
    assert abs(reading.identity.key.started_at - peer.create_time() * 1000) <= 1000


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs root to give a folder away")
def test_of_another_persons_process_only_the_owner_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "77"
    folder.mkdir()
    for name in ("cmdline", "stat", "exe", "cwd"):
        os.mkfifo(folder / name)  # opening one of these for reading would wait for ever
    os.chown(folder, 65534, 65534)
    reader = ProcReader(uid=0, boot=0, ticks=100, proc=str(tmp_path))
    assert reader.read(77) is Absence.NOT_OURS
    assert reader.identity(77) is Absence.NOT_OURS


@pytest.mark.skipif(sys.platform == "win32", reason="uids are Unix's")
def test_psutil_reads_what_proc_reads() -> None:
    here, there = reader_for(os.getuid()), reader_for(os.getuid(), system="darwin")
    one, other = here.read(os.getpid()), there.read(os.getpid())
    assert isinstance(one, Reading)
    assert isinstance(other, Reading)
    assert one.command == other.command
    assert one.identity.parent == other.identity.parent
    assert isinstance(there.read(2**22 - 1), Absence)
    nobody = reader_for(65534, system="darwin")
    assert nobody.read(os.getpid()) is Absence.NOT_OURS


def announcement(what: int, thread: int, process: int, at: int = 5) -> bytes:
    event = struct.pack("=IIQII", what, 0, at, thread, process)
    body = struct.pack("=IIIIHH", 1, 1, 0, 0, len(event), 0) + event
    return struct.pack("=IHHII", 16 + len(body), 3, 0, 0, 0) + body


@given(data=st.binary(max_size=200))
def test_no_datagram_breaks_the_connectors_parser(data: bytes) -> None:
    netlink.parse(data)


def test_exec_and_exit_of_processes_are_announced_and_threads_are_not() -> None:
    data = announcement(netlink.EVENT_EXEC, 4, 4) + announcement(netlink.EVENT_EXIT, 9, 8)
    data += announcement(netlink.EVENT_EXIT, 8, 8, 6) + announcement(1, 3, 3)
    assert [(a.kind, a.pid, a.at) for a in netlink.parse(data)] == [("exec", 4, 5), ("exit", 8, 6)]
    assert netlink.parse(data[:40]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux's")
@pytest.mark.parametrize(("event", "kind"), [(netlink.EVENT_EXEC, "exec"), (netlink.EVENT_EXIT, "exit")])
def test_the_kernel_filter_lets_through_just_what_the_parser_keeps(event: int, kind: str) -> None:
    import ctypes

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    program = netlink.socket_filter(event, socket.htonl)
    memory = ctypes.create_string_buffer(program)
    fprog = struct.pack("HL", len(program) // 8, ctypes.addressof(memory))
    ours.setsockopt(socket.SOL_SOCKET, 26, fprog)
    ours.setblocking(False)
    cases = [(netlink.EVENT_EXEC, 4, 4), (netlink.EVENT_EXIT, 9, 8), (netlink.EVENT_EXIT, 8, 8), (1, 3, 3), (0, 0, 0)]
    for case in cases:
        data = announcement(*case)
        theirs.send(data)
        try:
            passed = ours.recv(4096) == data
        except BlockingIOError:
            passed = False
        assert passed == (kind in [one.kind for one in netlink.parse(data)]), case
    ours.close()
    theirs.close()


class World:
    """Processes as a reader would find them: pid to start and program."""

    def __init__(self) -> None:
        self.running: dict[int, tuple[int, int]] = {}

    def pids(self) -> Sequence[int]:
        return list(self.running)

    def newest(self) -> int | None:
        return None

    def identity(self, pid: int) -> Identity | Absence:
        if pid not in self.running:
            return Absence.GONE
        started_at, program = self.running[pid]
        return Identity(ProcessKey(pid, started_at), 1, f"p{program}", program)

    def read(self, pid: int) -> Reading | Absence:
        identity = self.identity(pid)
        return identity if isinstance(identity, Absence) else Reading(identity, CommandLine(("x",), "", ""))

    def hold(self, pid: int) -> Held:
        reading = self.read(pid)
        return lambda: reading


WORLDS = st.lists(
    st.dictionaries(st.integers(2, 6), st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=5), max_size=6
)


@given(worlds=WORLDS)
def test_starts_and_ends_always_add_up_to_what_runs(worlds: list[dict[int, tuple[int, int]]]) -> None:
    world = World()
    observer = Observer(world, SystemClock(), lambda pid: False)
    told: dict[ProcessKey, str] = {}
    for running in worlds:
        world.running = running
        for event in observer.compare():
            if isinstance(event, ProcessStarted):
                assert told.get(event.key) != event.name, "a start is told once"
                told[event.key] = event.name
            else:
                assert isinstance(event, ProcessEnded)
                del told[event.key]  # only what was started ends
        assert told == {ProcessKey(pid, at): f"p{program}" for pid, (at, program) in running.items()}
        assert observer.compare() == []


def test_a_number_given_to_another_process_ends_the_first() -> None:
    world = World()
    observer = Observer(world, SystemClock(), lambda pid: False)
    world.running = {5: (100, 1)}
    observer.look(5)
    world.running = {5: (900, 1)}
    ended, started = observer.look(5)
    assert (ended.key, started.key) == (ProcessKey(5, 100), ProcessKey(5, 900))


def test_an_announcement_older_than_the_last_look_is_not_a_second_start() -> None:
    world = World()
    world.running = {5: (100, 1)}
    now = [50]
    observer = Observer(world, SystemClock(), lambda pid: False, kernel_clock=lambda: now[0])
    assert len(observer.look(5)) == 1
    assert observer.announced(5, at=40) == []
    assert len(observer.announced(5, at=60)) == 1, "the same program may be started again in the same process"
    world.running = {}
    assert observer.announced(6, at=60) == []
    assert observer.stats.unread == 1


def test_an_end_that_is_read_late_is_not_the_end_of_the_next_process_with_that_number() -> None:
    world = World()
    now = [50]
    observer = Observer(world, SystemClock(), lambda pid: False, kernel_clock=lambda: now[0])
    world.running = {5: (100, 1)}
    observer.announced(5, at=40)
    now[0] = 80
    world.running = {5: (900, 1)}
    ended, started = observer.announced(5, at=70)
    assert (ended.key.started_at, started.key.started_at) == (100, 900)
    assert observer.ended(5, at=60) == []
    assert [event.key.started_at for event in observer.ended(5, at=90)] == [900]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_number_given_last_follows_every_start() -> None:
    reader = reader_for(os.getuid())
    before = reader.newest()
    assert before is not None
    child = subprocess.Popen(["sleep", "0"])
    child.wait()
    assert reader.newest() != before
    assert ProcReader(uid=0, boot=0, ticks=100, proc="/absent").newest() is None
    assert reader_for(os.getuid(), system="darwin").newest() is None


class TestTree:
    def started(self, pid: int, parent: int, name: str, at: int) -> ProcessStarted:
        return ProcessStarted(ProcessKey(pid, at), parent, name, CommandLine((), "", ""), at)

    def test_names_of_ancestors_nearest_first_even_when_they_are_gone(self) -> None:
        tree = CachedTree(World())
        tree.saw(self.started(10, 1, "bash", 1))
        tree.saw(self.started(11, 10, "pytest", 2))
        tree.saw(self.started(12, 11, "python", 3))
        assert tree.ancestors(12) == ("pytest", "bash")
        assert tree.ancestors(99) == ()

    def test_a_reused_number_is_nobodys_parent(self) -> None:
        tree = CachedTree(World())
        tree.saw(self.started(11, 10, "python", 2))
        tree.saw(self.started(10, 1, "later", 9))
        assert tree.ancestors(11) == ()

    @pytest.mark.skipif(sys.platform != "linux", reason="the reader is Linux's")
    def test_what_stands_above_the_agent_too_is_nobodys_surroundings(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            tree = CachedTree(reader_for(os.getuid()), agent=child.pid)
            assert tree.above_agent(os.getpid()), "this test stands above the agent"
            assert not tree.above_agent(child.pid)
            assert tree.ancestors(child.pid) == ()
        finally:
            child.communicate(b"\n")

    def test_a_loop_ends(self) -> None:
        tree = CachedTree(World())
        tree.saw(self.started(10, 11, "a", 1))
        tree.saw(self.started(11, 10, "b", 1))
        assert set(tree.ancestors(10)) == {"a", "b"}

    @pytest.mark.skipif(sys.platform != "linux", reason="compares with /proc")
    def test_real_ancestors_as_psutil_names_them(self) -> None:
        names = CachedTree(reader_for(os.getuid())).ancestors(os.getpid())
        peers = [parent for parent in psutil.Process().parents() if parent.uids().effective == os.getuid()]
        assert [name[:15] for name in names] == [peer.name()[:15] for peer in peers][: len(names)]
        assert names


def test_what_was_copied_of_a_process_is_told_after_it_is_gone() -> None:
    world = World()
    world.running = {5: (100, 1)}
    observer = Observer(world, SystemClock(), lambda pid: False, kernel_clock=lambda: 50)
    observer.notice(5, at=40)
    world.running = {}
    (started,) = observer.noticed()
    assert started.key == ProcessKey(5, 100)
    assert observer.noticed() == [], "once"


def test_an_exec_that_was_read_already_is_not_told_twice() -> None:
    world = World()
    world.running = {5: (100, 1)}
    observer = Observer(world, SystemClock(), lambda pid: False, kernel_clock=lambda: 50)
    observer.notice(5, at=30)
    observer.notice(5, at=40)  # both execs came before the first reading: it showed the second program
    assert len(observer.noticed()) == 1


async def test_what_follows_soon_is_gathered_and_calm_brings_it_at_once() -> None:
    done: list[int] = []
    gather = Gather(lambda: done.append(1), seconds=0.02)
    gather.soon()
    assert done == [1], "at once"
    for _ in range(5):
        gather.soon()
    assert done == [1]
    await asyncio.sleep(0.05)
    assert done == [1, 1], "five together"
    await asyncio.sleep(0.03)
    gather.soon()
    gather.soon()
    gather.stop()
    await asyncio.sleep(0.05)
    assert done == [1, 1, 1], "what waited was forgotten"
