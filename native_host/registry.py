"""The Windows registry, as much of it as registering a native host needs.

On Windows a browser finds a manifest by the default value of a key, below HKEY_CURRENT_USER for one person and below
HKEY_LOCAL_MACHINE for all. `manifests.py` speaks to the small protocol here, so that its rules are tested on any
system; `WindowsRegistry` is the real one. Not run on Windows by us yet.
"""

from __future__ import annotations

import sys
from typing import Protocol

from native_host.browsers import Level


class Registry(Protocol):
    """Default values of keys; `Level.USER` is the person's hive, `Level.SYSTEM` the machine's."""

    def get(self, level: Level, key: str) -> str | None:
        """Return the key's default value, None when there is no such key."""
        ...

    def set(self, level: Level, key: str, value: str) -> None:
        """Set the key's default value; makes the key. Raises OSError where the rights are missing."""
        ...

    def delete(self, level: Level, key: str) -> None:
        """Delete the key. Raises OSError where the rights are missing."""
        ...


if sys.platform == "win32":
    import winreg

    class WindowsRegistry:
        """The real registry."""

        def get(self, level: Level, key: str) -> str | None:
            """Return the key's default value, None when there is no such key."""
            try:
                return winreg.QueryValue(self._hive(level), key)
            except FileNotFoundError:
                return None

        def set(self, level: Level, key: str, value: str) -> None:
            """Set the key's default value; makes the key."""
            with winreg.CreateKey(self._hive(level), key) as made:
                winreg.SetValueEx(made, "", 0, winreg.REG_SZ, value)

        def delete(self, level: Level, key: str) -> None:
            """Delete the key."""
            winreg.DeleteKey(self._hive(level), key)

        @staticmethod
        def _hive(level: Level) -> int:
            return winreg.HKEY_CURRENT_USER if level is Level.USER else winreg.HKEY_LOCAL_MACHINE
