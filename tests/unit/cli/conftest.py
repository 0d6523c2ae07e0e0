"""A short folder for a socket, and an agent on paper that answers in it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from agent.cli.asking import ask
from agent.cli.consent_desk import Desk
from agent.settings.instance import Instance, locate
from tests.support.places import short_folder
from tests.unit.cli.paper_agent import PaperAgent, serving


@dataclass
class ScriptedDesk:
    """What a person types, in order, and how many seconds pass before each line."""

    instance: Instance
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    pace: float = 0.0
    typed: int = 0
    screen: io.StringIO = field(default_factory=io.StringIO)

    def types(self, *lines: str, language: str = "en", pace: float = 0.0) -> Desk:
        """Return a desk at which these lines are typed; there is nothing after the last one."""
        self.lines, self.pace = list(lines), pace
        console = Console(file=self.screen, width=100, highlight=False)
        return Desk(console, self._read, lambda: self.seconds, lambda c, a: ask(self.instance, c, a), language)

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self.screen.getvalue()

    def _read(self, prompt: str) -> str:
        self.screen.write(f"{prompt}: ")
        self.seconds += self.pace
        if not self.lines:
            raise EOFError
        self.typed += 1
        return self.lines.pop(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as place:
        yield place


@pytest.fixture
def agent() -> PaperAgent:
    return PaperAgent()


@pytest.fixture
def env(folder: Path, agent: PaperAgent, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The environment in which `gleanwatch` finds the agent on paper; this process is in it, too."""
    with serving(folder, agent) as place:
        for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in place.items():
            monkeypatch.setenv(name, value)
        yield place


@pytest.fixture
def desk(env: Mapping[str, str], agent: PaperAgent) -> ScriptedDesk:
    """A desk at which a test types: its lines come from a list, its clock stands still until the test moves it."""
    instance = locate(env, sys.platform, Path(env["HOME"]), os.getuid())
    return ScriptedDesk(instance)
