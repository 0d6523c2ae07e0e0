"""What the sensors and browsers report: plain frozen types, times in UTC milliseconds.

Everything here already went through its own minimisation: a page load has no address, a process seen by detection is
reduced to identified facts before anything is kept. `CommandLine` is the one exception: it lives in memory only, for as
long as one process is being identified, and nothing may store or log it (DESIGN 3.15).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PageLoad:
    """One page of a watched platform, as the browser reduced it.

    Attributes:
        client: The extension's random id for its queue.
        seq: The client's own number for this event, rising.
        platform: A key of the platform data, such as `linkedin`.
        page_class: A sendable page class, such as `profile`.
        at: When it was observed, UTC milliseconds.
        first: Whether the keyed hash had not seen this page before in this browser session.
        sequential: Whether its identifying number follows the one before.
    """

    client: str
    seq: int
    platform: str
    page_class: str
    at: int
    first: bool
    sequential: bool


@dataclass(frozen=True, slots=True, order=True)
class ProcessKey:
    """One process, told apart from a later one with the same pid.

    Attributes:
        pid: The kernel's number.
        started_at: When it started, UTC milliseconds.
    """

    pid: int
    started_at: int


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a process was started with. In memory only, never stored, sent or logged."""

    argv: tuple[str, ...] = field(repr=False)
    exe: str = field(repr=False)
    cwd: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """A process of this person began (or replaced its program by exec).

    Attributes:
        key: Which process.
        parent: The parent's pid.
        name: The program's base name as the kernel gives it.
        command: The command line, in memory only.
        seen_at: When the agent learned of it, UTC milliseconds.
    """

    key: ProcessKey
    parent: int
    name: str
    command: CommandLine
    seen_at: int


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """A process that was reported as started is gone."""

    key: ProcessKey
    seen_at: int


@dataclass(frozen=True, slots=True)
class Connection:
    """One outgoing connection of a process, already reduced to the platform it goes to."""

    key: ProcessKey
    platform: str
    count: int


@dataclass(frozen=True, slots=True)
class PackageFound:
    """An installed package.

    Attributes:
        ecosystem: `pypi`, `npm` or `debian`.
        name: Its normalised name.
        version: Its version as text.
    """

    ecosystem: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ExtensionFound:
    """A browser extension in a profile.

    Attributes:
        browser: A key of `native_host.browsers`, such as `chromium`.
        extension_id: The browser's id for it.
        version: Its version as text.
    """

    browser: str
    extension_id: str
    version: str
