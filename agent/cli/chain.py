"""Every link of the chain from browser to ledger, tried by using it, for `gleanwatch doctor`.

    extension → browser's manifest → host, started as the browser starts it → relay.sock → agent → store → ledger

Each function yields what it found as `Check`s; one that is broken names the command that mends it. What is tried leaves
nothing behind: over both sockets only `ping` is said, which needs no session and is not counted, and the agent takes
back what it writes (`store/selfcheck.py`). A link that cannot be tried because one before it is broken says so and is
not broken itself: whoever mends the first mends all of them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import select
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final, cast

from agent import __version__
from agent.cli.asking import Failure, NotRunning, ask, follow, running
from agent.model.health import Part
from agent.settings.instance import Instance
from native_host import launcher, manifests
from native_host.browsers import Kind, Place, is_installed
from native_host.frames import Decoder, FrameError, encode
from native_host.manifests import ADDONS, HOST_NAME, ORIGINS, Outcome, PlaceResult

PATIENCE_SECONDS: Final = 10.0
"""How long one answer may take on a busy machine before the link counts as broken."""

INSTALL: Final = "gleanwatch browser install"
RUN: Final = "gleanwatch run"
VERIFY: Final = "gleanwatch ledger verify"
_PING: Final = encode(b'{"v":1,"kind":"ping"}')


class State(StrEnum):
    """How a link is."""

    FINE = "fine"
    NOTE = "note"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    Attributes:
        link: Which link of the chain: settings, extension, browser, host, socket, agent, store or ledger.
        what: What was tried, in a few words.
        state: How it is.
        found: What was found, a sentence without its full stop.
        do: The command that mends it, or what to do where no command can; empty where nothing is to be done.
    """

    link: str
    what: str
    state: State
    found: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the chain runs through; tests give one of their own.

    Attributes:
        instance: The instance.
        uid: Who asks.
        system: As `sys.platform`.
        places: Where browsers look for manifests, for this person and for the whole machine.
        extension: The extension's folder as it came with this program; None where it did not.
        patience: Most seconds that one answer may take.
    """

    instance: Instance
    uid: int
    system: str
    places: Sequence[Place]
    extension: Path | None
    patience: float = PATIENCE_SECONDS


def chain(around: Surroundings) -> Sequence[tuple[str, Callable[[], Iterator[Check]]]]:
    """Return every link with what tries it, in the order of the data's way."""
    return (
        ("Settings", lambda: settings(around)),
        ("Extension", lambda: extension(around.extension)),
        ("Browsers", lambda: browsers(around)),
        ("Host", lambda: host(around)),
        ("Socket", lambda: relay_socket(around)),
        ("Agent", lambda: agent(around)),
        ("Store and ledger", lambda: store_and_ledger(around)),
    )


def settings(around: Surroundings) -> Iterator[Check]:
    """Policy and configuration are read as the agent reads them."""
    from agent.opening import StartError, read_rules

    try:
        rules = read_rules(around.instance)
    except StartError as problem:
        files = f"{around.instance.policy_file}, {around.instance.config_file}"
        yield Check("settings", "policy and configuration", State.BROKEN, _sentence(problem), f"Correct it in {files}")
        return
    root = around.instance.root
    yield Check("settings", "policy and configuration", State.FINE, f"{rules.mode.value} mode, everything below {root}")


