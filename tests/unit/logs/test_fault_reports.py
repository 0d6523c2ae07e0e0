"""Reports of the agent's own faults: small, few, on this computer, and without a word of what was being worked on."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import msgspec
import pytest

from agent import crashes
from agent.crashes import FAULT_FIELDS, KEPT, FaultReport, keep, kept, remove, report_of
from agent.model.faults import described, frame_of
from agent.model.health import Condition, Part
from agent.settings.config import load_config
from agent.settings.lock import InstanceLock

SECRET = "s3cret"
AT = 1_795_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "faults"


def a_fault(place: Path) -> BaseException:
    """A real exception that came out of our own code, with a path in its text."""
    try:
        InstanceLock(place / SECRET / "lock").acquire()
    except OSError as problem:
        return problem
    raise AssertionError("the lock could be taken")


def another(number: int) -> FaultReport:
    return FaultReport(AT + number, AT + number, 1, "0.1.0", "3.11", "Linux", f"Error{number}", ())


def test_every_field_of_a_report_is_documented() -> None:
    assert tuple(FAULT_FIELDS) == FaultReport.__struct_fields__


def test_a_report_says_what_and_where_in_our_code_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    problem = a_fault(tmp_path)
    assert SECRET in str(problem)
    keep(folder, report_of(problem, AT))
    (file,) = folder.iterdir()
    text = file.read_text()
    report = msgspec.json.decode(text, type=FaultReport)
    assert report.exception == "FileNotFoundError"
    assert [place.partition(":")[0] for place in report.places] == ["agent/settings/lock.py"]
    assert report.places[0].endswith(" in acquire")
    assert SECRET not in text and str(tmp_path) not in text and __file__ not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_log_says_of_a_place_no_folder_of_the_persons(tmp_path: Path) -> None:
    told = described(a_fault(tmp_path))
    assert "agent/settings/lock.py:" in told
    assert str(Path(__file__).parent) not in told
    assert str(frame_of("/home/ada/projects/thing.py", 3, "work")) == "thing.py:3 in work"


def test_the_same_fault_again_counts_up(folder: Path, tmp_path: Path) -> None:
    keep(folder, report_of(a_fault(tmp_path), AT))
    keep(folder, report_of(a_fault(tmp_path), AT + 5))
    (report,) = kept(folder)
    assert (report.first_at, report.last_at, report.times) == (AT, AT + 5, 2)


def test_the_ten_last_seen_are_kept(folder: Path) -> None:
    for number in range(KEPT + 5):
        keep(folder, another(number))
    assert [report.exception for report in kept(folder)] == [f"Error{n}" for n in range(KEPT + 4, 4, -1)]
    assert len(list(folder.iterdir())) == KEPT


def test_health_mentions_them_and_forgets_them_with_their_files(folder: Path) -> None:
    assert crashes.health(folder) is None
    keep(folder, another(1))
    told = crashes.health(folder)
    assert told is not None
    assert (told.part, told.condition) == (Part.FAULTS, Condition.DEGRADED)
    assert remove(folder) == crashes.Removed(1, 0)
    assert not folder.exists()
    assert crashes.health(folder) is None


def test_what_is_not_ours_is_neither_read_nor_taken_away(folder: Path, tmp_path: Path) -> None:
    keep(folder, another(1))
    mine = folder / "notes.json"
    mine.write_text('{"a": 1}')
    (folder / "linked.json").symlink_to(tmp_path / "elsewhere")
    (folder / f"{'0' * 16}.json").write_bytes(msgspec.json.encode(another(2)))
    assert len(kept(folder)) == 1
    remove(folder)
    assert mine.exists()


def test_where_no_report_can_be_kept_nothing_else_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not keep(tmp_path / "file" / "faults", another(1))


async def test_what_nobody_caught_in_the_loop_is_handed_on() -> None:
    from agent.unhandled import describe_unhandled

    seen: list[BaseException] = []
    loop = asyncio.get_running_loop()
    import sys
    import threading

    before = threading.excepthook, sys.unraisablehook
    try:
        describe_unhandled(loop, lambda problem, _times: seen.append(problem))
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0.01)
    finally:
        threading.excepthook, sys.unraisablehook = before
        loop.set_exception_handler(None)
    assert [type(one) for one in seen] == [ZeroDivisionError]


def test_the_budget_can_be_set_and_its_defaults_are_those_of_the_page(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert (load_config(file).budget.memory_mb, load_config(file).budget.cpu_percent) == (150.0, 3.0)
    file.write_text("[budget]\nmemory_mb = 200\ncpu_percent = 1.5\n")
    assert (load_config(file).budget.memory_mb, load_config(file).budget.cpu_percent) == (200.0, 1.5)
