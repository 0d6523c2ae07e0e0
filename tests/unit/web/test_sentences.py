"""What the floors below the pages say is found again in `content/sentences.yaml`: in every table, at every call.

The tables are asked for each of their values. The code is read: every text given to `Evidence`, `Health` and to a
refusal is made with something in its places, and must be found.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

import pytest
import yaml

import agent
from agent.detection import context
from agent.detection.explain import explain, headline
from agent.detection.identify import imports, own_words, shape, unread, yara
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Level, Stage
from agent.pages import language
from agent.sensors.columns import KINDS
from tests.unit.web import pseudo
from tests.unit.web.fake_face import NOW, a_finding

HOUSE = Path(agent.__file__).parent
MAKERS = {"Evidence": (2,), "Health": (2, 3, 4), "ProofCheck": (), "LeftOut": (), "ValueError": (0,)}
NAMED = {"Health": {"how", "missed", "action"}, "Evidence": {"detail"}, "ProofCheck": {"said"}}
SHOWN_FROM = ("consenting.py", "erasing.py", "proving.py", "face.py", "consent/standing.py", "web/record_views.py")
"""Modules whose ValueErrors a page shows."""
READ = (
    *("detection", "sensors", "link", "store", "web", "witnessing.py", "watching.py", "artefacts.py", "inventory.py"),
    *(
        "organisation.py",
        "budget.py",
        "crashes.py",
        "daemon.py",
        "consenting.py",
        "erasing.py",
        "proving.py",
        "face.py",
    ),
    "consent/standing.py",
)
# Said to a terminal or a socket alone, or a failure that is not ours to word.
ELSEWHERE = (
    "An act comes from a page", "Say which entry", "An entry is a whole number", "minutes is a whole number",
    "An answer is one of", "«7» is", "7 is missing.",
)  # fmt: skip


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made = pseudo.catalogue()
    monkeypatch.setattr(language, "catalogue", lambda _language: made)
    with language.telling_in("de"):
        yield


def unknown(said: str) -> bool:
    return "<span" in str(language.told(said))


def test_every_word_in_the_tables_of_detection_is_known() -> None:
    said = [words for _, _, words in (*shape.HINTS, *shape.ORDINARY)]
    said += own_words._SAYS.values()
    said += [one.says for one in yara.RULES.values()]
    said += [words for _, words in unread._RULES.values()]
    said += [one.why for one in context._MEANING.values()]
    said += KINDS
    said += [f"A {name} script" for name in imports.LANGUAGES.values()]
    assert [one for one in said if unknown(one)] == []


def test_every_sentence_of_our_own_rules_is_known() -> None:
    texts = [yaml.safe_load_all(path.read_text("utf-8")) for path in (HOUSE / "content" / "rules").glob("*.yml")]
    says = [
        part["says"]
        for text in texts
        for document in text
        for part in (document, document.get("gleanwatch", {}))
        if "says" in part
    ]
    assert says
    fields = dict.fromkeys(("rows", "files", "files_per_minute", "hosts", "per_host", "seconds", "started"), "7")
    fields |= {"opened": "7", "turns": "7", "columns": "email and name", "platforms": "LinkedIn, X and YouTube"}
    assert [one for one in says if unknown(one.format(**fields))] == []


@pytest.mark.parametrize("answer", ["", "approved", "stopped", "mistaken", "not_me", "stopping", "work", "of_later"])
@pytest.mark.parametrize("stage", list(Stage))
def test_whatever_explains_a_finding_is_known(stage: Stage, answer: str) -> None:
    pieces = [Evidence(cls, "a.rule", "takes pages apart, writes what it finds", 0.5) for cls in EvidenceClass]
    pieces = [one for one in pieces if one.cls not in (EvidenceClass.FLAGS, EvidenceClass.CADENCE)]
    flags = ", ".join(f"{mode.value} (-x)" for mode in CollectMode)
    pieces.append(Evidence(EvidenceClass.FLAGS, "a.rule", f"asked for many: {flags}", 0.5))
    pieces.append(
        Evidence(EvidenceClass.CADENCE, "a.rule", "31 page loads on X: rate, even, distinct, sequential", 0.5)
    )
    for level in Level:
        for flagged, closed in ((True, None), (True, NOW), (False, None)):
            found = a_finding(
                stage=stage, level=level, flagged=flagged, closed_at=closed, answer=answer, evidence=tuple(pieces),
                modes=tuple(CollectMode), lowered="it is a test, it only sends",
            )  # fmt: skip
            told = explain(found)
            said = [headline(found), *told.why, told.meaning, told.said, *told.now, *(sign.says for sign in told.signs)]
            assert [one for one in said if one and unknown(one)] == []


def test_what_is_found_holds_its_own_words_in_the_language() -> None:
    told = str(language.told("Its code: requests pages in a loop, takes pages apart."))
    assert not any(c.isascii() and c.isalpha() for c in told)
    said = str(
        language.told(
            "How it was started: asked for many: a list of addresses (-i), one page after the other in a loop (-l)."
        )
    )
    assert pseudo.narrow(said, ("-i", "-l")) == []


MOST = 60
"""Ways in which one expression can be put together; more are not tried."""


def _texts(node: ast.expr, local: dict[str, list[ast.expr]], seen: frozenset[str] = frozenset()) -> list[str]:
    """Return the texts that an expression can be, with something in each place that nothing is known of."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            ways = [_texts(part, local, seen) for part in parts]
            return ["".join(way) for way in islice(product(*ways), MOST)]
        case ast.FormattedValue(value=value):
            return _texts(value, local, seen) or ["7"]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            ends = _texts(right, local, seen) or ["7"]
            return [start + end for start in _texts(left, local, seen) for end in ends][:MOST]
        case ast.IfExp(body=body, orelse=other):
            return [*_texts(body, local, seen), *_texts(other, local, seen)]
        case ast.Name(id=name) if name not in seen:
            found = (text for each in local.get(name, ())[:MOST] for text in _texts(each, local, seen | {name}))
            return list(dict.fromkeys(islice(found, MOST)))
        case _:
            return []


