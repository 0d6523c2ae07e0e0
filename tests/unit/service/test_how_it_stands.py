"""A service that could not start: it is installed, it is not started, and the person hears why, on each system."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agent.service.plan import Done, Outcome
from agent.service.standing import install, status

WRONG = "policy.toml, line 3: mode is «manged»."


@dataclass
class Way:
    """A system's form that is there or not, running or not."""

    there: bool = False
    runs: bool = False
    asked: list[str] = field(default_factory=list)
    start: str = "begin-it"

    def show(self) -> str:
        return ""

    def install(self, *, now: bool = True) -> Done:
        self.there = True
        if not now:
            return Done(Outcome.WRITTEN, "file")
        self.asked.append("start")
        self.runs = True
        return Done(Outcome.STARTED, "file")

    def remove(self) -> Done:
        return Done(Outcome.REMOVED, "file")

    def status(self) -> Done:
        if not self.there:
            return Done(Outcome.ABSENT, "file", "Install it")
        return Done(Outcome.STARTED, "file") if self.runs else Done(Outcome.STOPPED, "file", "Start it")


def never() -> str:
    pytest.fail("nobody asks why what runs does not run")


def test_where_nothing_hinders_it_is_installed_and_started() -> None:
    assert install(Way(), held=False, refusal="").outcome is Outcome.STARTED


def test_beside_an_agent_in_a_terminal_it_is_installed_and_says_how_it_starts() -> None:
    way = Way()
    done = install(way, held=True, refusal="")
    assert done.outcome is Outcome.WRITTEN and way.asked == []
    assert "Ctrl-C" in done.detail and done.detail.endswith("begin-it")


def test_an_agent_that_is_the_service_itself_is_started_anew() -> None:
    way = Way(there=True, runs=True)
    assert install(way, held=True, refusal="").outcome is Outcome.STARTED
    assert way.asked == ["start"]


@pytest.mark.parametrize("way", [Way(), Way(there=True, runs=True)], ids=["new", "running"])
def test_with_settings_that_are_refused_nothing_is_started_and_nothing_that_runs_is_ended(way: Way) -> None:
    done = install(way, held=way.runs, refusal=WRONG)
    assert done.outcome is Outcome.REFUSED and way.asked == []
    assert done.detail == "policy.toml, line 3: mode is «manged». Once that is mended: begin-it"


def test_what_does_not_run_says_why() -> None:
    assert status(Way(there=True), held=False, refusal=lambda: WRONG).outcome is Outcome.REFUSED
    held = status(Way(there=True), held=True, refusal=never)
    assert held.outcome is Outcome.STOPPED and "not the service" in held.detail
    assert status(Way(there=True), held=False, refusal=str).detail == "Start it"


def test_what_runs_or_is_not_there_is_not_asked_for_reasons() -> None:
    assert status(Way(there=True, runs=True), held=True, refusal=never).outcome is Outcome.STARTED
    assert status(Way(), held=False, refusal=never).outcome is Outcome.ABSENT
