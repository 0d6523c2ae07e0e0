"""The page for whoever writes a rule, held against the code: every field, every key, every limit, and its example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.cli.rules import check
from agent.content.catalogue import Family
from agent.detection import organisation
from agent.detection.correlate import facts
from agent.detection.correlate.rules import Worth
from agent.detection.identified import CAPABILITIES, Bulk, Identified, Role
from agent.detection.organisation import InForce, taken
from agent.detection.sigma.parse import parse_in_process
from agent.model.events import Activity, ExportWritten, MediaGrew
from agent.model.findings import CollectMode, EvidenceClass, Finding, Level, Stage
from agent.settings import beside

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text("utf-8")
FINDING = Finding(
    "f", "yt-dlp", "yt-dlp", "media-downloader", Stage.RUNNING, 0.5, Level.LOW, False, ("youtube",), 1, 1, 1
)
WHO = Identified("yt-dlp", "yt-dlp", "media-downloader", Role.COLLECTOR, Bulk.NEVER, ())
ABOUT = facts.About()
EXAMPLES = {
    facts.ACTIVITY: facts.activity(WHO, 0.5, (), Activity(), busy=0, started=0),
    facts.START: facts.start(WHO, (), 1),
    facts.FETCH: facts.fetch("curl", 1, "x"),
    facts.EXPORT: facts.export(FINDING, ABOUT, ExportWritten("csv", ("email",), 3, "downloads", 1)),
    facts.MEDIA: facts.media(FINDING, ABOUT, MediaGrew(3, 2.0, "downloads", 1)),
    facts.FINDING: facts.standing(FINDING, ABOUT),
}


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^##+ ", PAGE.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> set[str]:
    """Every name in the first column of a section's table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}


def test_every_category_is_on_the_page() -> None:
    assert set(EXAMPLES) == set(facts.KINDS)
    assert set(re.findall(r"^### `([a-z]+)`$", PAGE, re.MULTILINE)) == set(facts.KINDS)


@pytest.mark.parametrize("kind", sorted(set(facts.KINDS) - {facts.FINDING}))
def test_every_field_of_a_category_is_listed_and_no_other(kind: str) -> None:
    assert first_cells(section(f"### `{kind}`")) == set(EXAMPLES[kind])


def test_what_an_organisations_rule_sees_is_listed_and_no_other() -> None:
    assert first_cells(section("## An organisation's rule")) == organisation.VISIBLE == set(EXAMPLES[facts.FINDING])


def test_every_value_that_is_one_of_a_few_is_named() -> None:
    text = section("## An organisation's rule")
    values = {*CAPABILITIES, *(mode.value for mode in CollectMode), *(level.value for level in Level)}
    for value in {*values, *Family.__args__}:  # type: ignore[attr-defined]
        assert f"`{value}`" in text
    for role in Role:
        assert f"`{role.value}`" in section("### `activity`")


def test_every_key_of_a_shipped_rule_is_listed() -> None:
    text = section("## A shipped rule")
    assert first_cells(text) == set(Worth.__struct_fields__)
    for cls in set(EvidenceClass) - {EvidenceClass.RULE}:  # which is the organisation's alone
        assert f"`{cls.value}`" in text


def test_the_limits_are_those_of_the_code() -> None:
    for number in (organisation.MAX_RULES, organisation.MAX_TOLD, beside.MAX_FILES, beside.MAX_BYTES):
        assert f"{number:,}" in PAGE
    assert any(parameter.name == "as_own" for parameter in check.params)


def test_the_example_is_taken_and_does_what_it_says(tmp_path: Path) -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(example) == 1
    (tmp_path / "one.yml").write_text(example[0], "utf-8")
    own = taken(parse_in_process(tmp_path))
    assert (own.refused, [rule.family for rule in own.told]) == ((), ["media-downloader"])
    judge = InForce(own)

    def flags(**changed: object) -> bool:
        return bool(judge(facts.FINDING, {**EXAMPLES[facts.FINDING], **changed}, 1))

    assert flags(platforms=["youtube"])
    assert flags(platforms=[], modes=["list"])
    assert not flags(platforms=[], modes=[])
    assert not flags(platforms=["youtube"], flags=["simulate"])
    assert not flags(platforms=["youtube"], family="site-mirror")
