"""The database's key: made once, kept in one place that is written down, asked for without ever prompting.

```
first start     no database, no record → the system's key store if one is there and unlocked, else a 0600 file
                → the choice, and a check value of the key, go into `<database>.keyplace` beside the database
later           the record says where → fetch → compare with the check value
```
What must never happen is a new key over an existing database: then everything in it is lost without anybody having
decided so. Where the key cannot be had, one of two errors says what that means: `KeyLocked` (wait: the store is locked,
slow or not started yet) or `KeyMissing` (waiting does not help). DESIGN 3.19.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from agent.keys.deadline import within

KEY_BYTES: Final = 32
SERVICE: Final = "gleanwatch"
"""The name under which the key shows in the system's key store."""
_RECORD_ENDING: Final = ".keyplace"


class KeyStoreError(Exception):
    """The database's key cannot be had; the message says what that means and what to do."""


class KeyLocked(KeyStoreError):
    """The key store is locked or does not answer. Nothing was changed; try again later."""


class KeyMissing(KeyStoreError):
    """The key is not where it was put, or is not the right one. Waiting does not help."""


class BackendLocked(Exception):
    """Raised by a backend whose store is locked: asking further would prompt the person."""


class Backend(Protocol):
    """A key store of the operating system. No method may prompt; all may block, fail or raise `BackendLocked`."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, or None when it is not there."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Take the secret away."""
        ...


