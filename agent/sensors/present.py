"""Is there a folder, or an ordinary file? What may not be looked at counts as not there.

`Path.is_dir` and `Path.is_file` raise where a folder above may not be entered or a name is too long (before Python
3.14), so that one locked folder would end the look at all others.
"""

from __future__ import annotations

import os


def is_folder(path: os.PathLike[str]) -> bool:
    """Return whether a folder stands there; links are followed."""
    return os.path.isdir(path)  # noqa: PTH112 - the one that does not raise


def is_file(path: os.PathLike[str]) -> bool:
    """Return whether an ordinary file stands there; links are followed."""
    return os.path.isfile(path)  # noqa: PTH113 - the one that does not raise
