"""Runs the whole search for installed packages, one place after another, telling how far it is.

A plain generator: the command line draws a bar from `progress`, the daemon runs it in a thread. The text handed to
`progress` names a kind of place, never a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from agent.model.events import PackageFound
from agent.sensors.packages.debian import debian_packages
from agent.sensors.packages.node import global_packages, project_packages
from agent.sensors.packages.places import places
from agent.sensors.packages.python import python_packages
from agent.sensors.packages.walk import Limits, find_projects
from agent.sensors.present import is_file

Progress = Callable[[int, int, str], None]
"""Places done, places in all, what is being looked at."""


class PackageSearch:
    """One search over one person's machine.

    Args:
        system: As `sys.platform`.
        home: The person's home folder.
        env: The environment.
        monotonic: Seconds that never go back, for the walk's limit.
        prefixes: Prefixes of the interpreters that run now.
        limits: How far the walk below home goes.
        root: What absolute places start from; another folder than `/` in tests.

    Attributes:
        complete: False once the walk below home was ended by a limit.
    """

    def __init__(
        self,
        system: str,
        home: Path,
        env: Mapping[str, str],
        monotonic: Callable[[], float],
        *,
        prefixes: Iterable[Path] = (),
        limits: Limits | None = None,
        root: Path = Path("/"),
    ) -> None:
        self.complete = True
        self._system = system
        self._home = home
        self._env = env
        self._monotonic = monotonic
        self._prefixes = tuple(prefixes)
        self._limits = limits if limits is not None else Limits()
        self._root = root

    def find(self, progress: Progress = lambda done, total, what: None) -> Iterator[PackageFound]:
        """Yield every installed package, each (ecosystem, name, version) once."""
        progress(0, 1, "project folders")
        projects = find_projects(self._home, self._limits, self._monotonic, self._system)
        self.complete = projects.complete
        known = places(self._system, self._home, self._env, (*self._prefixes, *projects.environments), self._root)
        work: list[tuple[str, Iterator[PackageFound]]] = []
        for place in known:
            if place.kind == "python":
                work.append(("Python packages", python_packages(place.path)))
            else:
                work.append(("Node packages", _node(place.path)))
        work += [("Node projects", project_packages(project)) for project in projects.node]
        if self._system == "linux":
            work.append(("Debian packages", debian_packages(self._root / "var/lib/dpkg/status")))
        seen: set[PackageFound] = set()
        for done, (what, packages) in enumerate(work):
            progress(done, len(work), what)
            for package in packages:
                if package not in seen:
                    seen.add(package)
                    yield package
        progress(len(work), len(work), "done")


def _node(node_modules: Path) -> Iterator[PackageFound]:
    """Read a folder as a project's where a package.json stands beside it, else as a global one."""
    beside = node_modules.parent / "package.json"
    return project_packages(node_modules.parent) if is_file(beside) else global_packages(node_modules)
