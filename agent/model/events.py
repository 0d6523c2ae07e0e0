"""What the sensors and browsers report: plain frozen types, times in UTC milliseconds.

Everything here already went through its own minimisation: a page load has no address, a process seen by detection is
reduced to identified facts before anything is kept. `CommandLine` is the one exception: it lives in memory only, for as
long as one process is being identified, and nothing may store or log it (DESIGN 3.15).
"""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True, weakref_slot=True)
class CommandLine:
    """What a process was started with. In memory only, never stored, sent or logged.

    Who remembers something about one holds it weakly, so that it is gone when the process has been judged.
    """

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
class Activity:
    """What one process did on the network since it is watched, as counts: no address, no name.

    Attributes:
        seconds: For how long it has been watched.
        opened: Distinct outgoing connections to web ports seen: a lower bound, see `sensors/connections`.
        hosts: Distinct far ends among them.
        turns: Times it sent something and was answered, about one a request; 0 where the system does not tell.
        received: Bytes received on them; 0 where the system does not tell.
        own: How many of `opened` went to this machine itself.
        platforms: Attributed connections per platform key (DESIGN: the platform's own ranges, or an address among the
            agent's recent look-ups that no other service shares).
        steady: Looks (of `looks`) in which something new was opened or exchanged: a walk is steady, a start-up is not.
        looks: How many times it was looked at.
    """

    seconds: float = 0.0
    opened: int = 0
    hosts: int = 0
    turns: int = 0
    received: int = 0
    own: int = 0
    platforms: Mapping[str, int] = field(default_factory=dict)
    steady: int = 0
    looks: int = 0


@dataclass(frozen=True, slots=True)
class ExportWritten:
    """A file of records appeared in a folder that the person downloads to, while a finding was active.

    Attributes:
        format: `csv`, `json`, `jsonl`, `xlsx` and so on.
        columns: Which kinds of column look like contacts or profiles, from a closed list: `email`, `phone`, `name`,
            `profile`, `username`, `employer`, `place`, `followers`, `post`; sorted. Never the column's own words.
        rows: How many records; a lower bound for a large file.
        place: `downloads` or `desktop`.
        at: When it was complete, UTC milliseconds.
    """

    format: str
    columns: tuple[str, ...]
    rows: int
    place: str
    at: int


@dataclass(frozen=True, slots=True)
class MediaGrew:
    """A folder of pictures or films grew, while a finding was active: how many files in how many seconds."""

    files: int
    seconds: float
    place: str
    at: int


@dataclass(frozen=True, slots=True)
class PackageFound:
    """An installed package.

    Attributes:
        ecosystem: `pypi`, `npm`, `debian`, or `cache` for a browser that an automation library brought along.
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
        name: Its name as its manifest says; kept only where the catalogue knows it, or where it says what it collects.
        reads_pages: Whether its permissions let it read pages.
    """

    browser: str
    extension_id: str
    version: str
    name: str = ""
    reads_pages: bool = False
