"""The fingerprint of what recognition goes by in this release: our rules and the catalogue, as they lie here.

The ledger keeps it whenever it changes, so that it can be said later by which rules something was recognised.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def fingerprint(content: Path = Path(__file__).parent) -> str:
    """Return the SHA-256, in hex, of `rules/rules.json` and every file of the catalogue, each with its name and length.

    Args:
        content: The folder that both lie in.

    Raises:
        OSError: A file cannot be read: the installation is damaged.
    """
    digest = hashlib.sha256()
    catalogue = sorted(path for path in (content / "catalogue").iterdir() if path.suffix in (".yaml", ".json"))
    for path in (content / "rules" / "rules.json", *catalogue):
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()
