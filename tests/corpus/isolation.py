"""A network of its own with nothing in it but loopback: what runs inside can reach nothing, and every name leads here.

`enter` starts this program again inside a new network and mount namespace, which needs root. Inside, `furnish` brings
the loopback device up, gives it every address there is, and lays our name service and certificates over the system's.
Processes stay visible to everybody; their sockets only to who is inside, so the agent is started inside too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.corpus.certificates import SYSTEM_BUNDLE

INSIDE = "GW_CORPUS_INSIDE"


def possible() -> bool:
    """Whether this machine and person can do it: root, and a kernel that lets them."""
    tools = all(shutil.which(name) for name in ("unshare", "ip", "mount"))
    return os.geteuid() == 0 and tools and subprocess.run(["unshare", "-n", "-m", "true"], check=False).returncode == 0


def inside() -> bool:
    """Whether this process runs in there."""
    return os.environ.get(INSIDE) == "1"


def enter(arguments: list[str]) -> None:
    """Replace this process by one that runs the same module inside."""
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, "-m", "tests.corpus", *arguments])


def furnish(folder: Path, bundle: Path) -> None:
    """Bring loopback up and lay our resolver and certificates over the system's, in this namespace only."""
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n", "utf-8")
    steps = [["ip", "link", "set", "lo", "up"], ["ip", "addr", "add", "198.51.100.1/32", "dev", "lo"]]
    # Every address is this machine's, so that a program with addresses of its own inside ends here too.
    steps.append(["ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo"])
    for ours, theirs in ((resolver, Path("/etc/resolv.conf")), (bundle, SYSTEM_BUNDLE)):
        if theirs.exists():
            steps.append(["mount", "--bind", str(ours), str(theirs.resolve())])
    for step in steps:
        subprocess.run(step, check=True, stdout=subprocess.DEVNULL)
