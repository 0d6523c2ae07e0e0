"""A small machine on disk to identify processes on: environments with real metadata, scripts, packages.

`machine` builds what pip, pipx and npm leave behind, in a temporary folder; `started` makes the event a sensor would
send; `world` is a detector over the shipped catalogue with a clock and connections that the test sets.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import agent.content
from agent.content.catalogue import Catalogue, load_catalogue
from agent.detection.correlate.rules import Rules
from agent.detection.findings import Detector
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.detection.sigma.parse import parse_in_process
from agent.model.events import Activity, CommandLine, ProcessEnded, ProcessKey, ProcessStarted
from agent.model.findings import Finding

PIP_SCRIPT = (
    "#!{python}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {function}\n"
    "if __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
    "    sys.exit({function}())\n"
)


class Machine:
    """Folders as package managers leave them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"
        self.work.mkdir()

    def environment(self, where: str = "venv") -> Path:
        env = self.root / where
        (env / "lib" / "python3.11" / "site-packages").mkdir(parents=True, exist_ok=True)
        (env / "bin").mkdir(exist_ok=True)
        return env

    def distribution(
        self,
        env: Path,
        name: str,
        *,
        module: str = "",
        summary: str = "",
        needs: tuple[str, ...] = (),
        top_level: bool = True,
    ) -> Path:
        site = env / "lib" / "python3.11" / "site-packages"
        module = module or name.replace("-", "_")
        (site / module).mkdir(exist_ok=True)
        (site / module / "__init__.py").write_text("")
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        requires = "".join(f"Requires-Dist: {need}>=1\n" for need in needs)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nSummary: {summary}\n{requires}\nlong text"
        )
        (info / "RECORD").write_text(f"{module}/__init__.py,,\n{info.name}/METADATA,,\n")
        if top_level:
            (info / "top_level.txt").write_text(module + "\n")
        return info

    def console_script(self, env: Path, name: str, module: str, function: str = "main") -> Path:
        script = env / "bin" / name
        script.write_text(PIP_SCRIPT.format(python=env / "bin" / "python", module=module, function=function))
        return script

    def script(self, name: str, text: str) -> Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def node_package(self, name: str, description: str = "", needs: tuple[str, ...] = (), bin_name: str = "") -> Path:
        folder = self.work / "node_modules" / name
        folder.mkdir(parents=True)
        dependencies = ", ".join(f'"{need}": "^1"' for need in needs)
        (folder / "package.json").write_text(
            f'{{"name": "{name}", "description": "{description}", "dependencies": {{{dependencies}}}}}'
        )
        (folder / "cli.js").write_text("require('./main')()\n")
        bins = self.work / "node_modules" / ".bin"
        bins.mkdir(exist_ok=True)
        link = bins / (bin_name or name.rsplit("/", maxsplit=1)[-1])
        link.symlink_to(folder / "cli.js")
        return link


@dataclass
class Time:
    at: int = 1_800_000_000_000

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000


@dataclass
class Sockets:
    of: dict[ProcessKey, dict[str, int]] = field(default_factory=dict)

    activities: dict[ProcessKey, Activity] = field(default_factory=dict)

    def activity_of(self, key: ProcessKey) -> Activity:
        platforms = self.of.get(key, {})
        return self.activities.get(key, Activity(opened=sum(platforms.values()), platforms=platforms))


@dataclass
class Tree:
    above: dict[int, tuple[str, ...]] = field(default_factory=dict)
    agents_own: set[int] = field(default_factory=set)

    def ancestors(self, pid: int) -> tuple[str, ...]:
        return self.above.get(pid, ())

    def above_agent(self, pid: int) -> bool:
        return pid in self.agents_own


RULES_FOLDER = Path(agent.content.__file__).parent / "rules"
RULES = parse_in_process(RULES_FOLDER)


class World:
    """A detector with everything around it that a test may set."""

    def __init__(self, identifier: Identifier, cwd: Path) -> None:
        self.cwd = cwd
        self.time = Time()
        self.sockets = Sockets()
        self.tree = Tree()
        self.identifier = identifier
        self._pids = itertools.count(1000)
        ids = itertools.count(1)
        self.detector = Detector(
            identifier.identify,
            self.sockets,
            self.tree,
            self.time,
            lambda: f"f{next(ids)}",
            hold_ms=24 * 3_600_000,
            refine=identifier.refine,
            recognise=identifier.installed,
            judge=Rules(RULES),
            package_of=identifier.package_of,
            plain=identifier.plain,
        )

    def event(
        self, *argv: str, exe: str = "", parent: int = 1, name: str = "", cwd: Path | None = None
    ) -> ProcessStarted:
        key = ProcessKey(next(self._pids), self.time.at)
        command = CommandLine(tuple(str(arg) for arg in argv), exe or argv[0], str(cwd or self.cwd))
        return ProcessStarted(key, parent, name or Path(argv[0]).name[:15], command, self.time.at)

    async def start(self, *argv: str, **more: object) -> list[Finding]:
        return await self.detector.started(self.event(*argv, **more))  # type: ignore[arg-type]

    def end(self, event: ProcessStarted) -> list[Finding]:
        return self.detector.ended(ProcessEnded(event.key, self.time.at))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
async def reader() -> AsyncIterator[CodeReader]:
    one = CodeReader()
    yield one
    await one.close()


@pytest.fixture
def world(catalogue: Catalogue, reader: CodeReader, machine: Machine) -> Iterator[World]:
    yield World(Identifier(catalogue, reader), machine.work)
