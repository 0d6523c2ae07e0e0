"""Unix sockets that only this person can reach: made, checked and taken away here.

Used for `relay.sock` (browsers) and `control.sock` (command line). The folder must belong to us and be closed to
everybody else, the socket is mode 0600, and every peer's uid is asked from the kernel. Any process of the *same* person
can still connect; the threat model says so.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from pathlib import Path

from agent.settings.instance import MAX_SOCKET_PATH


class SocketError(Exception):
    """A socket that cannot be made safely; the text says what to do."""


def peer_uid(sock: socket.socket) -> int | None:
    """Return the uid of the process at the other end, or None where the system cannot tell.

    Linux answers by `SO_PEERCRED` (unix(7)), macOS by `LOCAL_PEERCRED` (unix(4): struct xucred, whose second 32-bit
    field is the uid).
    """
    if sys.platform == "linux":
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    if sys.platform == "darwin":
        sol_local, local_peercred = 0, 1
        raw = sock.getsockopt(sol_local, local_peercred, 4 + 4)
        return int(struct.unpack("=2I", raw)[1])
    return None


def check_folder(folder: Path, uid: int) -> None:
    """Refuse a socket folder that somebody else could write to or swap.

    Raises:
        SocketError: It is a link, belongs to somebody else, or is open to others.
    """
    try:
        info = folder.lstat()
    except FileNotFoundError:
        raise SocketError(f"The folder {folder} does not exist. Start the agent once: it makes it.") from None
    if not stat.S_ISDIR(info.st_mode):
        raise SocketError(f"{folder} is not a folder. Move it away and start again.")
    if info.st_uid != uid:
        raise SocketError(
            f"{folder} belongs to another user. Remove it, or set GLEANWATCH_HOME to a folder of your own."
        )
    if info.st_mode & 0o077:
        raise SocketError(f"{folder} is open to other users. Close it with: chmod 700 {folder}")


def bind(path: Path, uid: int) -> socket.socket:
    """Make a listening socket at `path`, mode 0600, in a folder that only `uid` can enter.

    A socket file left by an agent that was killed is taken away first; the caller holds the instance lock, so no living
    agent can be behind it. The name appears only when the socket listens already, so nobody finds a half-made one.

    Raises:
        SocketError: The folder is not safe, or something that is not a socket is in the way.
    """
    if sys.platform == "win32":
        raise SocketError("The relay's socket does not exist on Windows yet: see docs/threat-model.md.")
    check_folder(path.parent, uid)
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        # The kernel would not notice: the socket is made under a shorter name first, and nobody could connect to it.
        raise SocketError(
            f"The path {path} is longer than {MAX_SOCKET_PATH} bytes, which no socket may be. "
            "Set GLEANWATCH_HOME to a shorter one."
        )
    if path.exists() and not stat.S_ISSOCK(path.lstat().st_mode):
        raise SocketError(f"{path} is in the way and is not a socket. Move it away and start again.")
    fresh = path.with_name(path.name[:1] + ".new")
    fresh.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            sock.bind(str(fresh))
        except OSError as problem:
            raise SocketError(
                f"The socket {path} cannot be made ({problem.strerror or 'the system refused'}). "
                "Set GLEANWATCH_HOME to a folder of your own on a local disk."
            ) from None
        finally:
            os.umask(before)
        sock.listen(64)
        sock.setblocking(False)
        fresh.rename(path)
    except BaseException:
        sock.close()
        raise
    return sock
