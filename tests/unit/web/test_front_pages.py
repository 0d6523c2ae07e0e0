"""The frame of every page, and the pages that explain: health, why this exists, reports."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from agent.content.why import WhyError, load_why, parse_why, sentences
from agent.model.face import BrowserState
from agent.model.health import Condition, Health, Part
from agent.model.purposes import Mode
from agent.pages import words
from tests.unit.web.fake_face import NOW, FakeFace, fill
from tests.unit.web.served import Page

PLACES = ["/", "/findings", "/data", "/consent", "/ledger", "/reports", "/settings", "/health", "/why"]


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


@pytest.mark.parametrize("path", PLACES)
async def test_every_place_is_reached_from_every_other_and_says_where_one_is(inside: Page, path: str) -> None:
    fill(inside.face)
    text = await text_of(inside, path)
    nav = text.split('<nav class="places"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]*)"', nav) == PLACES
    assert re.findall(r'href="([^"]*)" aria-current="page"', nav) == [path]
    assert '<a class="skip" href="#main">' in text
    assert text.count("<main ") == text.count("<h1") == 1
    titled = re.search(r"<title>(.+) · Gleanwatch</title>", text)
    assert titled is not None


@pytest.mark.parametrize(("path", "place"), [("/notice", "/consent"), ("/history", "/consent"), ("/erase", "/data")])
async def test_a_page_below_a_place_says_below_which(inside: Page, path: str, place: str) -> None:
    nav = (await text_of(inside, path)).split('<nav class="places"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]*)" aria-current="true"', nav) == [place]


async def test_the_language_is_chosen_by_a_plain_link_at_the_foot_of_every_page(inside: Page) -> None:
    foot = (await text_of(inside, "/health")).split("<footer")[1]
    assert re.findall(r'href="([^"]*)" hreflang', foot) == [
        f"/health?lang={one}" for one in ("en", "de", "fr", "es", "nb")
    ]
    assert '<html lang="nb">' in await text_of(inside, "/health?lang=nb")
    assert '<html lang="nb">' in await text_of(inside, "/why"), "it is remembered"


async def test_health_tells_every_part_with_what_is_missed_and_what_to_do(inside: Page) -> None:
    inside.face.health = tuple(
        Health(part, Condition.DEGRADED, f"how {part}", f"missed {part}", f"action {part}") for part in Part
    )
    inside.face.counters = {"web.no_session": 2, "relay.bad_field": 1_500, "relay.never": 0}
    inside.face.browsers = (BrowserState("Ab3dE9", "firefox", "140", "0.0.9", True, NOW, 8, 3, 2, 1, ("linkedin",)),)
    text = await text_of(inside, "/health")
    for part in Part:
        for said in (words.PART[part], f"how {part}", f"missed {part}", f"action {part}"):
            assert escape(said) in text
    for said in ("1\u202f502", words.COUNTER["web.no_session"], "another release than the agent", "LinkedIn", "0 of "):
        assert escape(said) in text, said
    assert words.COUNTER["relay.gate_closed"] not in text
    assert '<code id="doctor-command">gleanwatch doctor</code>' in text
    assert '<button type="button" hidden data-copies="doctor-command"' in text, (
        "without a script there is no dead button"
    )


async def test_health_with_nothing_to_tell_teaches(inside: Page) -> None:
    text = await text_of(inside, "/health")
    for said in ("The parts have not reported yet", "No browser has connected", "Nothing was refused"):
        assert said in text


async def test_why_tells_both_statements_with_everyone_who_signed_their_dates_and_how_sure_we_are(inside: Page) -> None:
    text = await text_of(inside, "/why")
    for sentence in sentences():
        assert escape(sentence) in text, sentence
    first, second = load_why().statements
    assert (first.date.isoformat(), second.date.isoformat()) == ("2023-08-24", "2024-10-28")
    assert (len(first.signed), len(second.signed)) == (12, 4)
    assert not {one.code for one in first.signed} & {one.code for one in second.signed}
    assert "IN" not in {one.code for one in (*first.signed, *second.signed)}
    assert "WhatsApp" not in {service for one in first.sent_to for service in one.services}
    assert text.count('class="source"') == 2 * 5 + len(load_why().press)
    assert "not legal advice" in text


def test_a_fact_that_nobody_confirmed_is_refused() -> None:
    text = (
        "schema_version: 1\nchecked: 2026-11-24\nstatements: []\nso_what: []\n"
        "press: [{claim: a, fact: b, source: c, certainty: C}]\n"
    )
    with pytest.raises(WhyError, match=r"why\.yaml"):
        parse_why(text)


@pytest.mark.parametrize("face", [FakeFace(mode) for mode in Mode], ids=list(Mode))
async def test_reports_are_honestly_empty_in_every_mode(inside: Page) -> None:
    text = await text_of(inside, "/reports")
    assert "No report was sent, and none can be" in text
    assert ("Acme" in text) is (inside.face.mode is Mode.MANAGED)
    for never in ("titles", "Command lines", "That you paused", "nobody can list who refused", "private windows"):
        assert never in text.split("What it never holds")[1]
    assert "<form" not in text