class KeyPlaces(Protocol):
    """Where an instance's database and key file lie; `agent.settings.instance.Instance` is one."""

    @property
    def database(self) -> Path:
        """The database file."""
        ...

    @property
    def key_file(self) -> Path:
        """The key file, where there is no key store."""
        ...


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """The key and, in words for `doctor`, where it is kept."""

    key: bytes = field(repr=False)
    where: str

    def mark(self, text: str) -> str:
        """Return a short name for a text that says nothing of it without this key: six bytes of HMAC-SHA-256, hex."""
        own = hmac.digest(self.key, b"gleanwatch script mark v1", "sha256")
        return hmac.digest(own, text.encode("utf-8", "surrogatepass"), "sha256")[:6].hex()


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`<database>.keyplace`: which store holds the key, under which name, and how to recognise it."""

    store: Literal["keyring", "file"]
    name: str
    check: str


def database_key(places: KeyPlaces, backend: Backend | None, *, timeout: float = 5.0) -> KeyMaterial:
    """Return the database's key, making it when there is neither database nor key yet.

    The caller holds the instance lock, so that no two do this at once.

    Args:
        places: Where database and key file lie; their folder exists and is ours alone.
        backend: The system's key store, or None where there is none.
        timeout: Seconds to wait for the backend.

    Raises:
        KeyLocked: The store is locked, slow or not reachable now.
        KeyMissing: The key is gone, damaged or another one; nothing was made in its place.
        KeyStoreError: The key file cannot be read or written.
    """
    record_file = places.database.with_name(places.database.name + _RECORD_ENDING)
    made = places.database.exists() and places.database.stat().st_size > 0
    record = _read_record(record_file)
    if record is not None:
        key = _fetch(record, places, backend, timeout)
        if key is not None and hmac.compare_digest(_check_value(key), record.check):
            return KeyMaterial(key, _where(record, places))
        if made:
            raise KeyMissing(_gone(record, places, found=key is not None))
        # No database yet: the first start was interrupted, and a new key costs nothing.
    elif made:
        key = _read_key_file(places.key_file)
        if key is None:
            raise KeyMissing(
                f"{places.database.name} exists, but {record_file.name} beside it, which says where its key is, does "
                "not. Put that file back from a backup. No new key was made: the old data could then never be read."
            )
        # The database's own check value tells whether this key is the right one.
        return _remember(record_file, _Record("file", "", _check_value(key)), key, places)
    return _make(record_file, places, backend, timeout)


def kept_in_store(places: KeyPlaces) -> bool:
    """Say whether the database's key is in the system's key store; false where that is not known."""
    try:
        record = _read_record(places.database.with_name(places.database.name + _RECORD_ENDING))
    except KeyStoreError:
        return False
    return record is not None and record.store == "keyring"


def forget_key(places: KeyPlaces, backend: Backend | None, *, timeout: float = 5.0) -> None:
    """Take the database's key out of the system's key store, where it is there: nobody can read the database after.

    Raises:
        KeyLocked: The store is locked, slow or not there now; the key stays in it.
    """
    record = _read_record(places.database.with_name(places.database.name + _RECORD_ENDING))
    if record is None or record.store == "file":
        return
    if backend is None:
        raise KeyLocked(
            f"the system's key store is not there now: the key stays in it (entry {SERVICE}, {record.name})"
        )
    try:
        if within(timeout, lambda: backend.get_password(SERVICE, record.name)) is not None:
            within(timeout, lambda: backend.delete_password(SERVICE, record.name))
    except (BackendLocked, TimeoutError) as error:
        raise KeyLocked(_locked(error, timeout)) from error
    except Exception as error:
        raise KeyLocked(f"the system's key store failed ({type(error).__name__}): the key stays in it") from error


def _make(record_file: Path, places: KeyPlaces, backend: Backend | None, timeout: float) -> KeyMaterial:
    """Make a key for a new database, put it away, read it back, and write down where it is."""
    key = secrets.token_bytes(KEY_BYTES)
    if backend is not None:
        name = secrets.token_hex(8)
        text = base64.b64encode(key).decode()
        try:
            kept = within(timeout, lambda: _put_and_get(backend, name, text))
        except (BackendLocked, TimeoutError) as error:
            raise KeyLocked(_locked(error, timeout)) from error
        except Exception:  # Key stores raise whatever their system does: this one does not work, and is not used.
            kept = None
        if kept == text:
            return _remember(record_file, _Record("keyring", name, _check_value(key)), key, places)
    _write_key_file(places.key_file, key)
    return _remember(record_file, _Record("file", "", _check_value(key)), key, places)


def _put_and_get(backend: Backend, name: str, text: str) -> str | None:
    backend.set_password(SERVICE, name, text)
    return backend.get_password(SERVICE, name)


def _remember(record_file: Path, record: _Record, key: bytes, places: KeyPlaces) -> KeyMaterial:
    _write_private(record_file, msgspec.json.encode(record))
    return KeyMaterial(key, _where(record, places))


def _fetch(record: _Record, places: KeyPlaces, backend: Backend | None, timeout: float) -> bytes | None:
    if record.store == "file":
        return _read_key_file(places.key_file)
    if backend is None:
        raise KeyLocked(
            "the database's key is in the system's key store, which is not there now. Log in to the desktop session "
            "that has it; the agent goes on by itself then."
        )
    try:
        text = within(timeout, lambda: backend.get_password(SERVICE, record.name))
    except (BackendLocked, TimeoutError) as error:
        raise KeyLocked(_locked(error, timeout)) from error
    except Exception as error:
        raise KeyLocked(
            f"the system's key store failed ({type(error).__name__}). Check that it is running; the agent tries again."
        ) from error
    return None if text is None else _decode(text)


def _check_value(key: bytes) -> str:
    return hmac.new(key, b"gleanwatch key place, check value, version 1", hashlib.sha256).hexdigest()[:32]


def _decode(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _read_record(file: Path) -> _Record | None:
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyStoreError(f"{file} cannot be read ({error.strerror}); give it back to yourself") from error
    try:
        return msgspec.json.decode(text, type=_Record)
    except msgspec.DecodeError as error:
        raise KeyMissing(
            f"{file} is damaged: it says where the database's key is. Put it back from a backup; nothing was changed."
        ) from error


def _read_key_file(file: Path) -> bytes | None:
    """Return the key in our own file, or None when there is none; refuse one that others could have read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyStoreError(f"{file} cannot be read ({error.strerror}); it must be a plain file of your own") from error
    with os.fdopen(descriptor, "rb") as opened:
        state = os.fstat(descriptor)
        if sys.platform != "win32" and (state.st_uid != os.getuid() or stat.S_IMODE(state.st_mode) & 0o077):
            raise KeyStoreError(f"{file} is open to other users or not yours: close it with  chmod 600 '{file}'")
        return _decode(opened.read(256).decode("ascii", "replace"))


def _write_key_file(file: Path, key: bytes) -> None:
    _write_private(file, base64.b64encode(key) + b"\n")


def _write_private(file: Path, content: bytes) -> None:
    """Write a 0600 file whole or not at all, and durably: a database must never outlive its key."""
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        fresh.replace(file)
        if sys.platform != "win32":
            folder = os.open(file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise KeyStoreError(
            f"{file} cannot be written ({error.strerror}); check room and rights of its folder"
        ) from error


def _where(record: _Record, places: KeyPlaces) -> str:
    if record.store == "file":
        return f"a file only you can read ({places.key_file.name}); there was no unlocked key store when it was made"
    return "the system's key store"


def _locked(error: Exception, timeout: float) -> str:
    how = f"did not answer within {timeout:g} s" if isinstance(error, TimeoutError) else "is locked"
    return f"the system's key store {how}. Unlock it (log in to the desktop); the agent goes on by itself then."


def _gone(record: _Record, places: KeyPlaces, *, found: bool) -> str:
    place = (
        str(places.key_file) if record.store == "file" else f"the system's key store (entry {SERVICE}, {record.name})"
    )
    what = "holds another key than" if found else "no longer holds"
    return (
        f"{place} {what} the one that {places.database.name} was made with. Put the old one back from a backup. No new "
        "key was made: to begin again without the old data, move the whole data folder away first."
    )
