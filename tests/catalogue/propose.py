"""`make candidates`: which installed packages say of themselves that they collect, and are not in the catalogue yet.

    python -m tests.catalogue.propose --site FOLDER    a Python environment, or its site-packages
    python -m tests.catalogue.propose --node FOLDER    a node_modules folder
    python -m tests.catalogue.propose --debian         the Debian packages of this machine

Installed metadata → the detection's own judgement of it (`identify/package.py`, `identify/own_words.py`) → a
`Candidate` for whatever speaks of collecting and the catalogue lacks → a YAML entry on standard output, the surest
first. A person reads it, looks at the project, writes what it collects in their own words and puts it in a file of
`agent/content/catalogue/` (docs/adding-a-tool.md). Nothing is written here, and nothing is asked of a network.
"""

from __future__ import annotations

import argparse
import configparser
import datetime
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.content.catalogue import Catalogue, load_catalogue
from agent.detection.identify.debian import read_stanza
from agent.detection.identify.folders import Distributions, read_head, sites_of
from agent.detection.identify.own_words import Capability, Said
from agent.detection.identify.own_words import capability as judged
from agent.detection.identify.package import SelfDescription, capability, describe

Ecosystem = Literal["pypi", "npm", "debian"]
ENGINES = frozenset({"drives", "fetches"})
"""What general-purpose libraries do: such a candidate is proposed as an engine, which never decides a flag."""
PROGRAM_FOLDERS = ("/usr/bin/", "/usr/games/", "/usr/sbin/")
MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Candidate:
    """One installed package that the catalogue lacks.

    Attributes:
        ecosystem: Where it comes from.
        name: Its package name.
        said: What it says of itself.
        found: What the detection makes of that.
        executables: Base names of its commands.
        imports: Names by which programs import it.
    """

    ecosystem: Ecosystem
    name: str
    said: str
    found: Capability
    executables: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def python_candidates(folder: Path, catalogue: Catalogue) -> Iterator[Candidate]:
    """Yield the candidates among the distributions of an environment or of one site-packages folder."""
    for site in sites_of(folder) or [folder]:
        for name, metadata in sorted(Distributions().names(site).items()):
            said = describe("pypi", str(metadata)) if catalogue.by_pypi(name) is None else None
            found = capability(said) if said is not None else None
            if said is None or found is None:
                continue
            modules = tuple(read_head(str(metadata / "top_level.txt")).split()[:5])
            yield Candidate(
                "pypi", name, _words(said), found, _console_scripts(metadata), modules or _modules(metadata)
            )


def node_candidates(folder: Path, catalogue: Catalogue) -> Iterator[Candidate]:
    """Yield the candidates among the packages of a node_modules folder, scoped ones included."""
    for package in _node_packages(folder):
        name = f"{package.parent.name}/{package.name}" if package.parent.name.startswith("@") else package.name
        said = describe("npm", str(package)) if catalogue.by_npm(name) is None else None
        found = capability(said) if said is not None else None
        if said is not None and found is not None:
            yield Candidate("npm", name, _words(said), found, _bin(package, name), (name,))


def debian_candidates(info: Path, status: Path, catalogue: Catalogue) -> Iterator[Candidate]:
    """Yield the candidates among the installed Debian packages that bring a command.

    Args:
        info: The package manager's folder of `*.list` files.
        status: Its file of installed packages with their descriptions.
        catalogue: What is known already.
    """
    for paragraph in status.read_text("utf-8", "replace").split("\n\n"):
        name = paragraph.partition("\n")[0].removeprefix("Package: ")
        if not paragraph.startswith("Package: ") or catalogue.by_debian(name) is not None:
            continue
        package = read_stanza(name, paragraph)
        found = judged(Said(name.replace("-", " "), package.summary, package.keywords, package.about))
        programs = _programs(info, name) if found is not None else ()
        if found is not None and programs:
            yield Candidate("debian", name, package.summary, found, programs)


