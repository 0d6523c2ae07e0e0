"""Installing what a case needs, once: Debian packages, a virtual environment, node modules, its own files.

`prepare` returns an empty string, or what is missing in words. A mark beside each environment says what was installed,
so that the next run finds it ready. It runs before the isolation is entered, since it needs the package registries.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.corpus.case import Case, filled, short
from tests.corpus.certificates import Authority
from tests.corpus.places import Places, places, values

PATIENCE = 900.0
"""Seconds one installation may take."""


def prepare(case: Case, cache: Path, authority: Authority, *, install_debian: bool) -> str:
    """Make a case ready to run.

    Args:
        case: What to make ready.
        cache: Where everything is kept.
        authority: Whose certificate the environment's programs are to trust.
        install_debian: Whether missing Debian packages may be installed.

    Returns:
        What is missing; empty when it is ready.
    """
    where = places(cache, case)
    needs = [case.pip, case.npm, case.apt, case.setup, case.files, case.layout]
    mark = where.state / f"ready-{short(json.dumps(needs, sort_keys=True))}"
    if mark.exists() and (case.pip is None or where.python.exists()):
        return ""
    for folder in (where.folder, where.temporary, where.state, where.home / ".config", where.home / ".local/bin"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        _debian(case, install_debian)
        _python(case, where, authority)
        _node(case, where)
        write_files(case, where, values(where, where.home))
        _setup(case, where)
    except subprocess.CalledProcessError as problem:
        return f"{' '.join(map(str, problem.cmd))[:120]}: {str(problem.output)[-400:]}"
    except subprocess.TimeoutExpired as problem:
        return f"{str(problem.cmd)[:120]}: took longer than {PATIENCE:.0f} s"
    except LookupError as problem:
        return str(problem)
    mark.touch()
    return ""


def write_files(case: Case, where: Places, known: dict[str, str]) -> None:
    """Write the case's own files, with what is known of the placeholders filled in."""
    for name, body in case.files.items():
        path = where.folder / filled(name, known)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(body, known), "utf-8")
        if body.startswith("#!"):
            path.chmod(0o755)


def _run(command: list[str | Path], cwd: Path | None = None, **more: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(
        command,
        cwd=cwd,
        env={**env, **_NO_DOWNLOADS, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=PATIENCE,
    )


_NO_DOWNLOADS = dict.fromkeys(
    ("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "PUPPETEER_SKIP_DOWNLOAD", "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD"), "1"
)


def _debian(case: Case, install: bool) -> None:
    missing = [name for name in case.apt or [] if not _has_debian(name)]
    if missing and install:
        command: list[str | Path] = ["apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "-y", "-q"]
        _run([*command, "--no-install-recommends", *missing], DEBIAN_FRONTEND="noninteractive")
        missing = [name for name in missing if not _has_debian(name)]
    if missing:
        raise LookupError(f"missing Debian packages: {' '.join(missing)} (--apt-install brings them)")


def _has_debian(name: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f=${Status}", name], capture_output=True, text=True, check=False, timeout=60
    )
    return "install ok installed" in asked.stdout


def _python(case: Case, where: Places, authority: Authority) -> None:
    if case.pip is None:
        return
    done = where.venv / f".ready-{short(json.dumps(case.pip))}"
    if done.exists():
        return
    installer: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if case.layout == "user":
        version = subprocess.run(
            ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        target = where.home / f".local/lib/python{version}/site-packages"
        alike = ["--python-version", version, "--only-binary=:all:"]
        _run([*installer, "install", "-q", *alike, "--target", target, *case.pip])
    else:
        if not where.python.exists():
            base = getattr(sys, "_base_executable", sys.executable)
            _run([base, "-m", "venv", "--without-pip", where.venv])
        if case.pip:
            _run([*installer, "--python", where.python, "install", "-q", *case.pip])
    authority.trust_in(where.venv)
    for name in case.bins:
        link = where.home / ".local/bin" / name
        if not link.is_symlink():
            link.symlink_to(where.venv / "bin" / name)
    done.parent.mkdir(parents=True, exist_ok=True)
    done.touch()


def _node(case: Case, where: Places) -> None:
    if not case.npm:
        return
    done = where.node_folder / "node_modules" / f".ready-{short(json.dumps(case.npm))}"
    if done.exists():
        return
    where.node_folder.mkdir(parents=True, exist_ok=True)
    about = where.node_folder / "package.json"
    if not about.exists():
        about.write_text('{"name": "app", "version": "1.0.0", "private": true}\n', "utf-8")
    _run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *case.npm], cwd=where.node_folder)
    done.touch()


def _setup(case: Case, where: Places) -> None:
    if case.setup:
        path = f"{where.venv / 'bin'}:{os.environ['PATH']}"
        known = values(where, where.home)
        _run(["bash", "-euc", filled(case.setup, known)], cwd=where.folder, HOME=str(where.home), PATH=path)
