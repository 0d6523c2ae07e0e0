"""The operating system's key store behind `keystore.Backend`, through keyring, without ever prompting.

keyring unlocks a locked collection by asking the person. So on Linux the Secret Service is asked first whether its
default collection is there and open (specification: freedesktop.org Secret Service API 0.2, `Collection.Locked`), and
only then keyring is used. Backends that keep secrets in files of their own, or nowhere, count as no store.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from agent.keys.deadline import within
from agent.keys.keystore import Backend, BackendLocked, KeyLocked

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend as Ring


class _Keyring(Protocol):
    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class KeyringBackend:
    """Any keyring backend, with its way of saying «locked» turned into ours."""

    def __init__(self, ring: _Keyring, *, ask_first: bool) -> None:
        self._ring = ring
        self._ask_first = ask_first

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, or None when it is not there.

        Raises:
            BackendLocked: The store is locked.
        """
        from keyring.errors import KeyringLocked

        self._refuse_locked()
        try:
            return self._ring.get_password(service, username)
        except KeyringLocked as error:
            raise BackendLocked from error

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret.

        Raises:
            BackendLocked: The store is locked.
        """
        from keyring.errors import KeyringLocked

        self._refuse_locked()
        try:
            self._ring.set_password(service, username, password)
        except KeyringLocked as error:
            raise BackendLocked from error

    def delete_password(self, service: str, username: str) -> None:
        """Take the secret away.

        Raises:
            BackendLocked: The store is locked.
        """
        from keyring.errors import KeyringLocked

        self._refuse_locked()
        try:
            self._ring.delete_password(service, username)
        except KeyringLocked as error:
            raise BackendLocked from error

    def _refuse_locked(self) -> None:
        if self._ask_first and secret_service_locked():
            raise BackendLocked


def system_backend(timeout: float = 2.0) -> Backend | None:
    """Return this system's key store, or None where there is none. Blocks: call it in a thread.

    Args:
        timeout: Seconds to wait for the system to say what it has.

    Raises:
        KeyLocked: The system did not say so in time.
    """
    try:
        return within(timeout, _find)
    except TimeoutError as error:
        raise KeyLocked(
            f"the system did not say within {timeout:g} s whether it has a key store. The agent tries again."
        ) from error


def _find() -> Backend | None:
    if sys.platform in ("darwin", "win32"):
        import keyring
        from keyring.backends import fail, null

        ring = keyring.get_keyring()
        return None if isinstance(ring, fail.Keyring | null.Keyring) else KeyringBackend(ring, ask_first=False)
    # keyring may answer with a chain of several backends: only the Secret Service can be asked without a prompt.
    from keyring.backends import SecretService

    make: Callable[[], Ring] = SecretService.Keyring
    try:
        chosen = make()
        if chosen.priority <= 0 or secret_service_locked() is None:
            return None
    except Exception:  # No bus, no service, no default collection: all say that there is no store.
        return None
    return KeyringBackend(chosen, ask_first=True)


def secret_service_locked() -> bool | None:
    """Say whether the default collection is locked; None where there is none. Never prompts, never makes one."""
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException

    connection = secretstorage.dbus_init()
    try:
        collection = secretstorage.Collection(connection, "/org/freedesktop/secrets/aliases/default")
        return bool(collection.is_locked())
    except ItemNotFoundException:
        return None
    finally:
        connection.close()
