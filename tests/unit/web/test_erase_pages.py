"""Erasing in two steps: nothing goes before it was shown what would go and what stays, and confirmed."""

from __future__ import annotations

import pytest

from agent.model.consent import Erasable, Ground, Press
from agent.model.purposes import ActKind, Channel, Purpose
from tests.unit.web.fake_face import FakeFace, fill
from tests.unit.web.served import Page


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


@pytest.fixture
def face() -> FakeFace:
    filled = FakeFace()
    fill(filled)
    return filled


async def test_what_and_why_are_asked_and_nothing_is_chosen_beforehand(inside: Page) -> None:
    text = await text_of(inside, "/erase")
    for what in ("page-loads", "findings", "words", "all"):
        assert f'name="what" value="{what}" required>' in text
    for ground in ("not-needed", "withdrawn", "objected", "unlawful"):
        assert f'name="ground" value="{ground}" required>' in text
    assert 'value="retention"' not in text
    assert "checked" not in text


async def test_the_preview_says_what_goes_and_what_stays_and_changes_nothing(inside: Page) -> None:
    text = await text_of(inside, "/erase?what=all&ground=objected")
    for words in ("2\u202f031 page loads", "4 findings", "I object to its being kept", "What stays, and why"):
        assert words in text
    assert "The acts that still hold" in text
    assert inside.face.erased == []


async def test_the_second_step_erases_and_says_plainly_what_went(inside: Page) -> None:
    form = {"what": "page-loads", "ground": "not-needed"}
    async with inside.post("/erase", form) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/erased"), "no address says what was erased"
    assert inside.face.erased == [(Erasable.PAGE_LOADS, Ground.NOT_NEEDED, None, Channel.PAGE)]
    text = await text_of(inside, "/erased")
    assert "gone from this computer" in text
    assert "2\u202f031 page loads" in text
    await text_of(inside, "/erased")
    assert len(inside.face.erased) == 1, "reading it again erases nothing again"


async def test_without_an_erasure_there_is_nothing_to_tell(inside: Page) -> None:
    async with inside.get("/erased") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/erase")


async def test_one_act_s_content_is_chosen_by_its_entry(inside: Page) -> None:
    await inside.face.act(Purpose.LONGER_HISTORY, Press(ActKind.GIVEN, inside.face.text.sha256, ""), Channel.PAGE)
    entry = str(inside.face.record[0].entry)
    assert f"/erase?what=record&amp;entry={entry}" in await text_of(inside, f"/receipts/{entry}")
    assert f'name="entry" value="{entry}"' in await text_of(inside, f"/erase?what=record&entry={entry}")
    preview = await text_of(inside, f"/erase?what=record&entry={entry}&ground=unlawful")
    assert f"(entry {entry})" in preview
    async with inside.post("/erase", {"what": "record", "entry": entry, "ground": "unlawful"}) as answer:
        assert answer.status == 303
    assert inside.face.erased == [(Erasable.RECORD, Ground.UNLAWFUL, int(entry), Channel.PAGE)]


async def test_nothing_to_erase_offers_no_button(inside: Page) -> None:
    text = await text_of(inside, "/erase?what=words&ground=not-needed")
    assert "There is nothing of it to erase" in text
    assert "erase.confirm" not in text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"what": "all"},
        {"ground": "not-needed"},
        {"what": "everything", "ground": "not-needed"},
        {"what": "all", "ground": "because"},
        {"what": "all", "ground": "retention"},
        {"what": "record", "ground": "unlawful"},
        {"what": "all", "ground": "unlawful", "entry": "3"},
    ],
)
async def test_a_form_that_says_not_exactly_what_and_why_erases_nothing(inside: Page, form: dict[str, str]) -> None:
    async with inside.post("/erase", form) as answer:
        assert answer.status == 400
    assert inside.face.erased == []


async def test_what_the_agent_refuses_is_said_in_its_words(inside: Page) -> None:
    async with inside.get("/erase?what=record&entry=99&ground=unlawful") as answer:
        assert answer.status == 409
        assert "There is no entry 99." in await answer.text()
    inside.face.refuses = "That act still holds."
    async with inside.post("/erase", {"what": "all", "ground": "unlawful"}) as answer:
        assert answer.status == 409
        assert "That act still holds." in await answer.text()
