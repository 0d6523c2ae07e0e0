"""`gleanwatch uninstall`: says what goes and what stays, has a word typed, takes it away, and looks again.

instance, browsers, service → `survey`: everything of ours that is there → the two lists → the typed word → `carry_out`
→ what is still there, said as it is. The database and the record stay unless they are asked for as well: with them the
person's proofs are gone, and nobody can bring them back.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from agent import crashes
from agent.cli.asking import Failure, ask, running, this_instance
from agent.cli.consent_files import export_to, refuse_unless_empty
from agent.cli.service import manager
from agent.cli.show import console, json_option, print_json
from agent.keys.keystore import Backend, KeyStoreError, forget_key, kept_in_store
from agent.logs import FILE_NAME
from agent.service.plan import NAME, Outcome
from agent.settings.instance import Instance
from agent.settings.lock import InstanceLock, LockHeld
from native_host import manifests
from native_host.browsers import Level, Place, places

WORD = "uninstall"
WORD_WITH_DATA = "uninstall and delete my record"
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What of ours is there.

    Attributes:
        service: Where the service is known, or empty.
        agent: Whether an agent runs.
        manifests: Files by which browsers find us, the launcher first.
        logs: Files of the log.
        faults: How many reports of faults.
        sockets: Sockets.
        completions: Scripts for the Tab key.
        data: Files of the database and the record, its key and the configuration among them.
        in_store: Whether the key is in the system's key store.
        strangers: Files in our folders that are not ours.
    """

    service: str
    agent: bool
    manifests: tuple[Path, ...]
    logs: tuple[Path, ...]
    faults: int
    sockets: tuple[Path, ...]
    completions: tuple[Path, ...]
    data: tuple[Path, ...]
    in_store: bool
    strangers: tuple[Path, ...]

    def goes(self, data: bool) -> Iterator[str]:
        """Say what goes, one sentence a thing."""
        if self.agent:
            yield "The running agent is ended: from then on nothing is observed."
        if self.service:
            yield f"The service that starts it: {self.service}"
        for file in self.manifests:
            yield f"What connects a browser: {file}"
        for file in (*self.logs, *self.sockets):
            yield f"{'The log' if file in self.logs else 'A socket'}: {file}"
        if self.faults:
            yield f"Reports of the agent's own faults: {self.faults}"
        for file in self.completions:
            yield f"The Tab key's script: {file}"
        if data:
            for file in self.data:
                yield f"Your data and record: {file}"
            if self.in_store:
                yield "The database's key, in the system's key store"

    def stays(self, instance: Instance, data: bool) -> Iterator[str]:
        """Say what stays and why, one sentence a thing."""
        if self.data and not data:
            yield (
                f"Your data and your record of notices and answers, encrypted, in {instance.data_dir}. Delete them "
                "too: gleanwatch uninstall --data"
            )
            if self.in_store:
                yield "Their key, in the system's key store."
        yield "The extension. Remove it in each browser: chrome://extensions, or about:addons in Firefox."
        yield "The program itself. Remove it with what installed it: pipx uninstall gleanwatch"
        if instance.policy_file.exists():
            yield f"Your organisation's policy, {instance.policy_file}: it is theirs."
        yield "What an administrator installed for everybody: gleanwatch browser remove --system, run by them."
        for file in self.strangers:
            yield f"A file that is not ours: {file}"


