"""The database's key: made once, never over an existing database, without a prompt, and within its deadline."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import keyring.backend
import keyring.errors
import pytest

from agent.keys.keystore import Backend, BackendLocked, KeyLocked, KeyMissing, KeyStoreError, database_key
from agent.keys.system import KeyringBackend


@dataclass(frozen=True, slots=True)
class Places:
    """Where database and key lie."""

    database: Path
    key_file: Path


@dataclass(slots=True)
class MemoryStore:
    """A key store in memory that can be locked, and counts what was put into it."""

    locked: bool = False
    entries: dict[tuple[str, str], str] = field(default_factory=dict)

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise BackendLocked
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise BackendLocked
        self.entries[service, username] = password


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "gleanwatch.db", tmp_path / "gleanwatch.key")


def make_database(places: Places) -> None:
    places.database.write_bytes(b"a database made with this key")


def record(places: Places) -> Path:
    return places.database.with_name("gleanwatch.db.keyplace")


def test_without_a_store_the_key_is_in_a_file_of_our_own(places: Places) -> None:
    made = database_key(places, None)
    assert len(made.key) == 32
    assert "gleanwatch.key" in made.where
    make_database(places)
    assert database_key(places, None) == made
    if sys.platform != "win32":
        for file in (places.key_file, record(places)):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_with_a_store_nothing_of_the_key_is_in_a_file(places: Places) -> None:
    store = MemoryStore()
    made = database_key(places, store)
    assert made.where == "the system's key store"
    assert len(store.entries) == 1
    assert not places.key_file.exists()
    secret = next(iter(store.entries.values()))
    assert secret.encode() not in record(places).read_bytes()
    assert made.key.hex().encode() not in record(places).read_bytes()
    make_database(places)
    assert database_key(places, store) == made


def test_two_instances_have_two_keys_in_one_store(places: Places, tmp_path: Path) -> None:
    store = MemoryStore()
    other = Places(tmp_path / "other.db", tmp_path / "other.key")
    assert database_key(places, store).key != database_key(other, store).key
    assert len(store.entries) == 2


def test_the_key_does_not_show_in_what_is_printed(places: Places) -> None:
    made = database_key(places, None)
    assert repr(made.key) not in repr(made)


def test_the_choice_is_kept_when_a_store_appears_later(places: Places) -> None:
    made = database_key(places, None)
    make_database(places)
    store = MemoryStore()
    assert database_key(places, store) == made
    assert not store.entries


def test_a_store_that_went_away_means_wait(places: Places) -> None:
    database_key(places, MemoryStore())
    make_database(places)
    with pytest.raises(KeyLocked, match="not there now"):
        database_key(places, None)
    assert not places.key_file.exists()


def test_a_locked_store_means_wait_and_changes_nothing(places: Places) -> None:
    store = MemoryStore()
    made = database_key(places, store)
    make_database(places)
    store.locked = True
    with pytest.raises(KeyLocked, match="is locked"):
        database_key(places, store)
    store.locked = False
    assert database_key(places, store) == made


def test_a_store_that_is_locked_at_the_first_start_is_waited_for(places: Places) -> None:
    store = MemoryStore(locked=True)
    with pytest.raises(KeyLocked):
        database_key(places, store)
    assert not places.key_file.exists()
    assert not record(places).exists()
    store.locked = False
    assert database_key(places, store).where == "the system's key store"


def test_never_a_new_key_over_an_existing_database(places: Places) -> None:
    store = MemoryStore()
    database_key(places, store)
    make_database(places)
    store.entries.clear()
    with pytest.raises(KeyMissing, match="No new key was made"):
        database_key(places, store)
    assert not store.entries
    assert not places.key_file.exists()


def test_another_key_in_the_store_is_not_taken_for_ours(places: Places) -> None:
    store = MemoryStore()
    database_key(places, store)
    make_database(places)
    entry = next(iter(store.entries))
    store.entries[entry] = "AAAA" * 10 + "AAA="
    with pytest.raises(KeyMissing, match="another key"):
        database_key(places, store)


def test_a_lost_key_file_is_said_and_not_replaced(places: Places) -> None:
    database_key(places, None)
    make_database(places)
    places.key_file.unlink()
    with pytest.raises(KeyMissing, match="Put the old one back"):
        database_key(places, None)
    assert not places.key_file.exists()


def test_a_damaged_key_file_is_said_and_not_replaced(places: Places) -> None:
    database_key(places, None)
    make_database(places)
    places.key_file.write_text("scribble")
    with pytest.raises(KeyMissing):
        database_key(places, None)
    assert places.key_file.read_text() == "scribble"


def test_a_lost_record_beside_a_key_file_is_written_again(places: Places) -> None:
    made = database_key(places, None)
    make_database(places)
    record(places).unlink()
    assert database_key(places, MemoryStore()) == made
    assert record(places).exists()


def test_a_lost_record_without_a_key_file_is_said(places: Places) -> None:
    make_database(places)
    with pytest.raises(KeyMissing, match="No new key was made"):
        database_key(places, MemoryStore())


def test_a_damaged_record_is_said_and_kept(places: Places) -> None:
    database_key(places, None)
    make_database(places)
    record(places).write_text('{"store": "usb"}')
    with pytest.raises(KeyMissing, match="damaged"):
        database_key(places, None)
    assert record(places).read_text() == '{"store": "usb"}'


def test_a_first_start_that_was_interrupted_begins_again(places: Places) -> None:
    """A record and no database: nothing can be lost by a new key."""
    store = MemoryStore()
    database_key(places, store)
    store.entries.clear()
    again = database_key(places, store)
    make_database(places)
    assert database_key(places, store) == again


@pytest.mark.skipif(sys.platform == "win32", reason="rights are not kept in a mode on Windows")
def test_a_key_file_open_to_others_is_refused(places: Places) -> None:
    database_key(places, None)
    make_database(places)
    places.key_file.chmod(0o644)
    with pytest.raises(KeyStoreError, match="chmod 600"):
        database_key(places, None)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_in_place_of_the_key_file_is_refused(places: Places, tmp_path: Path) -> None:
    database_key(places, None)
    make_database(places)
    places.key_file.rename(tmp_path / "moved")
    places.key_file.symlink_to(tmp_path / "moved")
    with pytest.raises(KeyStoreError, match="plain file"):
        database_key(places, None)


def test_a_folder_that_cannot_be_written_is_said(places: Places) -> None:
    nowhere = Places(places.database, places.key_file / "below" / "nothing")
    with pytest.raises(KeyStoreError, match="cannot be written"):
        database_key(nowhere, None)
    assert not record(places).exists()


# With keyring's own kind of backend


class Ring(keyring.backend.KeyringBackend):
    """A keyring backend that behaves as told: works, is locked, fails, hangs, or forgets."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.kept: dict[tuple[str, str], str] = {}
        self.let_go = threading.Event()

    def _behave(self) -> None:
        if self.how == "locked":
            raise keyring.errors.KeyringLocked("collection is locked")
        if self.how == "fails":
            raise keyring.errors.KeyringError("the bus is gone")
        if self.how == "hangs":
            self.let_go.wait()

    def get_password(self, service: str, username: str) -> str | None:
        self._behave()
        return None if self.how == "forgets" else self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._behave()
        self.kept[service, username] = password


