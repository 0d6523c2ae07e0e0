"""Sockets that only this person can reach: which folders and names are refused, and what is made otherwise."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from agent.link.local_socket import SocketError, bind, check_folder, peer_uid
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such sockets on Windows")
UID = os.getuid()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def reaches(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(str(path))
        except OSError:
            return False
        return True


async def test_the_socket_is_for_its_owner_only_and_listens_when_its_name_appears(folder: Path) -> None:
    with bind(folder / "relay.sock", UID):
        assert stat.S_IMODE((folder / "relay.sock").lstat().st_mode) == 0o600
        assert reaches(folder / "relay.sock")
        assert names(folder) == ["relay.sock"]


async def test_both_sockets_of_an_instance_stand_side_by_side(folder: Path) -> None:
    with bind(folder / "relay.sock", UID), bind(folder / "control.sock", UID):
        assert reaches(folder / "relay.sock")
        assert reaches(folder / "control.sock")


async def test_what_a_killed_agent_left_is_taken_over(folder: Path) -> None:
    bind(folder / "relay.sock", UID).close()
    (folder / "r.new").write_text("")
    assert not reaches(folder / "relay.sock")
    with bind(folder / "relay.sock", UID):
        assert reaches(folder / "relay.sock")


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777, 0o701])
def test_a_folder_that_others_may_enter_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(SocketError, match="chmod 700"):
        bind(folder / "relay.sock", UID)
    assert names(folder) == []


def test_a_folder_of_somebody_else_is_refused(folder: Path) -> None:
    with pytest.raises(SocketError, match="another user"):
        check_folder(folder, UID + 1)


def test_a_link_in_place_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "real").mkdir(mode=0o700)
    (folder / "run").symlink_to(folder / "real")
    with pytest.raises(SocketError, match="not a folder"):
        bind(folder / "run" / "relay.sock", UID)


def test_a_folder_that_is_missing_is_said_to_be(folder: Path) -> None:
    with pytest.raises(SocketError, match="does not exist"):
        check_folder(folder / "run", UID)


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_where_it_is(folder: Path, what: str) -> None:
    path = folder / "relay.sock"
    match what:
        case "file":
            path.write_text("mine")
        case "folder":
            path.mkdir()
        case "link":
            (folder / "mine").write_text("mine")
            path.symlink_to(folder / "mine")
    with pytest.raises(SocketError, match="in the way"):
        bind(path, UID)
    assert path.is_dir() if what == "folder" else path.read_text() == "mine"


def test_a_path_that_no_socket_may_have_is_refused_and_not_half_made(folder: Path) -> None:
    # Long enough that the name under which the socket is made first would still fit.
    deep = folder / ("d" * (100 - len(bytes(folder)) - len("//relay.sock") + 1))
    deep.mkdir(mode=0o700)
    assert len(bytes(deep / "r.new")) < 100 < len(bytes(deep / "relay.sock"))
    with pytest.raises(SocketError, match="GLEANWATCH_HOME"):
        bind(deep / "relay.sock", UID)
    assert names(deep) == []


async def test_the_kernel_says_who_is_at_the_other_end(folder: Path) -> None:
    with bind(folder / "relay.sock", UID) as listening, socket.socket(socket.AF_UNIX) as link:
        link.connect(str(folder / "relay.sock"))

        def accepted() -> socket.socket | None:
            try:
                return listening.accept()[0]
            except BlockingIOError:
                return None

        with await until(accepted, "the connection") as other:
            assert peer_uid(other) == UID
        assert peer_uid(link) == UID
