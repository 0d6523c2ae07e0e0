"""The launcher: the small script that a browser starts, and the private copy of the relay that it runs.

    <host folder>/gleanwatch_native_host        the launcher: interpreter, socket, allowed callers, release, as literals
    <host folder>/lib-<hash>/native_host/*.py   the relay's files, in a folder named by their content

A moved or updated checkout cannot break a browser's connection: the copy stands by itself, an update writes a new
folder first and then replaces the launcher by name, and the copy that a running relay came from stays until the next
update. Nothing is read from the environment, because the browser's environment is handed on to us whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from native_host import __version__
from native_host.own_files import read_plain, write_whole

NAME = "gleanwatch_native_host"
MARKER = b"# Written by Gleanwatch's installer"
SOURCES = ("__init__.py", "frames.py", "agent_socket.py", "copying.py", "relay.py")
OLDEST_PYTHON = (3, 9)

_SHEBANG_LIMIT = 127  # Linux before 5.1 cut longer first lines off
_PROBE = "import sys, _socket, select; select.poll; print('%d %d' % sys.version_info[:2])"
_COPY = re.compile(rb"lib-[0-9a-f]{16}")


class LauncherError(Exception):
    """The launcher could not be written; the text says why and what to do."""


def choose_python(system: str, candidates: Sequence[Path] | None = None) -> Path:
    """Return the interpreter that starts fastest and stays: the system's own, else the one below this environment.

    Never a version manager's shim (it costs 200 ms and more at every start), and on macOS never /usr/bin/python3, which
    may be a stub that asks the person to install developer tools.

    Args:
        system: As `sys.platform` names it.
        candidates: Tried in order; None for the usual ones.

    Raises:
        LauncherError: None of them works.
    """
    if candidates is None:
        base = Path(getattr(sys, "_base_executable", "") or sys.executable)
        candidates = (base,) if system == "darwin" else (Path("/usr/bin/python3"), base)
    for python in candidates:
        if python.is_absolute() and "shims" not in python.parts and _works(python):
            return python
    raise LauncherError(
        "No Python of version 3.9 or later was found that the browser could start. Install your system's python3."
    )


def render(python: Path, library: Path, relay_socket: Path, allowed: Sequence[str]) -> bytes:
    """Return the launcher's text.

    Paths are written as ASCII literals of their bytes, so that spaces, quotes, other scripts and the locale of the
    browser make no difference.
    """
    interpreter = os.fsencode(python)
    first = b"#!%b -IS" % interpreter
    if re.fullmatch(rb"[A-Za-z0-9/._+@-]+", interpreter) and len(first) <= _SHEBANG_LIMIT:
        return b"%b\n%b; do not edit.\n%b" % (first, MARKER, _code("sys.argv", library, relay_socket, allowed))
    # The first line cannot hold such a path: the shell starts the interpreter, with the same code as an argument.
    code = shlex.quote(_code("sys.argv[1:]", library, relay_socket, allowed).decode("ascii")).encode("ascii")
    word = b"'%b'" % interpreter.replace(b"'", b"'\\''")
    return b'#!/bin/sh\n%b; do not edit.\nexec %b -IS -c %b "$0" "$@"\n' % (MARKER, word, code)


def _code(argv: str, library: Path, relay_socket: Path, allowed: Sequence[str]) -> bytes:
    return f"""\
import sys
library = {os.fsencode(library)!r}
sys.path.insert(0, library.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()))
from native_host.relay import main
main({argv}, {os.fsencode(relay_socket)!r}, {tuple(allowed)!a}, {__version__!a})
""".encode("ascii")


def write(host_dir: Path, relay_socket: Path, allowed: Sequence[str], python: Path) -> bool:
    """Bring the launcher and the relay's copy up to date; tell whether anything changed.

    Raises:
        LauncherError: A file that is not ours is in the way, or the copy does not run.
        OSError: A file could not be written.
    """
    launcher = host_dir / NAME
    before = _read_ours(launcher)
    host_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    sources = {name: (Path(__file__).parent / name).read_bytes() for name in SOURCES}
    library = host_dir / _library_name(sources)
    if any(read_plain(library / "native_host" / name) != content for name, content in sources.items()):
        _copy(library, sources)
    _try_out(python, library)
    text = render(python, library, relay_socket, allowed)
    changed = text != before
    if changed:
        write_whole(launcher, text, 0o755)
        _sweep(host_dir, keep=(library.name.encode(), *_COPY.findall(before or b"")))
    return changed


def is_current(host_dir: Path, relay_socket: Path, allowed: Sequence[str], python: Path) -> bool | None:
    """Tell whether what `write` would write is there already; None when there is no launcher at all.

    Raises:
        LauncherError: The file in the launcher's place is not ours.
    """
    before = _read_ours(host_dir / NAME)
    if before is None:
        return None
    sources = {name: (Path(__file__).parent / name).read_bytes() for name in SOURCES}
    library = host_dir / _library_name(sources)
    whole = all(read_plain(library / "native_host" / name) == content for name, content in sources.items())
    return whole and before == render(python, library, relay_socket, allowed)


def remove(host_dir: Path) -> bool:
    """Take the launcher and every copy of the relay away, and the folder when nothing else is in it.

    Returns:
        Whether there was anything.

    Raises:
        LauncherError: The file in the launcher's place is not ours.
        OSError: A file could not be removed.
    """
    launcher = host_dir / NAME
    there = _read_ours(launcher) is not None
    if there:
        launcher.unlink()
    if host_dir.is_dir():
        _sweep(host_dir, keep=())
        if not any(host_dir.iterdir()):
            host_dir.rmdir()
    return there


def _read_ours(launcher: Path) -> bytes | None:
    try:
        content = read_plain(launcher)
    except OSError as problem:
        raise LauncherError(f"{launcher} is not a plain file: {problem.strerror}. Move it away.") from None
    if content is not None and MARKER not in content:
        raise LauncherError(f"{launcher} was not written by Gleanwatch. Move it away, then try again.")
    return content


def _library_name(sources: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sources.items():
        digest.update(b"%b %d\n" % (name.encode(), len(content)))
        digest.update(content)
    return f"lib-{digest.hexdigest()[:16]}"


def _copy(library: Path, sources: dict[str, bytes]) -> None:
    """Write the relay's files; nothing starts from them before the launcher names their folder."""
    package = library / "native_host"
    for folder in (library, package):
        folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in sources.items():
        write_whole(package / name, content, 0o644)


def _try_out(python: Path, library: Path) -> None:
    """Import the copy once: shows that it runs, and leaves it compiled, which the first start would have to pay for."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import native_host.copying, native_host.relay"
    try:
        done = subprocess.run(
            [python, "-IS", "-c", code, library], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise LauncherError(f"{python} could not be started. Install your system's python3.") from None
    if done.returncode:
        raise LauncherError(f"The relay does not run with {python}. Install your system's python3, 3.9 or later.")


def _works(python: Path) -> bool:
    try:
        done = subprocess.run(
            [python, "-IS", "-c", _PROBE], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    words = done.stdout.split()
    return done.returncode == 0 and len(words) == 2 and (int(words[0]), int(words[1])) >= OLDEST_PYTHON


def _sweep(host_dir: Path, keep: Sequence[bytes]) -> None:
    """Remove copies of the relay that no launcher names any more."""
    for entry in host_dir.iterdir():
        name = os.fsencode(entry.name)
        if _COPY.fullmatch(name) and not entry.is_symlink() and name not in keep:
            shutil.rmtree(entry)
