"""Reports of the agent's own faults: one small file for each kind of fault, on this computer and nowhere else.

An exception that nobody caught → its type and the places in our code that it came through → a file in
`<instance>/faults/`, named by a hash of both, so that a fault that comes again counts up instead of filling the disk.
Neither the exception's text nor a variable is read. The ten last seen are kept; `gleanwatch faults --remove` takes them
all away.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from agent import __version__
from agent.model.faults import frames
from agent.model.health import Condition, Health, Part
from native_host.own_files import read_plain, write_whole

KEPT: Final = 10
MAX_FRAMES: Final = 40
MAX_BYTES: Final = 65_536

FAULT_FIELDS: Final[Mapping[str, str]] = {
    "first_at": "When it happened first.",
    "last_at": "When it happened last.",
    "times": "How often.",
    "release": "Which release of Gleanwatch.",
    "python": "Which Python.",
    "system": "Which operating system.",
    "exception": "What kind of error; never its text.",
    "places": "Which lines of our own code it came through.",
}
"""Every field of a report, in plain words."""


class FaultReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of fault; the fields are those of `FAULT_FIELDS`, times in UTC milliseconds."""

    first_at: int
    last_at: int
    times: int
    release: str
    python: str
    system: str
    exception: str
    places: tuple[str, ...]

    @property
    def mark(self) -> str:
        """What tells this kind of fault from another, and names its file."""
        return hashlib.sha256("\n".join((self.release, self.exception, *self.places)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Removed:
    """How many reports were taken away, and how many could not be."""

    gone: int
    left: int


def report_of(problem: BaseException, at: int, times: int = 1) -> FaultReport:
    """Return what may be kept of an exception.

    Args:
        problem: The exception.
        at: UTC milliseconds.
        times: How often it came up since it was kept last.
    """
    places = [str(frame) for frame in frames(problem) if frame.ours][-MAX_FRAMES:]
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    kind = type(problem)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return FaultReport(at, at, times, __version__, platform.python_version(), system, name, tuple(places))


def keep(folder: Path, report: FaultReport) -> bool:
    """Keep a report beside the others, counting up where this kind of fault is known; false where it cannot be kept.

    Args:
        folder: Made for its owner alone where it is missing.
        report: What happened.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"{report.mark}.json"
        before = _read(file)
        if before is not None:
            report = msgspec.structs.replace(report, first_at=before.first_at, times=before.times + report.times)
        write_whole(file, msgspec.json.encode(report), 0o600)
        for old in _newest_first(folder)[KEPT:]:
            (folder / f"{old.mark}.json").unlink(missing_ok=True)
    except OSError:
        return False  # a full disk must not make a second fault out of one
    return True


def kept(folder: Path) -> Sequence[FaultReport]:
    """Return what is kept, the last seen first; files that are none of ours are passed over."""
    try:
        return _newest_first(folder)
    except OSError:
        return ()


def remove(folder: Path) -> Removed:
    """Take every report away, and the folder when nothing else is in it."""
    gone = left = 0
    for report in kept(folder):
        try:
            (folder / f"{report.mark}.json").unlink()
            gone += 1
        except OSError:
            left += 1
    with contextlib.suppress(OSError):  # it holds something that is not ours, or was never made
        folder.rmdir()
    return Removed(gone, left)


def health(folder: Path) -> Health | None:
    """Say that there were faults; None where none is on record."""
    known = kept(folder)
    if not known:
        return None
    times = sum(report.times for report in known)
    newest = known[0]
    where = newest.places[-1] if newest.places else "outside our own code"
    return Health(
        Part.FAULTS,
        Condition.DEGRADED,
        f"{times} of its own kept on record",
        f"Nothing that is known of. The last was {newest.exception} at {where}.",
        "Read them with gleanwatch faults; they stay on this computer. Take them away with gleanwatch faults --remove.",
    )


def _newest_first(folder: Path) -> list[FaultReport]:
    found = [report for file in folder.glob("*.json") if (report := _read(file)) is not None]
    return sorted(found, key=lambda report: (-report.last_at, report.mark))


def _read(file: Path) -> FaultReport | None:
    """Return a report of ours; None where there is none, or the file says something else than its name."""
    try:
        content = read_plain(file)
    except OSError:
        return None
    if content is None or len(content) > MAX_BYTES:
        return None
    try:
        report = msgspec.json.decode(content, type=FaultReport)
    except msgspec.DecodeError:
        return None
    return report if report.mark == file.stem else None