def extension(folder: Path | None) -> Iterator[Check]:
    """The extension's folder: its manifest can be read, names files that are there, and has the id that we let in."""
    if folder is None:
        found = "this installation came without the extension"
        yield Check("extension", "folder", State.NOTE, found, "Get it from the browser's store or your organisation")
        return
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        named = [manifest["background"]["service_worker"], manifest["action"]["default_popup"]]
        named += list(manifest["icons"].values())
        chromium = extension_origin(manifest["key"])
        firefox = manifest["browser_specific_settings"]["gecko"]["id"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        found = f"its manifest in {folder} cannot be used ({type(problem).__name__})"
        yield Check("extension", "manifest", State.BROKEN, found, _REINSTALL)
        return
    if missing := [name for name in named if not (folder / str(name)).is_file()]:
        found = f"files are missing in {folder}: {', '.join(missing)}"
        yield Check("extension", "files", State.BROKEN, found, _REINSTALL)
    if chromium not in ORIGINS or firefox not in ADDONS:
        found = "its id is not the one that the host lets in, so every browser would be turned away"
        yield Check("extension", "id", State.BROKEN, found, _REINSTALL)
    elif not missing:
        yield Check("extension", "folder", State.FINE, f"version {manifest.get('version')}, {folder}")


_REINSTALL: Final = "pipx reinstall gleanwatch"


def extension_origin(key: str) -> str:
    """Return the origin that Chromium gives an extension with this public key (base64 of its DER form)."""
    digest = hashlib.sha256(base64.b64decode(key, validate=True)).hexdigest()[:32]
    return f"chrome-extension://{''.join(chr(ord('a') + int(digit, 16)) for digit in digest)}/"


def browsers(around: Surroundings) -> Iterator[Check]:
    """Every browser that is installed: its manifest is there, is ours, and names a launcher that can be started."""
    instance = around.instance
    if around.system == "win32":
        yield Check("browser", "all", State.NOTE, "the relay does not run on Windows yet: pages are not seen")
        return
    try:
        report = manifests.status(
            instance.host_dir,
            instance.relay_socket,
            around.places,
            extra_callers=further_callers(instance.host_dir / launcher.NAME),
            system=around.system,
        )
    except ValueError as problem:
        yield Check("browser", "all", State.BROKEN, _sentence(problem), "Set GLEANWATCH_HOME to a shorter folder")
        return
    installed = {place.browser for place in around.places if is_installed(place)}
    known = {
        title: [r for r in report.places if r.title == title and r.browser in installed] for title in _titles(report)
    }
    shown = {title: results for title, results in known.items() if results}
    if not shown:
        yield Check("browser", "all", State.NOTE, "no browser that we know is installed here, so no page is seen")
        return
    yield from _launcher(report.launcher)
    for title, results in shown.items():
        yield _manifest(title, results)


def further_callers(program: Path) -> Sequence[str]:
    """Return whom `browser install` was told to let in besides our own extension: the launcher is the record of it."""
    try:
        text = program.read_text("utf-8", "replace")
    except OSError:
        return ()
    found = re.findall(
        r"chrome-extension://[a-p]{32}/|(?<=')(?:[A-Za-z0-9._-]*@[A-Za-z0-9._-]+|\{[0-9A-Fa-f-]{36}\})(?=')", text
    )
    return [name for name in dict.fromkeys(found) if name not in (*ORIGINS, *ADDONS)]


def _titles(report: manifests.Report) -> Iterable[str]:
    return dict.fromkeys(result.title for result in report.places)


def _launcher(found: PlaceResult) -> Iterator[Check]:
    what = "launcher"
    match found.outcome:
        case Outcome.UNCHANGED if os.access(found.where, os.X_OK):
            yield Check("host", what, State.FINE, found.where)
        case Outcome.UNCHANGED:
            do = shlex.join(["chmod", "755", found.where])
            yield Check("host", what, State.BROKEN, f"{found.where} may not be started", do)
        case Outcome.ABSENT:
            yield Check(
                "host", what, State.BROKEN, f"{found.where} is not there: browsers find nothing to start", INSTALL
            )
        case Outcome.OUTDATED:
            yield Check("host", what, State.BROKEN, f"{found.where} is not what this release writes", INSTALL)
        case _:
            yield Check("host", what, State.BROKEN, _sentence(found.detail), INSTALL)


def _manifest(title: str, results: Sequence[PlaceResult]) -> Check:
    """Judge one browser by the best of the places that it looks into."""
    good = next((r for r in results if r.outcome is Outcome.UNCHANGED), None)
    if good is not None and good.caveat:
        return Check("browser", title, State.NOTE, f"registered, but shut in: {_sentence(good.caveat)}")
    if good is not None:
        return Check("browser", title, State.FINE, f"registered in {good.where}")
    bad = next((r for r in results if r.outcome not in (Outcome.ABSENT, Outcome.SKIPPED)), None)
    if bad is None:
        where = results[0].where
        return Check("browser", title, State.BROKEN, f"has no manifest {where}: it cannot reach the agent", INSTALL)
    if bad.outcome is Outcome.OUTDATED:
        found = f"its manifest {bad.where} does not name this release's host and extension"
        return Check("browser", title, State.BROKEN, found, INSTALL)
    if bad.outcome is Outcome.FOREIGN:
        aside = shlex.join(["mv", bad.where, f"{bad.where}.old"])
        return Check("browser", title, State.BROKEN, f"{bad.where}: {_sentence(bad.detail)}", f"{aside} && {INSTALL}")
    return Check("browser", title, State.BROKEN, f"{bad.where}: {_sentence(bad.detail)}", INSTALL)


def host(around: Surroundings) -> Iterator[Check]:
    """Start the host as each kind of browser does, and speak with it over its pipes."""
    if around.system == "win32":
        return
    for kind, words in commands(around):
        yield _started(kind, words, around)


def commands(around: Surroundings) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield how browsers start the host, read from the manifests that they read: once for each way.

    Chromium passes the extension's origin first, Firefox the manifest's path and then the add-on's id.
    """
    seen: set[tuple[Kind, str]] = set()
    for place in around.places:
        if place.folder is None or not is_installed(place):
            continue
        file = place.folder / f"{HOST_NAME}.json"
        try:
            manifest: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
            program = str(manifest["path"])
            callers = manifest["allowed_origins" if place.kind is Kind.CHROMIUM else "allowed_extensions"]
            words = [program, str(callers[0])] if place.kind is Kind.CHROMIUM else [program, str(file), str(callers[0])]
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            continue  # said of its browser already
        # Another program that has our name was said of its browser already; it is not for us to start it.
        if program == str(around.instance.host_dir / launcher.NAME) and (place.kind, program) not in seen:
            seen.add((place.kind, program))
            yield f"started as {place.title} does", words


def _started(what: str, words: Sequence[str], around: Surroundings) -> Check:
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A browser is started from a desktop, not from this shell: nothing of this environment may be needed.
            env={"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")},
            cwd="/",
        )
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        return Check("host", what, State.BROKEN, f"{words[0]} cannot be started ({why})", INSTALL)
    with process:
        to, back = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        try:
            first, answered = _spoken(to.fileno(), back.fileno(), around.patience)
        finally:
            to.close()  # how a browser ends it
            try:
                process.wait(around.patience)
            except subprocess.TimeoutExpired:
                process.kill()
    if first is None:
        said = f"it ended with status {process.returncode}" if process.returncode else "it said nothing"
        return Check("host", what, State.BROKEN, f"it was started and does not answer: {said}", INSTALL)
    if answered:
        return Check("host", what, State.FINE, "it starts, and the agent answers through it")
    reason = str(first.get("reason", ""))
    if first.get("up"):
        return Check("host", what, State.BROKEN, "it reached the agent, which did not answer in time", RUN)
    if reason == "refused":
        found = "it starts and answers, but does not trust the socket's folder: see the socket"
        return Check("host", what, State.NOTE, found)
    return Check("host", what, State.FINE, "it starts and answers; it says that no agent runs")


def _spoken(to: int, back: int, patience: float) -> tuple[Mapping[str, Any] | None, bool]:
    """Ping over the host's pipes; return its first message and whether an agent answered the ping behind it."""
    decoder, first, end = Decoder(), None, time.monotonic() + patience
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([back], [], [], left)
        if not ready or not (piece := os.read(back, 65_536)):
            break
        try:
            messages = [json.loads(body) for body in decoder.feed(piece)]
        except (FrameError, ValueError):
            break
        for message in messages:
            if first is None:
                first = message
                if not message.get("up"):
                    return first, False
                try:
                    os.write(to, _PING)
                except OSError:
                    return first, False
            if message.get("kind") == "pong":
                return first, True
    return first, False


def relay_socket(around: Surroundings) -> Iterator[Check]:
    """Connect to the socket that the host connects to, with the same distrust, and have a ping answered."""
    from agent.link.local_socket import SocketError, check_folder, peer_uid

    path = around.instance.relay_socket
    what = str(path)
    if around.system == "win32" or sys.platform == "win32":
        yield Check("socket", what, State.NOTE, "there is none on Windows yet")
        return
    mend = shlex.join(["chmod", "700", str(path.parent)])
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(around.patience)
        check_folder(path.parent, around.uid)
        link.connect(str(path))
        if peer_uid(link) not in (None, around.uid):
            yield Check("socket", what, State.BROKEN, "another user's program listens there", f"rm '{path}' && {RUN}")
            return
        link.sendall(_PING)
        answered = b'"pong"' in link.recv(65_536)
    except (FileNotFoundError, ConnectionRefusedError):
        yield Check("socket", what, State.NOTE, "nobody listens there: see the agent")
        return
    except SocketError as problem:
        gone = not path.parent.exists()
        state = State.NOTE if gone else State.BROKEN
        yield Check(
            "socket", what, state, "its folder is not there yet" if gone else _sentence(problem), "" if gone else mend
        )
        return
    except TimeoutError:
        yield Check("socket", what, State.BROKEN, "somebody listens there and does not answer", RUN)
        return
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        yield Check("socket", what, State.BROKEN, f"it cannot be used ({why})", mend)
        return
    finally:
        link.close()
    if answered:
        yield Check("socket", what, State.FINE, "the agent answers, and only you can reach it")
    else:
        yield Check("socket", what, State.BROKEN, "what listens there is not this agent", RUN)


def agent(around: Surroundings) -> Iterator[Check]:
    """Ask the agent over its control socket: release, gates, every part of its health, browsers."""
    try:
        told = list(follow(around.instance, "status", patience=around.patience))[-1]
    except NotRunning:
        yield Check("agent", "running", State.BROKEN, "no agent runs: nothing is watched", RUN)
        return
    except Failure as problem:
        yield Check("agent", "running", State.BROKEN, _sentence(problem.message), RUN)
        return
    if told["version"] == __version__:
        yield Check("agent", "running", State.FINE, f"release {told['version']}, {told['mode']} mode")
    else:
        found = f"it is release {told['version']}, this program is {__version__}"
        yield Check(
            "agent", "running", State.BROKEN, found, f"End it (Ctrl-C, or: gleanwatch service status), then: {RUN}"
        )
    if told["paused_until"] is not None:
        yield Check("agent", "pause", State.NOTE, "you paused watching", "gleanwatch consent resume")
    for gate in told["gates"]:
        if gate["reason"] in _ASKS:
            yield Check("agent", gate["purpose"], State.NOTE, "it waits for your answer", "gleanwatch consent review")
    on = [browser for browser in told["browsers"] if browser["connected"]]
    for browser in on:
        missing = ", ".join(browser["missing"])
        found = f"hides {missing} from the extension" if missing else "connected"
        do = "Allow these sites again in the browser's settings of the extension" if missing else ""
        yield Check("agent", browser["browser"], State.NOTE if missing else State.FINE, found, do)
    for part in told["health"]:
        if part["condition"] != "working":
            found = " ".join(filter(None, (f"{part['how']}.", part["missed"]))).rstrip(".")
            # A notice on the desktop comes by page, pop-up and terminal too.
            gone = part["condition"] == "failed" and part["part"] != Part.DESKTOP
            yield Check(
                "agent", part["part"], State.BROKEN if gone else State.NOTE, found, part["action"] or RUN * gone
            )


_ASKS: Final = frozenset({"notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"})


def store_and_ledger(around: Surroundings) -> Iterator[Check]:
    """Have the database written, read and checked by whoever holds it, and the newest entry of the ledger proved."""
    instance = around.instance
    if not instance.database.exists():
        yield Check("store", "database", State.NOTE, "nothing is kept yet: it begins with the first start")
        return
    try:
        if running(instance):
            # Reading every page of a large database takes its time, and says nothing meanwhile.
            answers = list(follow(instance, "selfcheck", patience=60 * around.patience))
        else:
            told = ask(instance, "selfcheck")
            answers = [*told.items, told.result]
    except Failure as problem:
        yield Check("store", "database", State.BROKEN, _sentence(problem.message), mend_of(problem.message))
        return
    for tried in answers[:-1]:
        state = State.BROKEN if not tried["ok"] else State.NOTE if tried["scarce"] else State.FINE
        yield Check("store", tried["what"], state, tried["said"], tried["do"])
    proof = answers[-1]
    state = State.FINE if proof["ok"] else State.BROKEN
    yield Check("ledger", "newest proof", state, _sentence(proof["said"]), "" if proof["ok"] else VERIFY)


def mend_of(said: str) -> str:
    """Return the command that a message ends with, as all of ours do: «… to begin a new one: gleanwatch run»."""
    _, found, command = said.rpartition(": gleanwatch ")
    return f"gleanwatch {command.rstrip('.')}" if found else "gleanwatch status"


def _sentence(said: object) -> str:
    """Return a message without its full stop, since a sentence goes on around it."""
    return str(said).strip().rstrip(".")