@click.command()
@click.option("--data", is_flag=True, help="Delete the database, its key and the record as well: your proofs are gone.")
@click.option(
    "--export", "copy", type=click.Path(path_type=Path), help="First put everything about you into this folder."
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
def uninstall(data: bool, copy: Path | None, yes: bool, as_json: bool) -> None:
    """Take everything away again. Says first what goes and what stays; asks for a typed word.

    With --json and without --yes it only lists.

    \b
    gleanwatch uninstall
    gleanwatch uninstall --data --export ~/my-gleanwatch
    gleanwatch uninstall --yes --json
    """
    instance = this_instance()
    if copy is not None:
        refuse_unless_empty(copy)
    found = survey(instance)
    goes, stays = list(found.goes(data)), list(found.stays(instance, data))
    say = console()
    if as_json and not yes:
        print_json({"done": False, "goes": goes, "stays": stays, "left": []})
        return
    if not as_json:
        _print_lists(say, goes, stays)
        if data and found.data:
            _warn(say, copy)
    if not yes:
        _typed(WORD_WITH_DATA if data else WORD)
    if copy is not None:
        export_to(instance, copy)
    left = carry_out(instance, data)
    if as_json:
        print_json({"done": not left, "goes": goes, "stays": stays, "left": left})
    elif not left:
        say.print("[green]Done.[/] What stays is in the list above.")
    if left:
        raise Failure(f"not everything could be taken away. {left[0]}")


def _print_lists(say: Console, goes: Sequence[str], stays: Sequence[str]) -> None:
    say.print("[bold]This goes[/]")
    for line in goes or ["Nothing: nothing of it is here."]:
        say.print(f"  • {line}", soft_wrap=True, markup=False)
    say.print("[bold]This stays[/]")
    for line in stays:
        say.print(f"  • {line}", soft_wrap=True, markup=False)


def _warn(say: Console, copy: Path | None) -> None:
    say.print(
        "[bold]What --data means[/]: with the record go your proofs of which notices you were shown and what you "
        "answered. A receipt that you exported before stays good by itself; nothing else can be brought back.",
        soft_wrap=True,
    )
    if copy is None:
        say.print("To take a copy with you first, end this now and add: --export FOLDER", soft_wrap=True)


def _typed(word: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure("nobody can type the word here. Nothing was changed. A program says --yes.")
    if click.prompt(f"To go on, type: {word}\n", default="", show_default=False, prompt_suffix="> ") != word:
        raise Failure("that was not the word. Nothing was changed.")


def survey(instance: Instance) -> Survey:
    """Look for everything of ours, and change nothing."""
    standing = manager(instance).status()
    report = manifests.status(instance.host_dir, instance.relay_socket, _browsers(instance))
    ours = (manifests.Outcome.UNCHANGED, manifests.Outcome.OUTDATED)
    known = [Path(one.where) for one in (report.launcher, *report.places) if one.outcome in ours]
    known += [one for one in (instance.host_dir / manifests.RECORD,) if one.exists()]
    return Survey(
        service="" if standing.outcome in (Outcome.ABSENT, Outcome.FAILED) else standing.where,
        agent=running(instance),
        manifests=tuple(dict.fromkeys(known)),
        logs=tuple(sorted(instance.log_dir.glob(f"{FILE_NAME}*"))),
        faults=len(crashes.kept(instance.fault_dir)),
        sockets=tuple(one for one in (instance.relay_socket, instance.control_socket) if one.exists()),
        completions=tuple(_completions(os.environ)),
        data=tuple(_data(instance)),
        in_store=kept_in_store(instance),
        strangers=tuple(_strangers(instance)),
    )


def carry_out(instance: Instance, data: bool) -> list[str]:
    """Take it away, and return what could not be, one sentence a thing."""
    left: list[str] = []
    # The service first: it would start the agent anew.
    gone = manager(instance).remove()
    if gone.outcome is Outcome.FAILED:
        left.append(f"{gone.where}: {gone.detail}")
    if not _ended(instance):
        return [*left, "The agent did not end. End it where it was started, with Ctrl-C, then try again."]
    report = manifests.remove(instance.host_dir, _browsers(instance))
    bad, gone_now = (manifests.Outcome.FAILED,), (manifests.Outcome.REMOVED,)
    left += [f"{one.where}: {one.detail}" for one in (report.launcher, *report.places) if one.outcome in bad]
    lock = InstanceLock(instance.lock_file)
    try:
        if instance.data_dir.is_dir():
            lock.acquire()
        if crashes.remove(instance.fault_dir).left:
            left.append(f"{instance.fault_dir}: reports of faults could not be taken away.")
        files = [*instance.log_dir.glob(f"{FILE_NAME}*"), *_completions(os.environ)]
        files += [instance.relay_socket, instance.control_socket]
        if data:
            forget_key(instance, _backend() if kept_in_store(instance) else None)
            files += _data(instance)
        left += _unlinked(files)
    except LockHeld as problem:
        return [*left, f"{problem}."]
    except (KeyStoreError, OSError) as problem:
        left.append(str(problem))
    finally:
        lock.release()
    _remove_empty(instance, [Path(one.where).parent for one in report.places if one.outcome in gone_now])
    return left


def _ended(instance: Instance) -> bool:
    with contextlib.suppress(Failure):  # none runs, or it went before it could answer: the lock tells
        ask(instance, "stop")
    end = time.monotonic() + STOP_SECONDS
    while time.monotonic() < end:
        try:
            if not instance.data_dir.is_dir():
                return True
            with InstanceLock(instance.lock_file):
                return True
        except LockHeld:
            time.sleep(0.1)
    return False


def _unlinked(files: Sequence[Path]) -> list[str]:
    left = []
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as problem:
            left.append(f"{file}: {problem.strerror}.")
    return left


def _remove_empty(instance: Instance, of_browsers: Sequence[Path]) -> None:
    """Take away the folders of ours that are empty now, the lock with its folder where it guards nothing any more."""
    with contextlib.suppress(OSError):
        if [one.name for one in instance.data_dir.iterdir()] == [instance.lock_file.name]:
            instance.lock_file.unlink()
    folders = [instance.log_dir, instance.run_dir, instance.host_dir, instance.data_dir, *of_browsers]
    folders += [one for one in (instance.run_dir.parent, instance.config_file.parent) if one.name == NAME]
    folders += [one.parent for one in of_browsers if one.parent.name == ".mozilla"]
    for folder in (*folders, instance.root):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _data(instance: Instance) -> list[Path]:
    """Return the files of the database and what belongs to it, the person's configuration, and the lock."""
    name = instance.database.name
    found = [*instance.data_dir.glob(f"{name}*"), instance.key_file, instance.lock_file, instance.config_file]
    return sorted({one for one in found if one.is_file()})


def _strangers(instance: Instance) -> Iterator[Path]:
    known = {*_data(instance), *instance.log_dir.glob(f"{FILE_NAME}*")}
    for folder in (instance.data_dir, instance.log_dir):
        if folder.is_dir():
            yield from (one for one in sorted(folder.iterdir()) if one not in known)


def _browsers(instance: Instance) -> list[Place]:
    """Return where browsers find this instance: the usual places, and those connected by a folder of their own."""
    usual = [one for one in places(sys.platform, Path.home(), os.environ) if one.level is Level.USER]
    known = {one.folder for one in usual}
    return [*usual, *(one for one in manifests.noted_places(instance.host_dir) if one.folder not in known)]


def _completions(env: Mapping[str, str]) -> Iterator[Path]:
    """Return the scripts for the Tab key: the person's own, which a further instance that is taken away leaves."""
    if env.get("GLEANWATCH_HOME"):
        return
    from agent.cli.completion import SHELLS, VARIABLE, place

    for shell in SHELLS:
        file = place(shell, env, Path.home())
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if file.is_file() and VARIABLE in file.read_text("utf-8"):
                yield file


def _backend() -> Backend | None:
    from agent.keys.system import system_backend

    return system_backend()
