"""The list of findings and the page of one: filters with counts, pages, empty states, evidence, answers, the hold."""

from __future__ import annotations

import re
from html import unescape

import pytest

from agent.model.answers import MOST_WORDS
from agent.model.consent import Press
from agent.model.face import FindingFilter
from agent.model.findings import Level, Stage
from agent.model.purposes import ActKind, Channel, Mode
from agent.web.findings_views import PER_PAGE
from agent.web.paging import Part
from tests.unit.web.fake_face import DAY, MINUTE, NOW, FakeFace, a_finding, fill
from tests.unit.web.served import Page


async def text_of(page: Page, path: str, status: int = 200) -> str:
    async with page.get(path) as answer:
        assert answer.status == status, path
        return await answer.text()


def listed(text: str) -> list[str]:
    return re.findall(r'id="found-(\w+)"', text)


async def test_each_filter_lists_its_findings_and_says_how_many_there_are(inside: Page) -> None:
    fill(inside.face)
    for which in FindingFilter:
        page = await inside.face.findings_page(which)
        text = await text_of(inside, f"/findings?show={which.value}")
        assert listed(text) == [f.id for f in page.found]
        assert f'<a href="/findings?show={which.value}" aria-current="page">' in text
        for one in FindingFilter:
            link = text.split(f'href="/findings?show={one.value}"')[1].split("</a>")[0]
            assert f">{page.counts[one]}<" in link, (which, one)


async def test_a_line_says_level_stage_platforms_since_when_and_the_answer(inside: Page) -> None:
    fill(inside.face)
    text = await text_of(inside, "/findings")
    scrapy = text.split('id="found-f1"')[1].split("</li>")[0]
    for words in ("Scrapy", "Flagged", "Almost certain", "Collecting", "LinkedIn", "42 minutes ago", "1 minute ago"):
        assert words in scrapy, words
    assert 'href="/findings/f1#say-title"' in scrapy
    answered = text.split('id="found-f2"')[1].split("</li>")[0]
    assert "You said that this is approved." in answered
    assert "Answer" not in answered
    over = text.split('id="found-f4"')[1].split("</li>")[0]
    assert "Over, ended" in over


async def test_own_words_are_kept_up_to_the_length_that_the_page_names(inside: Page) -> None:
    inside.face.found = [a_finding()]
    text = await text_of(inside, "/findings/f1")
    assert f'maxlength="{MOST_WORDS}"' in text
    assert f"up to {MOST_WORDS} characters" in text
    for length, status in ((MOST_WORDS + 1, 422), (MOST_WORDS, 303)):
        form = {"finding": "f1", "answer": "stopped", "from": "finding", "words": "w" * length}
        async with inside.post("/answer", form) as answer:
            assert answer.status == status
            assert (f"Up to {MOST_WORDS} characters" in await answer.text()) is (status == 422)


