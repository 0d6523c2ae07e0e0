"""Loading: what cannot be evaluated is refused with its line and reason, and nothing in a file can do harm."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.sigma import SHIPPED, Engine, RuleSet, link, parse_apart
from agent.detection.sigma.files import MAX_FILE, TooMany, rule_files
from agent.detection.sigma.parse import parse_in_process, parse_text
from tests.unit.detection.sigma.making import ID, load, refused, rule_text

OTHER = "00000000-0000-4000-8000-000000000002"
TOGETHER = f"title: c\nid: {OTHER}\ncorrelation:\n  type: temporal\n  rules: [{ID}]\n  timespan: 1m\n"


def with_correlation(body: str) -> str:
    lines = "\n".join(f"  {line}" for line in body.splitlines())
    return f"{rule_text('f: a')}---\ntitle: c\nid: {OTHER}\ncorrelation:\n{lines}\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (rule_text("f: a\nf|nonsense: a"), 8, "Unknown modifier"),
        (rule_text("f|expand: '%names%'"), 7, "placeholder %names%"),
        (rule_text("f|re: '(?<=a)b'"), 7, "RE2|invalid"),
        (rule_text("f|re: '(a)\\1'"), 7, "invalid"),
        (rule_text("f|re: '('"), 7, "invalid|missing"),
        (rule_text("f|re: " + "a" * 5000), 7, "5000 characters"),
        (rule_text("f|re: '((a{1,99}){1,99}){1,99}'"), 7, "too large|bad repetition|invalid"),
        (rule_text("f|cidr: nonsense"), 7, "CIDR"),
        (rule_text("f|cidr: 10.0.0.1/8"), 7, "CIDR"),
        (rule_text("f|lt: x"), 7, "incompatible"),
        (rule_text("f|exists: 5"), 7, "incompatible"),
        (rule_text("f|base64: a*b"), 7, "wildcards"),
        (rule_text("f|fieldref: a*b"), 7, "wildcards"),
        (rule_text("'|exists': true"), 7, "field"),
        (rule_text("'|cidr': 10.0.0.0/8"), 7, "needs a field"),
        (rule_text("f: a", condition="nothing"), 8, "not defined"),
        (rule_text("f: a", condition="selection and"), 8, "[Ee]xpected"),
        (rule_text("f: a", condition="selection | count() > 5"), 8, "pipe"),
        (rule_text("f: a", condition="1 of other*"), 8, "doesn't match any"),
        (rule_text("f: a", condition="2 of selection*"), 8, "[Ee]xpected"),
        (rule_text("f: a", condition="5"), 8, "condition is text"),
        (rule_text("f: 2024-01-01"), 7, "Unsupported type"),
        (rule_text("f: a").replace("  condition", "  timeframe: 5m\n  condition"), 8, "correlation"),
        (rule_text("f: a").replace("category: test", "category: test\n  stage: x"), 5, "«stage» is not known"),
        (rule_text("f: a").replace("logsource:\n  category: test\n", ""), 1, "log source"),
        (rule_text("f: a").replace(ID, "not-a-uuid"), 2, "UUID"),
        (rule_text("f: a", more="level: terrible\n"), 5, "level"),
        (rule_text("f: a", more="gleanwatch: [x]\n"), 5, "mapping"),
        (rule_text("f: a", more="gleanwatch: {x: " + "y" * 20_000 + "}\n"), 5, "16384 bytes"),
        (rule_text("f: a", more="action: global\n"), 5, "action"),
        (rule_text("f: a", more="filter: {x: y}\n"), 5, "filter"),
        (rule_text("f: a\nf: b"), 8, "twice"),
        ("title: [", 2, "YAML"),
        ("just words", 1, "mapping"),
        ("- a\n- b", 1, "mapping"),
        ("a: &a {<<: *a}", 1, "merge|YAML|alias"),
        ("a: &x [1]\nb: {<<: *x}", 2, "merge"),
        ("? [a, b]\n: c", 1, "plain word"),
        ("a: &a [*a]", 1, "[Rr]ecursive|alias|anchor"),
        (
            with_correlation(f"type: value_median\nrules: [{ID}]\ntimespan: 1m\ncondition: {{gte: 1, field: x}}"),
            13,
            "not supported",
        ),
        (with_correlation(f"type: nonsense\nrules: [{ID}]\ntimespan: 1m\ncondition: {{gte: 1}}"), 13, "no valid"),
        (with_correlation(f"type: event_count\nrules: [{ID}]\ntimespan: 1x\ncondition: {{gte: 1}}"), 15, "[Tt]imespan"),
        (
            with_correlation(f"type: event_count\nrules: [{ID}]\ntimespan: 1m\ncondition: {{lt: 3}}"),
            16,
            "«lt» can only",
        ),
        (with_correlation(f"type: event_count\nrules: [{ID}]\ntimespan: 1m\ncondition: {{gte: 0}}"), 16, "between 1"),
        (
            with_correlation(f"type: event_count\nrules: [{ID}]\ntimespan: 1m\ncondition: {{gte: 99999999}}"),
            16,
            "between 1",
        ),
        (with_correlation(f"type: value_count\nrules: [{ID}]\ntimespan: 1m\ncondition: {{gte: 3}}"), 12, "field"),
        (
            with_correlation(f"type: temporal\nrules: [{ID}]\ntimespan: 1m\ncondition: {{gte: 3}}"),
            16,
            "asks for 3 rules",
        ),
        (with_correlation(f"type: temporal\nrules: [{ID}]\ntimespan: 1m\ncondition: a and b"), 16, "in words"),
        (with_correlation("type: temporal\nrules: [nowhere]\ntimespan: 1m"), 10, "not among the rules"),
        (with_correlation(f"type: temporal\nrules: [{OTHER}]\ntimespan: 1m"), 10, "circle"),
        (with_correlation("type: temporal\nrules: []\ntimespan: 1m"), 14, "at least one"),
        (with_correlation("type: temporal\nrules: [{a: b}]\ntimespan: 1m"), 14, "names|rule"),
        (f"{rule_text('f: a')}---\n{rule_text('f: b')}", 10, "also that of file.yml, line 1"),
    ],
)
def test_what_cannot_be_used_is_refused_with_line_and_reason(text: str, line: int, reason: str) -> None:
    found = refused(text)
    assert re.search(reason, found[1]), found
    assert found[0] == line, found


def test_a_refused_rule_takes_those_that_need_it_with_it_and_no_other() -> None:
    found = link(
        [
            parse_text(rule_text("f|expand: '%x%'"), "a"),
            parse_text(TOGETHER, "b"),
            parse_text(rule_text("f: a", rule_id=ID[:-1] + "7"), "c"),
        ]
    )
    assert [rule.file for rule in found.rules] == ["c"]
    assert [(each.file, each.rule_id) for each in found.refusals] == [("a", ID), ("b", OTHER)]


def test_rules_travel_as_json_unchanged() -> None:
    rules = load(rule_text("f|re|i: a\n'g|contains|all': [x, y?]\nh|gte: 1.5\ni: null"), TOGETHER)
    assert msgspec.json.decode(msgspec.json.encode(rules), type=RuleSet) == rules


def test_a_rule_without_id_goes_by_its_name_or_its_place() -> None:
    text = rule_text("f: a").replace(f"id: {ID}\n", "")
    assert load(text).rules[0].id == "file0#1"
    assert load(text.replace("title", "name: short\ntitle")).rules[0].id == "short"


# Harm


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 100_000,
        "a: &a [x]\n"
        + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 12)).replace("*b0", "*a"),
        rule_text("f: [" + ", ".join("x" * 3 for _ in range(20_000)) + "]", condition=" or ".join(["selection"] * 900)),
        rule_text("f: a", condition="not " * 2000 + "selection"),
        rule_text("f|windash: '" + " -a" * 50 + "'"),
        rule_text("f: " + "9" * 5000),
        "---\n" * 5000,
        "a: !!python/object/apply:os.system [x]",
        "\x00\x01\x02",
        "%YAML 9.9\n---\na: b",
        "\ud800",
    ],
    ids=[
        "deep",
        "deep-map",
        "deep-list",
        "laughs",
        "blow-up",
        "nots",
        "dashes",
        "digits",
        "documents",
        "python",
        "binary",
        "version",
        "surrogate",
    ],
)
def test_nonsense_costs_only_itself(text: str) -> None:
    before = time.process_time()
    parsed = parse_text(text, "file.yml")
    assert not parsed.rules
    assert time.process_time() - before < 30


def test_brackets_without_end_are_read_or_refused() -> None:
    parse_text(rule_text("f: a", condition="(" * 4000 + "selection" + ")" * 4000), "file.yml")


@pytest.mark.parametrize("text", ["f|re: '('", "f|re: a"])
def test_nothing_is_written_while_rules_are_read(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    parse_text(rule_text(text), "file.yml")
    assert capfd.readouterr() == ("", "")


@given(st.text(st.sampled_from("abc:-[]{}&*!|>'\"%@\n\t #,?0.") | st.characters(), max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_rules_or_refusals(text: str) -> None:
    parse_text(text, "file.yml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["title", "id", "logsource", "detection", "correlation", "tags", "level", "gleanwatch", "name"])
PARTS = st.sampled_from(
    ["condition", "selection", "type", "rules", "timespan", "category", "f|re", "f|contains", "group-by"]
)


@given(st.dictionaries(KEYS, JSON | st.dictionaries(PARTS, JSON, max_size=4), max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_mapping_gives_a_rule_or_a_refusal(rule: dict[str, object]) -> None:
    parsed = parse_text(json.dumps(rule), "file.yml")
    assert len(parsed.rules) + len(parsed.refusals) == 1


def test_a_catastrophic_expression_is_harmless() -> None:
    judge = Engine(load(rule_text("f|re: '(a+)+$'")))
    before = time.process_time()
    assert judge.match([{"category": "test"}], {"f": "a" * 100_000 + "b"}, 0) == []
    assert time.process_time() - before < 5


def test_a_catastrophic_wildcard_is_harmless() -> None:
    judge = Engine(load(rule_text("f: '" + "*a" * 30 + "*b'")))
    before = time.process_time()
    assert judge.match([{"category": "test"}], {"f": "a" * 100_000}, 0) == []
    assert time.process_time() - before < 5


# Files


def test_only_regular_files_of_reasonable_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "good.yml").write_text(rule_text("f: a"))
    (tmp_path / "large.yml").write_bytes(b"#" * (MAX_FILE + 1))
    (tmp_path / "latin.yaml").write_bytes(b"title: \xe9")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / ".hidden.yml").write_text("[")
    (tmp_path / "folder.yml").mkdir()
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe.yml")
        (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    found = parse_in_process(tmp_path)
    assert [rule.file for rule in found.rules] == ["good.yml"]
    expected = {"large.yml": "bytes", "latin.yaml": "UTF-8"}
    if sys.platform != "win32":
        expected |= {"pipe.yml": "regular", "gone.yml": "No such file"}
    assert {each.file: word for each in found.refusals for word in expected.values() if word in each.reason} == expected


def test_a_folder_of_everything_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.detection.sigma.files.MAX_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.yml").write_text("a: b")
    with pytest.raises(TooMany, match="only rules"):
        rule_files(tmp_path)


async def test_reading_apart_gives_the_same_and_leaves_no_pysigma_behind(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(rule_text("f: a"))
    (tmp_path / "b.yml").write_text(TOGETHER)
    (tmp_path / "c.yml").write_text("[")
    steps: list[tuple[int, int]] = []
    found = await parse_apart([tmp_path], progress=lambda done, of: steps.append((done, of)))
    assert found == parse_in_process(tmp_path)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    code = "import agent.detection.sigma, sys; sys.exit('sigma.rule' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


async def test_a_file_that_ends_the_reading_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = (
        "import sys;sys.path[:0]=sys.argv[1:];from agent.detection.sigma import parse_child as c;import os,time;"
        "real=c.parse_text;"
        "c.parse_text=lambda t,n:os.kill(os.getpid(),9) if 'dies' in n "
        "else time.sleep(60) if 'hangs' in n else real(t,n);"
        "c.main()"
    )
    monkeypatch.setattr("agent.detection.sigma.apart._BOOT", boot)
    for number, name in enumerate(("a", "b_dies", "c", "d_hangs", "e")):
        (tmp_path / f"{name}.yml").write_text(rule_text("f: a", rule_id=f"{ID[:-1]}{number}"))
    found = await parse_apart([tmp_path], watchdog_seconds=3)
    assert [rule.file for rule in found.rules] == ["a.yml", "c.yml", "e.yml"]
    assert {each.file: each.reason for each in found.refusals} == dict.fromkeys(
        ("b_dies.yml", "d_hangs.yml"), "reading it takes too long or too much memory"
    )


async def test_what_we_ship_is_good() -> None:
    found = await parse_apart([SHIPPED])
    assert found.refusals == ()
    assert found.rules
