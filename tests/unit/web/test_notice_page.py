"""The notice page: the exact text in the person's language, its fingerprint, and what changed in it."""

from __future__ import annotations

import hashlib
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.content.notices import LANGUAGES, difference
from agent.model.purposes import ActKind, Gate, GateState, Mode, Purpose
from agent.web.difference import grouped
from agent.web.languages import choose, wanted
from tests.unit.web.fake_face import NOW, FakeFace
from tests.unit.web.served import Page

SHOWN = Gate(Purpose.DETECT, GateState.WAITING, NOW, reason="not_acknowledged")


async def text_of(page: Page, path: str = "/notice", accept: str | None = None) -> str:
    async with page.get(path, {"Accept-Language": accept}) as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED)])
async def test_the_exact_text_and_its_hash_stand_there_in_every_language(inside: Page, language: str) -> None:
    text = await text_of(inside, f"/notice?lang={language}")
    shown = html.unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)[0])
    sha = inside.face.notice(language).sha256
    assert hashlib.sha256(shown.encode()).hexdigest() == sha
    assert text.count(sha) >= 2
    assert f'<article class="notice" id="notice" lang="{language}"' in text
    assert f'<html lang="{language}">' in text, "the frame around it speaks the same language"
    for code in LANGUAGES:
        assert f'href="/notice?lang={code}" hreflang="{code}" lang="{code}"' in text
    assert f'lang="{language}" aria-current="true"' in text


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("pt, nn;q=0.8, en;q=0.1", "nb"),
        ("en;q=0.1, fr;q=0.9", "fr"),
        ("pt", "en"),
        (";;;q=,,", "en"),
    ],
)
async def test_the_browsers_language_is_taken_unless_another_was_chosen(
    inside: Page, accept: str | None, language: str
) -> None:
    assert f'id="notice" lang="{language}"' in await text_of(inside, accept=accept)
    assert 'id="notice" lang="es"' in await text_of(inside, "/notice?lang=es", accept)
    assert 'id="notice" lang="es"' in await text_of(inside, accept=accept), "a choice is remembered"
    assert 'id="notice" lang="es"' in await text_of(inside, "/notice?lang=xx", accept), (
        "one that we lack changes nothing"
    )


@given(st.text(max_size=600))
def test_no_header_can_choose_a_language_that_is_not_offered(header: str) -> None:
    assert choose("", "", header, ("en", "de")) in ("en", "de")
    assert all(tag.strip() and tag != "*" for tag in wanted(header))


def test_what_is_wanted_comes_in_the_order_of_its_weight() -> None:
    assert wanted("da, en-gb;q=0.8, en;q=0.7, *;q=0.1, sv;q=0") == ["da", "en-gb", "en"]
    assert wanted("a;q=0.5,b,c;q=0.5") == ["b", "a", "c"], "equals keep their order"


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_what_changed_is_told_with_signs_before_the_whole_text(inside: Page) -> None:
    now = inside.face.notice("de").text
    inside.face.before["de"] = now.replace("24 Stunden", "12 Stunden").replace("Acme.", "Acme und <Söhne>.")
    text = await text_of(inside, "/notice?lang=de")
    changed = text.split('id="changed-title"')[1].split("</section>")[0]
    assert text.index('id="changed-title"') < text.index('id="notice"')
    assert '<span class="sign" aria-hidden="true">+</span>' in changed
    assert '<span class="sign" aria-hidden="true">−</span>' in changed
    assert '<li class="new">' in changed
    assert '<li class="old">' in changed
    assert "<del>12</del>" in changed
    assert "<ins>24</ins>" in changed
    assert "&lt;Söhne&gt;" in changed
    assert 'lang="de"' in changed
    assert "changed-title" not in await text_of(inside, "/notice?lang=en")


LINES = st.lists(
    st.sampled_from(["# One", "## Two", "- a b c", "- a d c", "", "plain", "…", "**bold** `code`"]), max_size=14
)


@given(LINES, LINES)
def test_the_difference_loses_and_invents_nothing(before: list[str], after: list[str]) -> None:
    lines = difference("\n".join(before), "\n".join(after))
    plain = [(mark, re.sub(r"\*\*|`", "", line.lstrip("#- ")).strip()) for mark, line in lines if mark != " "]
    told = [(line.mark, "".join(part for part, _ in line.parts)) for group in grouped(lines) for line in group.lines]
    assert sorted(told) == sorted((mark, line) for mark, line in plain if line)


def test_a_rewritten_line_tells_its_words_apart() -> None:
    (group,) = grouped([(" ", "## Kept"), ("-", "- for **12** hours"), ("+", "- for **24** hours"), (" ", "## Next")])
    assert group.heading == "Kept"
    assert [line.parts for line in group.lines] == [
        (("for ", False), ("12", True), (" hours", False)),
        (("for ", False), ("24", True), (" hours", False)),
    ]


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_both_answers_stand_side_by_side_alike(inside: Page) -> None:
    text = await text_of(inside)
    choices = re.findall(r'<button type="submit" name="kind" value="(\w+)">([^<]+)</button>', text)
    assert choices == [
        ("acknowledged", "I have been shown this"),
        ("objected", "I have been shown this and I object"),
    ]
    inside.clock.seconds += 61
    async with inside.post("/act", inside.act("objected")) as answer:
        assert answer.headers["Location"] == "/?said=objected"
    (pressed,) = inside.face.pressed
    assert (pressed.purpose, pressed.press.kind) == (None, ActKind.OBJECTED)
    assert (pressed.press.control, pressed.press.dwell_ms) == ("notice.object", 61_000)


@pytest.mark.parametrize("face", [FakeFace(gate=Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="notice_changed"))])
async def test_a_changed_notice_asks_again_before_anything_else(inside: Page) -> None:
    text = await text_of(inside, "/")
    assert "data-report-shown" in text
    async with inside.post("/act", inside.act("acknowledged")) as answer:
        assert answer.status == 303
    assert [p.press.kind for p in inside.face.pressed] == [ActKind.SHOWN, ActKind.ACKNOWLEDGED]


@pytest.mark.parametrize(
    "face", [FakeFace(Mode.MANAGED, Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="language_missing"))]
)
async def test_where_the_language_is_missing_nothing_is_asked(inside: Page) -> None:
    text = await text_of(inside)
    assert 'name="kind"' not in text
    assert "in a language that this release does not have" in await text_of(inside, "/")
