"""Whether anything could leave this machine at all: asked by a demo or test, which must stay on it.

A network namespace with nothing but its loopback device is such a place: there even a question to a name server reaches
only what the demo itself started.
"""

from __future__ import annotations

from pathlib import Path

_UP = 0x1


def contained(
    devices: Path = Path("/sys/class/net"),
    network: Path = Path("/proc/self/net"),
) -> bool:
    """Whether no route and no running network device leads anywhere but to this machine itself.

    A device counts as down only where its flags can be read and say so. A mount of /sys may show another namespace's
    devices, so their names come from procfs, which always shows the reader's own, and every route has to go over `lo`
    as well. What this cannot see: a resolver that programs reach over a file-system socket (nscd, systemd-resolved) and
    that itself lives outside.

    Args:
        devices: Where each network device is a folder with `flags` (Linux Documentation/ABI/testing/sysfs-class-net).
        network: Where `dev`, `route` and `ipv6_route` are (proc_pid_net(5)).

    Returns:
        False where any of it cannot be read: a system without these files is never contained.
    """
    try:
        names = [line.partition(":")[0].strip() for line in (network / "dev").read_text("ascii").splitlines()[2:]]
        routes = [line.split()[0] for line in (network / "route").read_text("ascii").splitlines()[1:] if line.strip()]
    except (OSError, ValueError):
        return False
    try:
        routes += [
            line.split()[-1] for line in (network / "ipv6_route").read_text("ascii").splitlines() if line.strip()
        ]
    except FileNotFoundError:
        pass  # no IPv6 here
    except (OSError, ValueError):
        return False
    return "lo" in names and set(routes) <= {"lo"} and not any(_up(devices / name) for name in names if name != "lo")


def _up(device: Path) -> bool:
    try:
        return bool(int((device / "flags").read_text("ascii"), 16) & _UP)
    except (OSError, ValueError):
        return True