def of(ring: Ring) -> Backend:
    return KeyringBackend(ring, ask_first=False)


def test_a_keyring_backend_keeps_the_key(places: Places) -> None:
    ring = Ring("works")
    made = database_key(places, of(ring))
    make_database(places)
    assert database_key(places, of(ring)) == made
    assert list(ring.kept) == [("gleanwatch", next(iter(ring.kept))[1])]


def test_a_backend_that_hangs_is_given_up_at_the_deadline(places: Places) -> None:
    ring = Ring("works")
    made = database_key(places, of(ring))
    make_database(places)
    ring.how = "hangs"
    start = time.monotonic()
    with pytest.raises(KeyLocked, match=r"did not answer within 0\.2 s"):
        database_key(places, of(ring), timeout=0.2)
    waited = time.monotonic() - start
    ring.let_go.set()
    assert waited >= 0.2
    ring.how = "works"
    assert database_key(places, of(ring)) == made


def test_a_backend_that_hangs_at_the_first_start_leaves_no_key_behind(places: Places) -> None:
    ring = Ring("hangs")
    with pytest.raises(KeyLocked):
        database_key(places, of(ring), timeout=0.1)
    ring.let_go.set()
    assert not places.key_file.exists()
    assert not record(places).exists()


def test_a_locked_keyring_means_wait(places: Places) -> None:
    with pytest.raises(KeyLocked, match="Unlock it"):
        database_key(places, of(Ring("locked")))
    assert not places.key_file.exists()


@pytest.mark.parametrize("how", ["fails", "forgets"])
def test_a_backend_that_does_not_work_at_the_first_start_is_not_used(places: Places, how: str) -> None:
    made = database_key(places, of(Ring(how)))
    assert "gleanwatch.key" in made.where
    make_database(places)
    assert database_key(places, None) == made


def test_a_backend_that_fails_later_means_wait(places: Places) -> None:
    ring = Ring("works")
    database_key(places, of(ring))
    make_database(places)
    ring.how = "fails"
    with pytest.raises(KeyLocked, match="KeyringError"):
        database_key(places, of(ring))
    assert not places.key_file.exists()


def test_on_a_machine_without_a_bus_there_is_no_store(tmp_path: Path) -> None:
    """Asked in a process of its own, since keyring looks at the environment once."""
    import subprocess

    if sys.platform != "linux":
        pytest.skip("macOS and Windows always have a store")
    checkout = Path(__file__).resolve().parents[3]
    nowhere = f"unix:path={tmp_path}/no-bus"
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(checkout)}
    for bus in ({}, {"DBUS_SESSION_BUS_ADDRESS": nowhere}):
        said = subprocess.run(
            [sys.executable, "-c", "from agent.keys.system import system_backend; print(system_backend())"],
            env=env | bus,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == "None"
