"""The list of our own rules of evidence and the code that speaks by them are the same, both ways."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agent.content.evidence import EvidenceError, builtin_rules, parse_rules, rule_of

AGENT = Path(__file__).resolve().parents[3] / "agent"
ENDINGS = (".json", ".py", ".js", ".md", ".txt", ".cfg", ".html", ".zip")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((AGENT / "detection").rglob("*.py")):
        yield path.relative_to(AGENT).as_posix(), ast.parse(path.read_text("utf-8"))


def texts(node: ast.AST) -> set[str]:
    """Every text in a piece of code; one that is put together, such as f"yara.{name}", stands as `yara.*`."""
    together = [one for one in ast.walk(node) if isinstance(one, ast.JoinedStr)]
    heads = {one.values[0].value for one in together if isinstance(one.values[0], ast.Constant)}
    parts = {id(part) for one in together for part in one.values}
    whole = {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in parts
    }
    return whole | {f"{head}*" for head in heads if isinstance(head, str) and head.endswith(".")}


def in_evidence() -> dict[str, str]:
    """Rule ids that stand inside a call of `Evidence`, and where."""
    found = {}
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Evidence":
                said = node.args[1] if len(node.args) > 1 else None
                said = next((one.value for one in node.keywords if one.arg == "rule"), said)
                found |= dict.fromkeys(texts(said) if said is not None else (), name)
    return found


def looks_like_a_rule(text: str, spaces: set[str]) -> bool:
    first, _, rest = text.partition(".")
    return first in spaces and (rest == "*" or rest.replace("-", "").isalpha()) and not text.endswith(ENDINGS)


def in_rules() -> dict[str, str]:
    """Rule ids that our own rules over time speak by, and in which file."""
    files = sorted((AGENT / "content" / "rules").glob("*.yml"))
    documents = [(file.name, one) for file in files for one in yaml.safe_load_all(file.read_text("utf-8"))]
    return {rule: name for name, one in documents if (rule := one.get("gleanwatch", {}).get("rule"))}


def used() -> dict[str, str]:
    """Every rule id in the code of detection, whichever variable carries it into its evidence, and where it stands."""
    found = in_evidence() | in_rules()
    spaces = {one.partition(".")[0] for one in (*found, *builtin_rules())}
    for name, tree in trees():
        found |= {text: name for text in texts(tree) if looks_like_a_rule(text, spaces)}
    return found


def test_the_search_sees_what_it_should() -> None:
    assert {"network.platform", "imports.loop", "catalogue.unverified"} <= used().keys()
    assert "package.json" not in used()


def test_every_rule_that_the_code_speaks_by_is_explained() -> None:
    assert {rule: where for rule, where in used().items() if rule not in builtin_rules()} == {}


def test_every_rule_that_is_explained_is_one_that_the_code_speaks_by() -> None:
    assert [rule for rule in builtin_rules() if rule not in used()] == []


def test_a_rule_that_is_one_of_many_has_the_words_of_its_kind() -> None:
    assert rule_of("yara.texts_of_a_crawler") is builtin_rules()["yara.*"]
    assert rule_of("network.platform") is builtin_rules()["network.platform"]
    assert rule_of("network.of-a-later-release") is None
    assert rule_of("") is None


def test_each_is_said_in_whole_sentences() -> None:
    for rule in builtin_rules().values():
        assert not rule.title.endswith(".")
        for said in (rule.looks_at, rule.why, rule.number):
            assert said[0].isupper(), rule.id
            assert said.endswith("."), rule.id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: []", "schema_version"),
        ("schema_version: 1\nrules: [{id: X}]", "matching regex"),
        (
            "schema_version: 1\nrules:\n" + "- {id: a.b, class: name, title: t, looks_at: l, why: w, number: n}\n" * 2,
            "names a rule twice",
        ),
        ("schema_version: 1\nrules: [{id: a.b, class: smell}]", "smell"),
        ("[", "not well formed"),
    ],
)
def test_what_is_broken_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        parse_rules(text)
