"""Where the extension's folder lies: beside `agent/` in a checkout, inside it in an installed package.

The folder that a browser loads is the source as it stands, in both. Whoever tells a person which folder to load, or
packs it, asks here, so that `pipx install` and a checkout need no difference anywhere else.
"""

from __future__ import annotations

from pathlib import Path


def extension_folder(package: Path | None = None) -> Path | None:
    """Return the extension's folder, or None where this installation has none.

    Args:
        package: The folder of the package `agent`; None for the one that runs.
    """
    package = package or Path(__file__).resolve().parents[1]
    for folder in (package / "extension", package.parent / "extension"):
        if (folder / "manifest.json").is_file():
            return folder
    return None
