"""What the pages under docs/ and the README say, held against the code: names, tables, reasons, links, commands.

A page that is no longer true fails here. Meaning cannot be tested; that every field, message, reason, file and command
that is named exists, and that none is missing, can.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from agent.cli.main import COMMANDS, NOT_YET
from agent.content.evidence import builtin_rules
from agent.content.scoring import load_scoring
from agent.detection.correlate.rules import worth_of
from agent.detection.correlate.shipped import load_rule_set
from agent.detection.identify.parse import python_code
from agent.detection.identify.shape import shape_of
from agent.detection.sigma.form import Correlation, Rule
from agent.link import messages
from agent.link.control import Request
from agent.store.schema import FIELDS
from tests.conformance import protocol_page
from tests.support import wire

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
PRIVACY = (ROOT / "docs" / "privacy.md").read_text("utf-8")

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@cache
def in_git() -> tuple[str, ...]:
    """Every file that git keeps or would keep."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(name for name in done.stdout.splitlines() if (ROOT / name).is_file())


def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    """Every call of a function, method or class of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if (isinstance(called, ast.Name) and called.id == name) or (
                isinstance(called, ast.Attribute) and called.attr == name
            ):
                yield node


def first_texts(tree: ast.Module, name: str) -> set[str]:
    """The first argument of each call of `name` where it is written out, text or bytes."""
    found = set()
    for call in calls(tree, name):
        if call.args and isinstance(call.args[0], ast.Constant):
            value = call.args[0].value
            found.add(value.decode() if isinstance(value, bytes) else str(value))
    return found


def in_code_marks(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


# Links, files, commands


@by_name
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        place = page.parent / target.partition("#")[0]
        assert place.exists(), f"{page.name} links to {target}, which is not there"


@by_name
def test_every_link_into_a_page_leads_to_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s:]*#[^)\s]+)\)", page.read_text("utf-8")):
        place, _, anchor = target.partition("#")
        text = (page.parent / place if place else page).read_text("utf-8")
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}, target


@by_name
def test_every_file_that_is_named_exists(page: Path) -> None:
    """A name may leave out the folders above; `*` stands for any name."""
    files = ["/" + name for name in in_git()]
    for name in in_code_marks(page.read_text("utf-8")):
        if re.fullmatch(r"[\w./*-]+\.(py|js|mjs|yaml|html|sh)", name):
            pattern = re.compile("/" + re.escape(name).replace(r"\*", "[^/]*") + "$")
            assert any(pattern.search(path) for path in files), f"{page.name} names {name}, which is not in git"


@by_name
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    named = {match[1] for mark in in_code_marks(text) if (match := re.match(r"make ([a-z]+)$", mark))}
    named |= set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE))
    assert named <= targets


@by_name
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    named = {match[1] for mark in in_code_marks(text) if (match := re.match(r"gleanwatch ([a-z]+)", mark))}
    # «gleanwatch approval v1» begins a signed note.
    named |= set(re.findall(r"^\S*gleanwatch ([a-z]+)\b(?! v\d)", text, re.MULTILINE))
    assert named <= {*COMMANDS, *NOT_YET}


def test_the_readme_says_how_to_start() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for needed in ("make run", "make test", "make demo", "gleanwatch try", "prefers-color-scheme: dark"):
        assert needed in text


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "0001-record-decisions.md").read_text("utf-8")
    numbers = []
    for page in sorted(folder.glob("*.md")):
        numbers.append(int(page.name[:4]))
        if numbers[-1] > 1:
            assert f"({page.name})" in listed
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.name[:4]}. ")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in text, (page.name, part)
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_dependency_is_used_and_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = (ROOT / "requirements.in").read_text("utf-8")
    explained = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text("utf-8")
    modules = {"apsw-sqlite3mc": "apsw", "google-re2": "re2", "pysigma": "sigma", "pyyaml": "yaml"}
    code = "\n".join((ROOT / name).read_text("utf-8") for name in in_git() if re.match(r"agent/.*\.py$", name))
    for name in project["dependencies"]:
        module = modules.get(name, name.replace("-", "_"))
        assert re.search(rf"^\s*(import|from) {module}\b", code, re.MULTILINE), f"nothing imports {name}"
        assert name in explained, name
        assert name in listed.split(), name


# What must not be in a file that is kept


def test_no_file_names_a_registry_or_a_place_of_this_machine() -> None:
    hosts = [("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"), ("npm", "js.com"), ("crates", ".io")]
    forbidden = [re.escape("".join(host)) for host in (*hosts, ("deb.", "debian.org"))]
    places = [re.escape(str(ROOT)), r"(?<![\w.~-])/(?:root|work)/"]
    pattern = re.compile("|".join([*forbidden, *places]).encode())
    for name in in_git():
        found = pattern.search((ROOT / name).read_bytes())
        assert found is None, f"{name} names {found.group().decode()}"


# What is kept


def test_privacy_lists_every_column_with_its_meaning_and_no_other() -> None:
    listed = {}
    for section in re.split(r"^### ", PRIVACY, flags=re.MULTILINE)[1:]:
        name = section.partition("`")[2].partition("`")[0]
        rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", section.partition("\n## ")[0], re.MULTILINE)
        listed[name] = dict(rows)
    assert listed == {table: dict(fields) for table, fields in FIELDS.items()}


# How a collection is recognised


DETECTION = (ROOT / "docs" / "detection.md").read_text("utf-8")


def rows_of(text: str, head: str) -> list[list[str]]:
    """The rows of the table whose first line begins with `head`, cell by cell."""
    table = text.partition(f"\n| {head} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()[2:]]


def test_the_weights_on_the_page_are_those_in_force() -> None:
    rows = rows_of(DETECTION, "number")
    assert len(rows) > 5
    scoring = load_scoring()
    assert {name.strip("`"): float(value) for name, value, _ in rows} == {
        name.strip("`"): scoring[name.strip("`")] for name, _, _ in rows
    }


def test_every_rule_about_what_is_done_is_on_the_page_with_what_it_is_worth_and_no_other() -> None:
    listed = {
        rule.strip("`"): (cls, float(weight), collecting == "yes", mode)
        for rule, cls, _, weight, collecting, mode in ([*cells, ""][:6] for cells in rows_of(DETECTION, "rule"))
    }
    rules = load_rule_set()
    all_of_them: tuple[Rule | Correlation, ...] = (*rules.rules, *rules.correlations)
    worth = [worth_of(rule) for rule in all_of_them if rule.custom]
    assert listed == {one.rule: (one.evidence.value, one.weight, one.collecting, one.mode or "") for one in worth}


def test_the_two_programs_that_the_page_walks_come_out_as_it_says() -> None:
    people, tickets = (
        shape_of(python_code.read(code.encode(), lambda name: None))
        for code in re.findall(r"^```python\n(.*?)^```", DETECTION, re.MULTILINE | re.DOTALL)
    )
    assert f"{people.weight:g}".lstrip("0") == ".85"
    assert not people.lowered
    assert ".85" in DETECTION
    assert f"{tickets.weight:g}".lstrip("0") in DETECTION
    assert tickets.weight < load_scoring()["watched_from"] < load_scoring()["level_low"] < people.weight
    network = next(
        worth for rule in load_rule_set().rules if rule.custom and (worth := worth_of(rule)).rule == "network.walk"
    )
    assert f"= {1 - (1 - people.weight) * (1 - network.weight):.2f}".replace("0.", ".") in DETECTION


def test_every_rule_that_the_page_names_is_told_in_words() -> None:
    named = {
        one for one in in_code_marks(DETECTION) if re.fullmatch(r"(network|start|fetch|export|media)\.[a-z-]+", one)
    }
    assert named <= set(builtin_rules())


# What crosses


FROM_EXTENSION = protocol_page.messages("Extension → agent")
FROM_AGENT = protocol_page.messages("Agent → extension")
FROM_HOST = protocol_page.messages("Native host → extension")
CONTROL = protocol_page.messages("Command line → agent")
STRUCTS = {
    "hello": messages.Hello,
    "load": messages.Load,
    "loads": messages.Loads,
    "answer": messages.Answer,
    "coverage": messages.Coverage,
    "ask": messages.Ask,
    "act": messages.ActOfPerson,
    "pause": messages.Pause,
    "open_page": messages.OpenPage,
    "ping": messages.Ping,
}


def test_the_protocol_lists_every_field_that_the_agent_takes_and_no_other() -> None:
    assert set(STRUCTS) == set(messages.KINDS)
    assert {kind: set(message.fields) for kind, message in FROM_EXTENSION.items()} == {
        kind: set(struct.__struct_fields__) - {"v"} for kind, struct in STRUCTS.items()
    }
    assert set(CONTROL["request"].fields) == set(Request.__struct_fields__) - {"v"}


def test_the_protocol_lists_every_field_that_the_agent_says() -> None:
    """That the examples have the encoders' form is the conformance test's business; here: table and example agree."""
    for message in (*FROM_AGENT.values(), *FROM_HOST.values()):
        instead = {field for field, meaning in message.meanings.items() if "instead of" in meaning}
        assert set(message.example) - {"v", "kind"} == set(message.fields) - instead, message.kind
    for kind, listed in (("gate", "gates"), ("ack", "dropped"), ("flags", "flags")):
        (one,) = FROM_AGENT[kind].example[listed]
        found = re.search(r"\{([\w, ]+)\}", FROM_AGENT[kind].meanings[listed])
        assert found is not None
        assert found[1].split(", ") == list(one)


def test_the_tests_own_copy_of_the_protocol_is_the_same() -> None:
    page = {**FROM_EXTENSION, **FROM_AGENT, **FROM_HOST}
    for kind, fields in wire.FIELDS.items():
        assert {*fields, *wire.OPTIONAL.get(kind, {})} == set(page[kind].fields), kind


def test_privacy_names_every_field_that_crosses() -> None:
    named = set(in_code_marks(PRIVACY))
    for message in (*FROM_EXTENSION.values(), *FROM_AGENT.values(), *FROM_HOST.values()):
        assert {message.kind, *message.fields} <= named, message.kind
    for kind, listed in (("gate", "gates"), ("flags", "flags")):
        assert set(FROM_AGENT[kind].example[listed][0]) <= named


# Reasons, commands and counts


def drop_reasons() -> set[str]:
    """Reasons for which a page load is dropped: of one that is none, and of one that may not be kept."""
    found = set()
    for path, name in (("agent/link/relay.py", "_judge"), ("agent/link/checks.py", "reason_against")):
        body = next(
            node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef) and node.name == name
        ).body
        for node in (inner for statement in body for inner in ast.walk(statement)):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value:
                found.add(str(node.value.value))
            if isinstance(node, ast.Tuple) and isinstance(node.elts[-1], ast.Constant):
                found.add(str(node.elts[-1].value))
    return found


def marked(text: str) -> set[str]:
    return {mark for mark in in_code_marks(text) if re.fullmatch(r"[a-z_]+", mark)}


def test_every_refusal_is_on_the_page_and_every_one_on_the_page_is_made() -> None:
    made = first_texts(parsed("agent/link/messages.py"), "Refusal") | first_texts(
        parsed("agent/link/relay.py"), "Refusal"
    )
    made |= first_texts(parsed("native_host/frames.py"), "FrameError") | {"frame_too_long", "frame_empty"}
    assert marked(FROM_AGENT["refuse"].meanings["reason"]) == made


def test_every_reason_for_a_drop_is_on_the_page_and_every_one_on_the_page_is_used() -> None:
    assert marked(FROM_AGENT["ack"].meanings["dropped"]) == drop_reasons()


def test_every_reason_of_the_host_is_on_the_page() -> None:
    said = first_texts(parsed("native_host/copying.py"), "_lose_agent")
    listed = marked(FROM_HOST["agent"].meanings["reason"]) - {"up"}
    assert listed == said


def test_the_extension_reckons_with_no_refusal_that_is_not_on_the_page() -> None:
    listed = marked(FROM_AGENT["refuse"].meanings["reason"])
    delivery = (ROOT / "extension" / "delivery.js").read_text("utf-8")
    texts = json.loads((ROOT / "extension" / "_locales" / "en" / "messages.json").read_text("utf-8"))
    for name in ("TEMPORARY", "NOBODYS_FAULT"):
        found = re.search(rf"const {name} = new Set\((\[.*?\])\)", delivery)
        assert found is not None
        assert set(ast.literal_eval(found[1])) <= listed
    said = {key.removeprefix("state_refusal_") for key in texts if key.startswith("state_refusal_")}
    assert len(said) > 2
    assert said <= listed


def test_every_count_at_the_relay_is_on_the_page() -> None:
    text = protocol_page.section("What the agent counts")
    for name in first_texts(parsed("agent/link/relay.py"), "count"):
        assert f"`{name}`" in text, name


def test_every_command_of_the_control_socket_is_on_the_page_and_no_other() -> None:
    cases = set()
    for node in ast.walk(parsed("agent/face.py")):
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
            cases.add(str(node.value.value))
    table = protocol_page.section("Command line → agent").partition("| command |")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == cases
