"""The native host as the browsers of a test find it: the real launcher, and manifests in places of the test's own.

Chromium looks into its user data folder, Firefox below HOME; nothing of the machine's own browsers is touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from native_host import launcher
from tests.support.extension import ExtensionFolder, read_extension
from tests.support.places import relay_socket

NAME = "org.gleanwatch.relay"


@dataclass(frozen=True, slots=True)
class InstalledHost:
    """An installed native host.

    Attributes:
        program: What the browser starts.
        chromium: Chromium's manifest.
        firefox: Firefox's manifest.
        origin: The extension as Chromium names it to the host.
    """

    program: Path
    chromium: Path
    firefox: Path
    origin: str

    @property
    def manifests(self) -> tuple[Path, Path]:
        """Both manifests."""
        return self.chromium, self.firefox

    def command(self) -> list[str]:
        """Return how Chromium starts it."""
        return [str(self.program), self.origin]

    def point_at(self, program: Path) -> None:
        """Make the browsers start another program instead."""
        for manifest in self.manifests:
            content = json.loads(manifest.read_text("utf-8"))
            manifest.write_text(json.dumps({**content, "path": str(program)}), "utf-8")


def install_host(folder: Path, env: Mapping[str, str], extension: ExtensionFolder | None = None) -> InstalledHost:
    """Install the native host for the browsers of one test.

    Args:
        folder: The test's folder: HOME is there, and Chromium's user data folder is `chromium` in it.
        env: The environment, which says where the agent's socket will be.
        extension: Which extension may start it; the checkout's when None.
    """
    extension = extension or read_extension()
    origin = f"chrome-extension://{extension.chromium_id}/"
    place = folder / "host"
    allowed = (origin, extension.firefox_id)
    launcher.write(place, relay_socket(env), allowed, launcher.choose_python("linux"))
    installed = InstalledHost(
        place / launcher.NAME,
        folder / "chromium" / "NativeMessagingHosts" / f"{NAME}.json",
        folder / ".mozilla" / "native-messaging-hosts" / f"{NAME}.json",
        origin,
    )
    common = {"name": NAME, "description": "test", "path": str(installed.program), "type": "stdio"}
    for manifest, who in (
        (installed.chromium, {"allowed_origins": [origin]}),
        (installed.firefox, {"allowed_extensions": [extension.firefox_id]}),
    ):
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({**common, **who}), "utf-8")
    return installed