def said_in_the_code() -> Iterator[tuple[str, str]]:
    for start in READ:
        place = HOUSE / start
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            yield from _said_in(path)


def _said_in(path: Path) -> Iterator[tuple[str, str]]:
    here = path.relative_to(HOUSE).as_posix()
    tree = ast.parse(path.read_text("utf-8"))
    scopes = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for scope in (tree, *scopes):
        calls = [node for node in ast.walk(scope) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        made = [(node.func.id, node) for node in calls if isinstance(node.func, ast.Name) and node.func.id in MAKERS]
        if not made:
            continue
        local: dict[str, list[ast.expr]] = {}
        for node in (*tree.body, *ast.walk(scope)):
            for name, value in _assigned(node):
                local.setdefault(name, []).append(value)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                before = local.setdefault(node.target.id, [])
                before += [ast.BinOp(each, ast.Add(), node.value) for each in before[:MOST]]
        for maker, node in made:
            if maker == "ValueError" and here not in SHOWN_FROM:
                continue
            given = [node.args[at] for at in MAKERS[maker] if at < len(node.args)]
            given += [word.value for word in node.keywords if word.arg in NAMED.get(maker, ())]
            for argument in given:
                for text in _texts(argument, local):
                    if text.strip("7"):
                        yield here, text


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what is given a name, two at once included."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            yield from (
                (name.id, value) for name, value in zip(names, values, strict=False) if isinstance(name, ast.Name)
            )
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            yield name, value


def test_whatever_the_code_says_is_known() -> None:
    said = set(said_in_the_code())
    assert len(said) > 100
    assert sorted((here, text) for here, text in said if unknown(text) and not text.startswith(ELSEWHERE)) == []
