"""Opens an instance: folders, policy, configuration, lock, key, database, in this order.

Every way in which that can fail ends as one `StartError` whose text says what happened and what to do; nothing is half
open afterwards. Used by the daemon, and by the command line where no agent runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agent.consent.ruling import Ruling, RulingRefused, rule
from agent.content.jurisdictions import load_jurisdictions
from agent.content.purposes import load_purposes
from agent.keys.keystore import Backend, KeyLocked, KeyMaterial, KeyStoreError, database_key
from agent.ledger.cosignature import require_witness_key
from agent.ledger.note import NoteError, VerifierKey
from agent.model.ports import Clock
from agent.model.purposes import Mode
from agent.settings.config import Config, load_config
from agent.settings.instance import Instance, InstanceError, prepare
from agent.settings.lock import InstanceLock, LockHeld
from agent.settings.policy import Policy, load_policy
from agent.settings.toml_file import TomlError
from agent.store.database import Store, StoreCorrupt, StoreError, open_store, set_aside

KEY_RETRY_SECONDS = 5.0
LOCK_RETRY_SECONDS = 0.2


class StartError(Exception):
    """The agent cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What this instance runs under.

    Attributes:
        mode: Personal, managed or test.
        policy: The organisation's policy, or None.
        config: The person's own configuration.
        ruling: What follows from policy and jurisdiction.
    """

    mode: Mode
    policy: Policy | None
    config: Config
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Opened:
    """An instance that is ours until `close`.

    Attributes:
        instance: Where it lives.
        rulebook: What it runs under.
        key: Where the database's key is kept.
        store: The open database.
        close: Gives the lock back; the store is closed by its own `close` before.
    """

    instance: Instance
    rulebook: Rulebook
    key: KeyMaterial
    store: Store
    close: Callable[[], None]


def read_rules(instance: Instance) -> Rulebook:
    """Read policy and configuration.

    A broken policy never falls back to personal mode: what an organisation asked for must not vanish by a typing error.

    Raises:
        StartError: One of the files is wrong, or asks for what the jurisdiction forbids; the text names file, key,
            reason and mend.
    """
    try:
        policy = load_policy(instance.policy_file, require_root=instance.mode_hint is not Mode.TEST)
    except TomlError as problem:
        raise StartError(str(problem)) from None
    return rules_under(instance, policy)


def rules_under(instance: Instance, policy: Policy | None) -> Rulebook:
    """Return what an instance runs under, given its policy; the configuration is read.

    Raises:
        StartError: As `read_rules`.
    """
    test = instance.mode_hint is Mode.TEST
    try:
        config = load_config(instance.config_file)
    except TomlError as problem:
        raise StartError(str(problem)) from None
    mode = Mode.TEST if test else Mode.MANAGED if policy is not None else Mode.PERSONAL
    try:
        ruling = rule(mode, policy, load_purposes(), load_jurisdictions())
    except RulingRefused as problem:
        raise StartError(f"{instance.policy_file}: {problem}") from None
    if policy is not None:
        _check_witnesses(instance.policy_file, policy)
    return Rulebook(mode, policy, config, ruling)


def _check_witnesses(path: Path, policy: Policy) -> None:
    """Refuse a witness whose key is none, or two of one name: what they sign is kept by name."""
    names: set[str] = set()
    for number, witness in enumerate(policy.ledger.witnesses):
        try:
            key = VerifierKey.parse(witness.key)
            require_witness_key(key)
        except NoteError as problem:
            raise StartError(f"{path}: ledger.witnesses[{number}].key: {problem}. Copy its whole line again.") from None
        if key.name in names:
            raise StartError(f"{path}: ledger.witnesses[{number}].key: there are two witnesses called {key.name}.")
        names.add(key.name)


def open_instance(
    instance: Instance,
    uid: int,
    clock: Clock,
    *,
    find_backend: Callable[[], Backend | None],
    say: Callable[[str], None],
    wait_for_key: bool = True,
    keep_damaged_aside: bool = False,
    wait_for_lock: float = 0.0,
) -> Opened:
    """Open everything that must be there before the first byte is observed.

    Args:
        instance: Where it lives.
        uid: Who runs it.
        clock: Time.
        find_backend: Finds the system's key store; blocks for some seconds at most.
        say: Tells the person what is being waited for.
        wait_for_key: Whether to wait for a locked key store, or fail.
        keep_damaged_aside: Whether a damaged database is renamed and a new one begun.
        wait_for_lock: Seconds to wait for another agent, or a command that looks into the instance, to end.

    Raises:
        StartError: It cannot be opened.
    """
    with ExitStack() as undo:
        try:
            prepare(instance, uid)
            rulebook = read_rules(instance)
            lock = InstanceLock(instance.lock_file)
            _acquire(lock, clock, wait_for_lock)
            undo.callback(lock.release)
            from_store = rulebook.mode is not Mode.TEST and rulebook.config.keys.store == "auto"
            key = _key(instance, find_backend if from_store else _no_backend, say, wait_for_key)
            store = _store(instance.database, key.key, clock, keep_damaged_aside, say)
        except (InstanceError, LockHeld, KeyStoreError, StoreError) as problem:
            raise StartError(str(problem)) from None
        except OSError as problem:
            said = problem.strerror or type(problem).__name__
            raise StartError(f"{instance.root} cannot be used: {said}. Check that the disk has room.") from None
        undo.pop_all()
    return Opened(instance, rulebook, key, store, lock.release)


def _acquire(lock: InstanceLock, clock: Clock, patience: float) -> None:
    end = clock.monotonic() + patience
    while True:
        try:
            return lock.acquire()
        except LockHeld:
            if clock.monotonic() >= end:
                raise
        time.sleep(LOCK_RETRY_SECONDS)


def _no_backend() -> None:
    """A test or demo instance keeps its throw-away key in its own folder."""
    return


def _key(
    instance: Instance, find_backend: Callable[[], Backend | None], say: Callable[[str], None], wait: bool
) -> KeyMaterial:
    told = False
    while True:
        try:
            return database_key(instance, find_backend())
        except KeyLocked as problem:
            if not wait:
                raise
            if not told:
                say(str(problem))
                told = True
        time.sleep(KEY_RETRY_SECONDS)


def _store(path: Path, key: bytes, clock: Clock, keep_aside: bool, say: Callable[[str], None]) -> Store:
    try:
        return open_store(path, key, clock)
    except StoreCorrupt as problem:
        if not keep_aside:
            raise StartError(
                f"{problem} To begin a new database and keep the damaged one beside it: gleanwatch run --set-aside"
            ) from None
        say(f"The damaged database is kept as {set_aside(path, clock).name}; a new one begins.")
        return open_store(path, key, clock)
