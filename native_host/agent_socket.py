"""The way to the agent's socket, and the checks before a single byte goes over it.

In: the socket's path, as the installer wrote it into the launcher. Out: a connected, non-blocking socket whose other
end runs as the same person. Any program of that person can still listen there; the threat model says so. What this
keeps out is everybody else: a folder that another user may write to, a socket that another user listens on.
"""

import _socket
import os
import stat
import sys

# Darwin's <sys/un.h>: SOL_LOCAL 0, LOCAL_PEERCRED 1 → struct xucred {u_int version; uid_t uid; …}, 76 bytes.
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED = 0, 1, 76


class SocketRefused(Exception):
    """The socket or its folder is not safely ours."""


def connect(path: bytes, uid: int) -> "_socket.socket":
    """Connect to the agent without blocking.

    Args:
        path: The socket's path.
        uid: Who we are and who must be at the other end.

    Raises:
        SocketRefused: The folder or the agent belongs to somebody else, or others may enter the folder.
        OSError: Nobody listens there.
    """
    if sys.platform == "win32":
        raise OSError("the named pipe of Windows is designed, not built")
    _check_folder(os.path.dirname(path), uid)  # noqa: PTH120  pathlib costs 10 ms at every start
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        link.setblocking(False)
        link.connect(path)
        if _peer_uid(link) != uid:
            raise SocketRefused
    except BaseException:
        link.close()
        raise
    return link


def _check_folder(folder: bytes, uid: int) -> None:
    """Refuse a folder that is a link, is not ours, or lets anybody else in."""
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise SocketRefused


def _peer_uid(link: "_socket.socket") -> int:
    """Return the user id at the other end, -1 where the system cannot tell."""
    if sys.platform == "linux":  # struct ucred {pid_t pid; uid_t uid; gid_t gid;}
        return int.from_bytes(link.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[4:8], sys.byteorder)
    if sys.platform == "darwin":
        return int.from_bytes(link.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED)[4:8], sys.byteorder)
    return -1
