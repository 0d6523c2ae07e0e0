"""Installing and asking with both eyes open: a service that could not start is not started, and says why.

    what hinders a start (somebody else's agent, settings that are refused) + the system's own form → one `Done`

The agent ends at once where another try would come to the same (`plan.HELPLESS`), and no system starts it again then;
so the person must hear the reason here. The reasons themselves are found by whoever calls: they need the instance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from agent.service.plan import Done, Outcome

HELD: Final = "An agent runs here that is not the service. End that one, with Ctrl-C where it was started, then"


class Manager(Protocol):
    """One way of being there when the person logs in."""

    @property
    def start(self) -> str:
        """The command that starts what is installed."""
        ...

    def show(self) -> str:
        """Return what `install` writes, to be read before."""
        ...

    def install(self, *, now: bool = True) -> Done:
        """Install it, and start it where that is wanted now and can be done."""
        ...

    def remove(self) -> Done:
        """Stop it and take it away."""
        ...

    def status(self) -> Done:
        """Say how it is."""
        ...


def install(way: Manager, *, held: bool, refusal: str) -> Done:
    """Install a service, and start it unless it would only find that it cannot.

    Args:
        way: The system's own form.
        held: Whether an agent runs on the instance, whoever started it.
        refusal: Why the agent would refuse to start, as a sentence; empty where it would not.
    """
    held_by_another = held and way.status().outcome is not Outcome.STARTED
    done = way.install(now=not (held_by_another or refusal))
    if done.outcome is not Outcome.WRITTEN:
        return done
    if refusal:
        return _refused(way, done, refusal)
    return replace(done, detail=f"It was not started now. {HELD}: {way.start}") if held_by_another else done


def status(way: Manager, *, held: bool, refusal: Callable[[], str]) -> Done:
    """Say how a service is and, where it is installed and does not run, why.

    Args:
        way: The system's own form.
        held: Whether an agent runs on the instance, whoever started it.
        refusal: Finds out why the agent would refuse to start; asked only where nothing runs.
    """
    done = way.status()
    if done.outcome is not Outcome.STOPPED:
        return done
    if held:
        return replace(done, detail=f"{HELD}: {way.start}")
    why = refusal()
    return _refused(way, done, why) if why else done


def _refused(way: Manager, done: Done, why: str) -> Done:
    return replace(done, outcome=Outcome.REFUSED, detail=f"{why.rstrip('.')}. Once that is mended: {way.start}")
