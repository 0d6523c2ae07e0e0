"""The memory of answers: the same start has the same answer while its file is the same, and nothing of it is kept.

Files are real; the clock is the test's.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.verdicts import GOOD_FOR_SECONDS, MAX_CHARACTERS, Verdict, Verdicts, stamp_of
from agent.model.events import CommandLine

ANSWER = Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.ALWAYS, ())
ANY_TEXT = st.text(st.characters(exclude_characters="\0", codec=None), max_size=30)
COMMANDS = st.builds(CommandLine, st.lists(ANY_TEXT, max_size=4).map(tuple), ANY_TEXT, ANY_TEXT)


@dataclass
class Hands:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def verdicts(clock: Hands) -> Verdicts:
    return Verdicts(b"secret", clock)


def named(verdicts: Verdicts, *argv: str, cwd: str = "/", exe: str = "/bin/x") -> bytes:
    name = verdicts.name(CommandLine(argv, exe, cwd))
    assert name is not None
    return name


def answered(verdicts: Verdicts, name: bytes) -> tuple[bool, Identified | None]:
    held = verdicts.get(name)
    return held is not None, held.answer if held is not None else None


def test_the_same_start_has_the_same_answer_also_where_that_is_none(verdicts: Verdicts) -> None:
    known, nothing = named(verdicts, "a"), named(verdicts, "b")
    assert answered(verdicts, known) == (False, None)
    verdicts.keep(known, "", None, ANSWER)
    verdicts.keep(nothing, "", None, None)
    assert answered(verdicts, named(verdicts, "a")) == (True, ANSWER)
    assert answered(verdicts, named(verdicts, "b")) == (True, None)


@given(COMMANDS, COMMANDS)
def test_only_the_same_start_is_known_by_the_same_name(one: CommandLine, other: CommandLine) -> None:
    verdicts = Verdicts(b"secret", lambda: 0.0)
    assert verdicts.name(one) == verdicts.name(CommandLine(one.argv, one.exe, one.cwd))
    assert (verdicts.name(one) == verdicts.name(other)) == (one == other)


@given(COMMANDS)
def test_the_name_says_nothing_without_the_key(command: CommandLine) -> None:
    assert Verdicts(b"one", lambda: 0.0).name(command) != Verdicts(b"two", lambda: 0.0).name(command)


def _grows(path: Path) -> None:
    with path.open("a") as file:
        file.write("#")


def _is_touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def _is_replaced(path: Path) -> None:
    state = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize("changes", [_grows, _is_touched, _is_replaced, Path.unlink])
def test_a_file_that_changes_is_judged_anew(
    verdicts: Verdicts, tmp_path: Path, changes: Callable[[Path], None]
) -> None:
    script = tmp_path / "job.py"
    script.write_text("import requests\n")
    name = named(verdicts, "python3", "job.py")
    verdicts.keep(name, str(script), stamp_of(str(script)), ANSWER)
    assert answered(verdicts, name) == (True, ANSWER)
    changes(script)
    assert answered(verdicts, name) == (False, None)
    assert len(verdicts) == 0, "and is not asked about again"


def test_a_file_that_was_not_there_is_judged_once_it_is(verdicts: Verdicts, tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    name = named(verdicts, "python3", "job.py")
    verdicts.keep(name, str(script), stamp_of(str(script)), None)
    assert answered(verdicts, name) == (True, None)
    script.write_text("import requests\n")
    assert answered(verdicts, name) == (False, None)


def test_an_answer_is_good_for_ten_minutes_since_a_package_may_come(verdicts: Verdicts, clock: Hands) -> None:
    name = named(verdicts, "a")
    verdicts.keep(name, "", None, ANSWER)
    clock.at += GOOD_FOR_SECONDS - 0.001
    assert answered(verdicts, name) == (True, ANSWER), "and asking does not make it last longer"
    clock.at += 0.001
    assert answered(verdicts, name) == (False, None)


def test_a_command_line_that_is_too_long_has_no_name(verdicts: Verdicts) -> None:
    longest = "x" * (MAX_CHARACTERS - 2)
    assert verdicts.name(CommandLine((longest,), "/", "/")) is not None
    assert verdicts.name(CommandLine((longest, "y"), "/", "/")) is None


def test_so_many_are_kept_the_last_used(clock: Hands) -> None:
    verdicts = Verdicts(b"secret", clock, max_kept=10)
    names = [named(verdicts, str(number)) for number in range(15)]
    for number, name in enumerate(names):
        verdicts.keep(name, "", None, ANSWER)
        if number >= 5:
            assert verdicts.get(names[1]), "used again and again"
    assert len(verdicts) == 10
    assert verdicts.get(names[5]) is None


def test_nothing_of_a_command_line_is_in_memory_or_words(verdicts: Verdicts) -> None:
    secret = "hunter2-Xq9"
    for argv in (("curl", f"https://user:{secret}@site.example/"), ("mysql", f"-p{secret}"), ("x", "y")):
        verdicts.keep(named(verdicts, *argv, cwd=f"/home/{secret}"), "", None, ANSWER)
    held: list[object] = [verdicts]
    seen: set[int] = set()
    words = repr(verdicts)
    while held:
        one = held.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen.add(id(one))
            words += repr(one) if isinstance(one, (str, bytes)) else ""
            held += gc.get_referents(one) if isinstance(one, (Verdicts, Verdict, dict, tuple, list)) else []
    assert secret not in words