async def test_a_long_list_is_cut_into_pages_that_lead_to_each_other(inside: Page) -> None:
    inside.face.found = [a_finding(f"n{n:03}", last_seen=NOW - n) for n in range(2 * PER_PAGE + 3)]
    seen: list[str] = []
    path = "/findings?show=all"
    for _ in range(3):
        text = await text_of(inside, path)
        seen += listed(text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = unescape(older[1]) if older else ""
    assert seen == [f.id for f in inside.face.found]
    assert path == ""
    newest = unescape(re.search(r'rel="prev" href="([^"]+)"', text)[1])  # type: ignore[index]
    assert listed(await text_of(inside, newest)) == seen[PER_PAGE : 2 * PER_PAGE]
    assert (FindingFilter.ALL, 0, PER_PAGE) in inside.face.asked_pages


@pytest.mark.parametrize("which", [one.value for one in FindingFilter])
async def test_an_empty_list_teaches_what_it_is_for(inside: Page, which: str) -> None:
    text = await text_of(inside, f"/findings?show={which}")
    taught = text.split('<section class="teach"')[1].split("</section>")[0]
    assert len(re.findall(r"<p>[^<]{60,}", taught)) == 1
    assert ("/try" in taught) == (which == "all")


async def test_an_address_beyond_the_end_leads_back(inside: Page) -> None:
    fill(inside.face)
    text = await text_of(inside, "/findings?show=all&from=900")
    assert "nothing further back" in text
    assert 'href="/findings?show=all"' in text


@pytest.mark.parametrize("query", ["show=none", "show=asks&from=-1", "from=x", "from=" + "9" * 30])
async def test_an_address_that_is_none_of_ours_is_refused(inside: Page, query: str) -> None:
    await text_of(inside, f"/findings?{query}", 404)


async def test_a_name_from_outside_is_text_wherever_it_stands(inside: Page) -> None:
    name = "<script>alert(1)</script>\"'\u202e"
    inside.face.found = [a_finding("f1", name)]
    for path in ("/findings", "/findings/f1"):
        text = await text_of(inside, path)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_one_finding_shows_reasons_with_what_was_looked_at(inside: Page) -> None:
    fill(inside.face)
    text = await text_of(inside, "/findings/f1")
    for words in (
        "Scrapy is collecting from LinkedIn.", "Its package: Started through the entry point of scrapy.",
        "What was looked at.", "by the package&#39;s own list of files", "Why that counts.", "weight 0.90 of 1",
        "Several independent signs agree.", "What to do now", "What is allowed instead", "What terms and law say",
        "Its command line, its files and what it collected are not kept.",
    ):  # fmt: skip
        assert words in text, words


async def test_answers_stand_newest_first_with_their_receipts_and_words(inside: Page) -> None:
    fill(inside.face)
    for category, words in (("stopped", "It was\na <b>test</b>"), ("mistaken", "")):
        press = Press(ActKind.ANSWERED, inside.face.text.sha256, "finding.answer", 5)
        await inside.face.answer("f1", category, words, press, Channel.PAGE)
    text = (await text_of(inside, "/findings/f1")).split("What you said so far")[1].split("</ol>")[0]
    assert re.findall(r"«([^»]+)»", text) == ["This is not what it looks like", "I have stopped"]
    assert "<blockquote>It was\na &lt;b&gt;test&lt;/b&gt;</blockquote>" in text
    assert [entry in text for entry in ("/receipts/3", "/receipts/4")] == [True, True]


@pytest.mark.parametrize(("face", "shown"), [(FakeFace(Mode.MANAGED), True), (FakeFace(Mode.PERSONAL), False)])
async def test_the_hold_counts_down_where_an_organisation_runs_it(inside: Page, shown: bool) -> None:
    inside.face.found = [a_finding("f1", held_until=NOW + 3 * 60 * MINUTE), a_finding("f2", held_until=NOW - DAY)]
    text = await text_of(inside, "/findings/f1")
    assert ("Between you and this computer. This ends <time" in text) == shown
    assert ("in 3 hours" in text) == shown
    over = await text_of(inside, "/findings/f2")
    assert ("This ends" in over) is False
    assert ("between you and this computer ended" in over) == shown


async def test_what_is_over_asks_for_nothing_to_be_done(inside: Page) -> None:
    inside.face.found = [
        a_finding("f1", closed_at=NOW - DAY),
        a_finding("f2", stage=Stage.INSTALLED, flagged=False, level=Level.LOW, held_until=None),
    ]
    for path in ("/findings/f1", "/findings/f2"):
        assert "What to do now" not in await text_of(inside, path)


@pytest.mark.parametrize(
    ("part", "newer", "older"),
    [
        (Part(0, 0, 0, 25), None, None),
        (Part(0, 25, 25, 25), None, None),
        (Part(0, 25, 26, 25), None, 25),
        (Part(25, 1, 26, 25), 0, None),
        (Part(10, 16, 26, 25), 0, None),
        (Part(900, 0, 26, 25), 1, None),
    ],
)
def test_where_the_pages_beside_one_begin(part: Part, newer: int | None, older: int | None) -> None:
    assert (part.newer, part.older) == (newer, older)