def stub(candidate: Candidate, today: datetime.date) -> str:
    """Return a candidate as an entry in the catalogue's form, with what a person must still say in comments.

    The package's own words stand in a comment only: `collects` is written by a person.
    """
    found = candidate.found
    role = "engine" if found.does in ENGINES else "collector"
    kinds: dict[str, str] = {candidate.ecosystem: "debian" if candidate.ecosystem == "debian" else "installed"}
    kinds |= {"executables": "installed"} if candidate.executables else {}
    kinds |= {"imports": "installed"} if candidate.imports else {}
    because = ", ".join([*found.words, *(f"built on {library}" for library in found.libraries)])
    lines = [
        f"# It says: {candidate.said[:200]}",
        f"# Proposed because of: {because} (weight {found.weight:.2f}). Is it made for collecting? Of which platforms?",
        f"- id: {candidate.name.lstrip('@').replace('/', '-').replace('_', '-').replace('.', '-').lower()}",
        f"  name: {json.dumps(candidate.name)}",
        f"  family: {found.family}",
        f"  role: {role}",
        '  homepage: ""  # the project\'s own page or source repository, https',
        '  collects: ""  # one sentence of your own, with a capital and a full stop',
        f"  {candidate.ecosystem}: {json.dumps([candidate.name])}",
    ]
    lines += [f"  executables: {json.dumps(candidate.executables)}"] if candidate.executables else []
    lines += [f"  imports: {json.dumps(candidate.imports)}"] if candidate.imports else []
    lines.append(f"  bulk: {'never' if role == 'engine' else 'always'}  # or modes, with the flags that ask for many")
    lines += ['  quiet: ["--help", "-h", "--version"]'] if candidate.executables else []
    lines += ["  techniques: [T1119, OAT-011]"] if role == "collector" else []
    lines.append("  verified: {" + ", ".join(f"{kind}: {how}" for kind, how in kinds.items()) + "}")
    lines.append("  source: metadata of the installed package")
    lines.append(f"  date: {today.isoformat()}")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str], today: datetime.date) -> int:
    """Print what the chosen places propose; 0 even when it is nothing, 2 on misuse."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.catalogue.propose", description="Proposes catalogue entries."
    )
    parser.add_argument("--site", type=Path, action="append", default=[], help="a Python environment or site-packages")
    parser.add_argument("--node", type=Path, action="append", default=[], help="a node_modules folder")
    parser.add_argument("--debian", action="store_true", help="the Debian packages of this machine")
    chosen = parser.parse_args(arguments)
    if not (chosen.site or chosen.node or chosen.debian):
        parser.error("say where to look: --site FOLDER, --node FOLDER or --debian")
    for place in [*chosen.site, *chosen.node]:
        if not place.is_dir():
            parser.error(f"{place} is no folder that can be read")
    catalogue = load_catalogue()
    found = [one for place in chosen.site for one in python_candidates(place, catalogue)]
    found += [one for place in chosen.node for one in node_candidates(place, catalogue)]
    if chosen.debian:
        found += debian_candidates(Path("/var/lib/dpkg/info"), Path("/var/lib/dpkg/status"), catalogue)
    found.sort(key=lambda one: (-one.found.weight, one.ecosystem, one.name))
    sys.stdout.write("\n".join(stub(one, today) for one in found[:MOST_SHOWN]))
    sys.stderr.write(f"{len(found)} candidates that the catalogue lacks; nothing was written.\n")
    return 0


def _words(said: SelfDescription) -> str:
    return " ".join((said.summary or said.about).split())


def _console_scripts(metadata: Path) -> tuple[str, ...]:
    """Return the commands that a distribution declares (packaging.python.org, entry points)."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of commands keep their case
    try:
        parser.read_string(read_head(str(metadata / "entry_points.txt")))
    except configparser.Error:
        return ()
    return tuple(parser["console_scripts"])[:8] if parser.has_section("console_scripts") else ()


def _modules(metadata: Path) -> tuple[str, ...]:
    """Return the top-level modules that the list of installed files names, where `top_level.txt` is missing."""
    files = (line.split(",", 1)[0] for line in read_head(str(metadata / "RECORD"), 65_536).splitlines())
    tops = {name.split("/", 1)[0] for name in files if name.endswith("/__init__.py")}
    return tuple(sorted(top for top in tops if top.isidentifier() and top not in ("tests", "test", "docs")))[:5]


def _node_packages(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name.startswith("@") and entry.is_dir():
            yield from sorted(Path(entry.path).iterdir())
        elif entry.is_dir() and not entry.name.startswith("."):
            yield Path(entry.path)


def _bin(package: Path, name: str) -> tuple[str, ...]:
    """Return the commands of a Node package: `bin` names one after the package, or several (package.json)."""
    try:
        data = json.loads(read_head(str(package / "package.json"), 262_144))
    except (ValueError, RecursionError):
        return ()
    commands = data.get("bin") if isinstance(data, dict) else None
    if isinstance(commands, str):
        return (name.rpartition("/")[2],)
    return tuple(commands)[:8] if isinstance(commands, dict) else ()


def _programs(info: Path, name: str) -> tuple[str, ...]:
    found: set[str] = set()
    for path in (info / f"{name}.list", *info.glob(f"{name}:*.list")):
        for line in read_head(str(path), 1_048_576).splitlines():
            found.update(line.removeprefix(folder) for folder in PROGRAM_FOLDERS if line.startswith(folder))
    return tuple(sorted(one for one in found if one and "/" not in one))[:8]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], datetime.datetime.now(tz=datetime.UTC).date()))
