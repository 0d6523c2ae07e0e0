"""What a person sees of the rules and approvals that their organisation adds."""

from __future__ import annotations

import pytest

from agent.model.approvals import Approval
from agent.model.organisation import Added, LeftOut
from agent.model.own_rules import OwnRule
from agent.model.purposes import ActKind, Mode
from tests.unit.web.fake_face import MINUTE, NOW, FakeFace, a_finding
from tests.unit.web.served import Page

RULE = OwnRule(
    "3f0f4b0a-6f0e-4c1c-9a55-1f1b6b6f0c11",
    "Media is downloaded by the <library>",
    "Ask the desk instead.",
    "media-downloader",
    ("at least one of:", "  modes is list", "  platforms is youtube"),
)
APPROVAL = Approval("scraper-framework", "linkedin", NOW + 60 * MINUTE, "TICKET-12", "compliance.acme.example")
WAITS = Added(rules=(RULE,))
HOLDS = Added(rules=(RULE,), since=NOW - 5 * MINUTE)


def managed(added: Added) -> FakeFace:
    face = FakeFace(Mode.MANAGED)
    face.adds = added
    return face


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def press(page: Page, form: dict[str, str]) -> int:
    async with page.post("/act", form) as answer:
        return answer.status


@pytest.mark.parametrize("face", [managed(WAITS)])
async def test_rules_that_wait_are_announced_and_the_notice_reports_that_it_was_shown(inside: Page) -> None:
    overview = await text_of(inside, "/")
    assert "Something new to read" in overview
    assert 'id="added" class="changed" aria-labelledby="added-title">' in overview
    assert "Rules that you have not read yet" in await text_of(inside, "/consent")
    assert "data-report-shown" in await text_of(inside, "/notice")
    assert "wait until you have read them" in await text_of(inside, "/organisation")


@pytest.mark.parametrize("face", [managed(HOLDS)])
async def test_rules_in_force_say_since_when_in_words_that_cannot_break_the_page(inside: Page) -> None:
    assert 'id="added" class="changed" aria-labelledby="added-title" hidden>' in await text_of(inside, "/")
    assert "data-report-shown" not in await text_of(inside, "/notice")
    text = await text_of(inside, "/organisation")
    assert "In force since" in text
    assert "Media is downloaded by the &lt;library&gt;" in text
    assert 'class="in-0"><bdi>at least one of:' in text
    assert 'class="in-1"><bdi>platforms is youtube' in text
    assert "wait" not in text.split('id="rules"')[1]


@pytest.mark.parametrize("face", [managed(WAITS)])
async def test_an_answer_at_the_notice_records_first_that_it_was_shown(inside: Page) -> None:
    assert await press(inside, inside.act("acknowledged", came_from="notice")) == 303
    assert [one.press.kind for one in inside.face.pressed] == [ActKind.SHOWN, ActKind.ACKNOWLEDGED]


@pytest.mark.parametrize("face", [managed(WAITS)])
async def test_elsewhere_a_yes_needs_the_reading_first_and_a_no_does_not(inside: Page) -> None:
    assert await press(inside, inside.act("acknowledged", came_from="consent")) >= 400
    assert await press(inside, inside.act("objected", came_from="consent")) == 303
    assert [one.press.kind for one in inside.face.pressed] == [ActKind.OBJECTED]


@pytest.mark.parametrize("face", [managed(Added(approvals=(APPROVAL,)))])
async def test_an_approved_finding_is_listed_with_its_end_and_reference_and_asks_nothing(inside: Page) -> None:
    inside.face.found = [a_finding(approved_until=APPROVAL.until), a_finding("f2", "Another one")]
    text = await text_of(inside, "/")
    assert text.index("Another one") < text.index("Scrapy")
    card = text.split('id="finding-f1"')[1].split("</li>")[0]
    assert "TICKET-12" in card
    assert "You are not warned about it" in card
    assert "That was not me" not in card
    assert "Flagged" not in card
    page = await text_of(inside, "/findings/f1")
    assert "TICKET-12" in page
    assert "What to do now" not in page
    assert "What do you say?" in page  # saying something stays possible
    assert "TICKET-12" in await text_of(inside, "/organisation")


@pytest.mark.parametrize("face", [managed(Added())])
async def test_an_approval_that_ended_warns_again_and_says_that_it_was(inside: Page) -> None:
    inside.face.found = [a_finding(approved_until=NOW - MINUTE)]
    assert "Waiting for your answer" in await text_of(inside, "/")
    assert "It was approved by your compliance team until" in await text_of(inside, "/findings/f1")


@pytest.mark.parametrize(
    "face",
    [managed(Added(rules=(RULE,), since=1, earlier=True, left_out=(LeftOut("rules", "two.yml", 7, "no <title>"),)))],
)
async def test_what_is_left_out_is_named_with_line_and_reason(inside: Page) -> None:
    text = await text_of(inside, "/organisation")
    assert "rules/two.yml" in text
    assert "line 7" in text
    assert "no &lt;title&gt;" in text
    assert "these, from before, stay" in text


async def test_where_nobody_adds_anything_nothing_is_said_of_it(inside: Page) -> None:
    assert "/organisation" not in await text_of(inside, "/")
    assert "/organisation" not in await text_of(inside, "/consent")
