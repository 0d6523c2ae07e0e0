"""The native host as the browsers of a test find it: put in place by the real installer, in places of the test's own.

Chromium looks into its user data folder, Firefox below HOME; nothing of the machine's own browsers is touched.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from native_host import launcher, manifests
from native_host.browsers import firefox_home_place, user_data_place
from tests.support.places import relay_socket
from tests.support.processes import descendants


@dataclass(frozen=True, slots=True)
class InstalledHost:
    """An installed native host.

    Attributes:
        program: What the browser starts.
        manifests: The manifests of Chromium and Firefox.
    """

    program: Path
    manifests: tuple[Path, ...]

    def command(self) -> list[str]:
        """Return how Chromium starts it."""
        return [str(self.program), manifests.ORIGINS[0]]

    def point_at(self, program: Path) -> None:
        """Make the browsers start another program instead."""
        for manifest in self.manifests:
            content = json.loads(manifest.read_text("utf-8"))
            manifest.write_text(json.dumps({**content, "path": str(program)}), "utf-8")


def install_host(folder: Path, env: Mapping[str, str]) -> InstalledHost:
    """Install the native host for the browsers of one test.

    Args:
        folder: The test's folder: HOME is there, and Chromium's user data folder is `chromium` in it.
        env: The environment, which says where the agent's socket will be.
    """
    (folder / "chromium").mkdir(exist_ok=True)
    places = (user_data_place(folder / "chromium"), firefox_home_place(sys.platform, folder))
    report = manifests.install(folder / "host", relay_socket(env), places)
    assert report.ok, report
    return InstalledHost(folder / "host" / launcher.NAME, tuple(Path(result.where) for result in report.places))


def host_below(pid: int) -> int | None:
    """Return the pid of the native host that runs below a browser, None when none does."""
    for process in descendants(pid):
        try:
            if any(launcher.NAME in part for part in process.cmdline()):
                return process.pid
        except psutil.NoSuchProcess:  # gone, or dead and not buried yet
            continue
    return None
