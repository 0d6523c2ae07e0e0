"""Code that no reader understands: our rules know the line that takes in a library, which is watched, not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.content.catalogue import Catalogue
from agent.detection.identified import Identified
from agent.detection.identify.folders import Distributions
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.imports import judge
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.yara import RULES
from agent.detection.scoring import level
from agent.detection.weights import WATCHED_FROM
from agent.model.findings import Level

OLD = "print 'done'\n"
"""Python 2, which Python 3's parser refuses; what is newer than the agent's own Python is refused as well."""


async def judged(reader: CodeReader, code: str, catalogue: Catalogue) -> Identified | None:
    facts = await reader.read_code(code, "python")
    return None if facts is None else judge(facts, "python", catalogue, Distributions(), (), mark="m")


@pytest.mark.parametrize("library", ["scrapy", "yt_dlp", "selenium", "praw", "ddgs"])
async def test_a_collecting_library_in_code_that_cannot_be_read_is_hidden_and_watched(
    reader: CodeReader, catalogue: Catalogue, library: str
) -> None:
    found = await judged(reader, f"import {library}\n" + OLD, catalogue)
    assert found is not None
    assert [piece.rule for piece in found.evidence] == ["imports.line"]
    assert level(found.evidence) is Level.HIDDEN
    assert max(piece.weight for piece in found.evidence) >= WATCHED_FROM


async def test_code_that_cannot_be_read_and_takes_in_nothing_of_the_kind_is_not_mentioned(
    reader: CodeReader, catalogue: Catalogue
) -> None:
    assert await judged(reader, "import os, requests\n" + OLD, catalogue) is None
    assert reader.unread == {"not_code": 1}


async def test_a_line_inside_a_text_says_nothing_where_the_code_was_read(
    reader: CodeReader, catalogue: Catalogue
) -> None:
    assert await judged(reader, 'HELP = """\nimport scrapy\n"""\nprint(HELP)\n', catalogue) is None


async def test_a_file_that_cannot_be_read_is_judged_as_well(
    reader: CodeReader, catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "old.py").write_text("import scrapy\n" + OLD)
    facts = await reader.read_file(str(tmp_path / "old.py"), "python")
    assert facts is not None
    assert facts.yara == ("imports_python_scraping",)
    assert judge(facts, "python", catalogue, Distributions(), ()) is not None


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.startswith("imports_")])
def test_no_line_alone_is_shown(rule: str, catalogue: Catalogue) -> None:
    found = judge(CodeFacts(yara=(rule,)), "python", catalogue, Distributions(), ())
    assert found is not None
    assert level(found.evidence) is Level.HIDDEN
