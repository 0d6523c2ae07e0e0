"""Whose answer is it? Each question to the helper gets its own answer, for the file as it is, or a reason for none.

A real helper process; questions are given up at any moment, files change while they are asked about, and modules that
lie beside a script change without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from agent.content.catalogue import Catalogue
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.detection.identify.verdicts import GOOD_FOR_SECONDS
from agent.model.events import CommandLine, ProcessKey, ProcessStarted

LONG = "x = [1, 2, 3]\n" * 20_000


@dataclass
class Hands:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def reader(clock: Hands) -> AsyncIterator[CodeReader]:
    one = CodeReader(monotonic=clock)
    yield one
    await one.close()


@pytest.fixture
def identifier(catalogue: Catalogue, reader: CodeReader) -> Identifier:
    return Identifier(catalogue, reader)


async def given_up(question: asyncio.Task[object], after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    question.cancel()
    await asyncio.gather(question, return_exceptions=True)


@pytest.mark.parametrize("after_seconds", [0.0, 0.001, 0.01, 0.03, 0.1])
@pytest.mark.parametrize("warm", [False, True])
async def test_a_question_that_is_given_up_leaves_no_answer_for_the_next(
    reader: CodeReader, tmp_path: Path, after_seconds: float, warm: bool
) -> None:
    if warm:
        await reader.read_code("import os", "python")
    (tmp_path / "long.py").write_text("import long\n" + LONG)
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(f"import {name}\n")
    question: asyncio.Task[object] = asyncio.create_task(reader.read_file(str(tmp_path / "long.py"), "python"))
    await given_up(question, after_seconds)
    for name in ("one", "two"):
        facts = await reader.read_file(str(tmp_path / f"{name}.py"), "python")
        assert facts is not None and facts.imports == (name,)
    facts = await reader.read_code("import three", "python")
    assert facts is not None and facts.imports == ("three",)
    assert not reader.unread, "nor is that a crash"


async def test_one_of_many_that_is_given_up_costs_the_others_nothing(reader: CodeReader) -> None:
    asked = [asyncio.create_task(reader.read_code(f"import m{n}\n{LONG}", "python")) for n in range(8)]
    await asyncio.sleep(0.2)
    for one in asked[::2]:
        one.cancel()
    await asyncio.wait(asked)
    for number, one in enumerate(asked):
        if number % 2:
            assert not one.cancelled(), "those who still wait are answered"
        facts = None if one.cancelled() else one.result()
        assert one.cancelled() or (facts is not None and facts.imports == (f"m{number}",))


async def test_the_helper_of_a_question_that_was_given_up_is_gone_when_the_reader_is_closed(
    reader: CodeReader,
) -> None:
    await reader.read_code("import os", "python")
    pid = reader.pid
    assert pid is not None
    await given_up(asyncio.create_task(reader.read_code(LONG, "python")), 0.01)
    assert reader.pid is None
    await reader.close()
    assert not psutil.pid_exists(pid)


async def test_a_file_that_was_replaced_while_it_was_asked_about_is_answered_for_as_it_is(
    reader: CodeReader, tmp_path: Path
) -> None:
    script, other = tmp_path / "a.py", tmp_path / "b.py"
    script.write_text("import old\n")
    other.write_text("import new\n")
    await reader.read_code("import os", "python")
    before = asyncio.create_task(reader.read_code(LONG, "python"))  # holds the helper until the file was replaced
    question = asyncio.create_task(reader.read_file(str(script), "python"))
    await asyncio.sleep(0)
    other.rename(script)
    facts = await question
    assert facts is not None and facts.imports == ("new",)
    await before


class Hasty(CodeReader):
    """A reader whose file is replaced by the second text before it is read and by the third before the answer."""

    def __init__(self, script: Path) -> None:
        super().__init__()
        self.script = script
        self.texts = ["import second\n", "import third\n"]

    async def _exchange(self, request: dict[str, str]) -> dict[str, object]:
        self._replaced()
        reply = await super()._exchange(request)
        self._replaced()
        return reply

    def _replaced(self) -> None:
        if self.texts:
            other = self.script.with_name("other")
            other.write_text(self.texts.pop(0))
            other.rename(self.script)


async def test_an_answer_for_no_file_that_was_asked_about_is_no_answer(tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text("import first\n")
    hasty = Hasty(script)
    try:
        read = await hasty.reading(str(script), "python")
        assert (read.facts, read.reason) == (None, "changed")
        again = await hasty.read_file(str(script), "python")
        assert again is not None and again.imports == ("third",), "and that is not remembered"
    finally:
        await hasty.close()


async def test_a_module_of_ones_own_that_changes_is_read_anew_after_ten_minutes_at_most(
    reader: CodeReader, clock: Hands, tmp_path: Path
) -> None:
    script, module = tmp_path / "main.py", tmp_path / "crawl.py"
    script.write_text("from crawl import go\ngo()\n")
    module.write_text("def go(): pass\n")
    first = await reader.read_file(str(script), "python")
    assert first is not None and not first.in_loop
    module.write_text(
        "import requests\ndef go():\n  for n in range(500):\n    requests.get(f'https://site.example/?page={n}')\n"
    )
    clock.at += GOOD_FOR_SECONDS - 0.001
    await reader.read_file(str(script), "python")
    clock.at += 0.001
    again = await reader.read_file(str(script), "python")
    assert again is not None and again.in_loop, "and being asked in between does not make it last longer"


async def test_the_reason_stands_beside_the_facts(reader: CodeReader, tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text("import os\n")
    read = await reader.reading(str(script), "python")
    assert read.facts is not None and read.reason == ""
    script.write_text("def (:\n")
    for _ in range(2):
        read = await reader.reading(str(script), "python")
        assert (read.facts, read.reason) == (None, "not_code")
    assert (await reader.reading(str(tmp_path / "none.py"), "python")).reason == "unreadable"
    assert reader.unread == {"not_code": 1, "unreadable": 1}, "from memory is not counted twice"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.ipynb", b"not a notebook" + b" " * 3_000_000, "not_code"),
        ("large.ipynb", b" " * (16 * 1024 * 1024 + 1), "too_large"),
        ("large.py", b"#" * (2 * 1024 * 1024 + 1), "too_large"),
    ],
)
async def test_too_large_is_said_only_of_what_was_refused_for_its_size(
    identifier: Identifier, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    argv = ("python3", "-m", "papermill", name) if name.endswith(".ipynb") else ("python3", name)
    command = CommandLine(argv, "/usr/bin/python3", str(tmp_path))
    found = await identifier.identify(ProcessStarted(ProcessKey(1000, 1), 1, "python3", command, 1))
    said = [piece.rule for piece in found.evidence] if found is not None else []
    assert said == (["unread.too-large"] if reason == "too_large" else [])
