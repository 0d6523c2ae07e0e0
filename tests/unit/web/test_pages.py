"""What the pages say and do, seen through the server."""

from __future__ import annotations

import pytest
from markupsafe import escape

from agent.content.advice import to_do, ways
from agent.content.consequences import NOT_ADVICE, consequences_of
from agent.content.evidence import builtin_rules
from agent.model.findings import Level, Stage
from agent.model.purposes import ActKind, Channel, Gate, GateState, Mode, Purpose
from tests.unit.web.fake_face import MINUTE, NOW, FakeFace, a_finding, fill
from tests.unit.web.served import Page

NOT_SHOWN = Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="notice_not_shown")


async def text_of(page: Page, path: str) -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def test_the_first_screen_says_what_is_watched_recognised_kept_and_missed(inside: Page) -> None:
    fill(inside.face)
    text = await text_of(inside, "/")
    for words in (
        "Watching, with gaps", "Scrapy", "Framework for collecting", "Collecting from LinkedIn", "Almost certain",
        "I have stopped", "This is approved", "This is not what it looks like", "That was not me",
        "Chromium 142", "Firefox 140",
        "3 waiting", "2 dropped", "One lost", "profiles of people", "Missed: private windows", "next deletion is",
        "Try it", "Pause for an hour",
    ):  # fmt: skip
        assert words.lower() in text.lower(), words
    assert text.index("Scrapy") < text.index("A script with requests") < text.index("One installed, never flagged")
    assert "yt-dlp" not in text, "what is only installed stands on a page of its own"


async def test_nothing_known_yet_teaches_what_will_stand_here(inside: Page) -> None:
    text = await text_of(inside, "/")
    assert "No bulk collection seen" in text
    assert "No browser has connected yet" in text
    assert "Never the address, never the content" in text


async def test_what_is_only_hinted_at_is_not_shown(inside: Page) -> None:
    inside.face.found = [a_finding(name="Barely", level=Level.HIDDEN, flagged=False)]
    assert "Barely" not in await text_of(inside, "/")


@pytest.mark.parametrize("face", [FakeFace(gate=NOT_SHOWN)])
async def test_before_the_notice_was_shown_it_is_the_page(inside: Page) -> None:
    text = await text_of(inside, "/")
    assert "data-report-shown" in text
    assert inside.face.text.sha256 in text
    assert "Start watching" in text
    assert "Do not watch" in text
    async with inside.get("/fragment/overview") as answer:
        assert answer.status == 204


@pytest.mark.parametrize("face", [FakeFace(gate=NOT_SHOWN)])
async def test_shown_then_started_then_stopped_from_the_page(inside: Page) -> None:
    for kind, said in (("shown", "shown"), ("acknowledged", "started"), ("objected", "stopped")):
        async with inside.post("/act", inside.act(kind)) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"/?said={said}")
    kinds = [ActKind.SHOWN, ActKind.ACKNOWLEDGED, ActKind.OBJECTED]
    assert [(p.purpose, p.press.kind, p.channel) for p in inside.face.pressed] == [
        (None, kind, Channel.PAGE) for kind in kinds
    ]
    text = await text_of(inside, "/?said=stopped")
    assert "Not watching" in text
    assert "Nothing is looked at any more." in text
    assert "Start watching" in text
    assert "Try it" not in text


@pytest.mark.parametrize("face", [FakeFace(gate=NOT_SHOWN)])
async def test_without_a_script_the_press_itself_tells_that_the_notice_was_shown(inside: Page) -> None:
    async with inside.post("/act", inside.act("acknowledged")) as answer:
        assert answer.status == 303
    assert [p.press.kind for p in inside.face.pressed] == [ActKind.SHOWN, ActKind.ACKNOWLEDGED]


async def test_an_answer_to_another_text_is_not_recorded(inside: Page) -> None:
    for changed in ({"notice": "0" * 64}, {"language": "de"}, {"language": "xx"}, {"language": ""}):
        async with inside.post("/act", inside.act("acknowledged") | changed) as answer:
            assert answer.status == 409
            assert "was not recorded" in await answer.text()
    assert inside.face.pressed == []
    assert set(inside.refused) == {"web.notice_changed"}


@pytest.mark.parametrize(
    "face",
    [FakeFace(Mode.MANAGED, Gate(Purpose.DETECT, GateState.WAITING, NOW, NOW + 20_160 * MINUTE, "lead_days"))],
)
async def test_a_managed_instance_says_who_runs_it_when_it_starts_and_asks_for_no_agreement(inside: Page) -> None:
    first = await text_of(inside, "/")
    assert "Waiting until" in first
    assert "Run by Acme" in first
    notice = await text_of(inside, "/notice")
    assert "I have been shown this and I object" in notice
    assert "Start watching" not in notice
    assert "Neither says that you agree" in notice


@pytest.mark.parametrize("face", [FakeFace(Mode.TEST)])
async def test_a_test_instance_is_stamped_on_every_page(inside: Page) -> None:
    for path in ("/", "/notice", "/data", "/findings", "/ledger"):
        assert "TEST INSTANCE</strong>" in await text_of(inside, path)


async def test_an_answer_is_kept_and_shown(inside: Page) -> None:
    inside.face.found = [a_finding()]
    async with inside.post("/answer", {"finding": "f1", "answer": "approved", "from": "finding"}) as answer:
        assert answer.headers["Location"] == "/findings/f1?said=answered"
    assert "You said that this is approved." in await text_of(inside, "/")
    assert 'aria-pressed="true"' in await text_of(inside, "/findings/f1")
    for form, status in (
        ({"finding": "f1", "answer": "approve"}, 400),
        ({"finding": "f2", "answer": "approved"}, 404),
        ({"finding": "../x", "answer": "approved"}, 404),
    ):
        async with inside.post("/answer", form) as answer:
            assert answer.status == status


@pytest.mark.parametrize("answer", ["mistaken", "not_me"])
async def test_a_disputed_finding_says_so_wherever_it_is_shown(inside: Page, answer: str) -> None:
    for closed in (None, NOW):
        inside.face.found = [a_finding(answer=answer, closed_at=closed)]
        for path in ("/" if closed is None else "/findings?show=closed", "/findings/f1"):
            assert "Disputed: said to " in await text_of(inside, path), (path, closed)
    inside.face.found = [a_finding(answer="stopped")]
    assert "Disputed" not in await text_of(inside, "/") + await text_of(inside, "/findings/f1")


async def test_each_sign_stands_with_the_rule_behind_it(inside: Page) -> None:
    inside.face.found = [a_finding()]
    text = await text_of(inside, "/findings/f1")
    rule = builtin_rules()["network.platform"]
    for words in (rule.title, rule.looks_at, rule.why, rule.number, "network.platform", "weight 0.60"):
        assert escape(words) in text, words
    assert "T1593.001: Search Open Websites/Domains: Social Media (ATT&amp;CK)" in text


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED), FakeFace()], ids=["managed", "personal"])
async def test_what_follows_is_said_with_source_date_and_certainty_and_what_to_do_instead(inside: Page) -> None:
    inside.face.found = [a_finding()]
    text = await text_of(inside, "/findings/f1")
    for one in consequences_of(("linkedin",), inside.face.there.code):
        assert escape(one.says) in text
        assert escape(f"{one.source}, {one.date}; ") in text
    assert NOT_ADVICE in text
    for line in to_do("scraper-framework"):
        assert escape(line) in text
    for way in ways("scraper-framework", ["linkedin"]):
        assert escape(way.way) in text
    managed = inside.face.mode is Mode.MANAGED
    assert ("The law: Norway" in text) is ("I do not work there" in text) is managed


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED)])
async def test_who_works_elsewhere_hides_that_law_and_takes_it_back(inside: Page) -> None:
    inside.face.found = [a_finding()]
    for said, law, button in (("yes", False, "Show the law there again"), ("no", True, "I do not work there")):
        async with inside.post("/elsewhere", {"finding": "f1", "elsewhere": said}) as answer:
            assert answer.headers["Location"].startswith("/findings/f1?said=")
        text = await text_of(inside, "/findings/f1")
        assert ("The law: Norway" in text) is law
        assert button in text
        assert "LinkedIn&#39;s terms" in text
    async with inside.post("/elsewhere", {"finding": "nothing", "elsewhere": "yes"}) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("face", [FakeFace()])
async def test_where_no_policy_names_a_place_there_is_no_law_to_hide(inside: Page) -> None:
    inside.face.found = [a_finding()]
    async with inside.post("/elsewhere", {"finding": "f1", "elsewhere": "yes"}) as answer:
        assert answer.status == 409


async def test_a_finding_says_everything_that_is_kept_about_it(inside: Page) -> None:
    inside.face.found = [a_finding()]
    text = await text_of(inside, "/findings/f1")
    for words in (
        "catalogue.entry-point",
        "14 connections to LinkedIn",
        "4711",
        "python3",
        "T1593.001",
        "0.97",
        "3 times",
    ):
        assert words in text
    for missing in ("/findings/f9", "/findings/..", "/findings/" + "a" * 65):
        async with inside.get(missing) as answer:
            assert answer.status == 404


async def test_trying_starts_one_collection(inside: Page) -> None:
    async with inside.post("/try", {}) as answer:
        assert answer.headers["Location"] == "/?said=trying"
    assert inside.face.tries == 1


async def test_what_is_only_installed_is_a_list_and_never_a_flag(inside: Page) -> None:
    inside.face.found = [a_finding("here", "GNU Wget", stage=Stage.INSTALLED, flagged=False, level=Level.LOW)]
    text = await text_of(inside, "/")
    assert 'href="/findings?show=installed">One installed, never flagged</a>' in text
    assert 'id="finding-here"' not in text, "no card, no question"
    assert "No bulk collection seen" in text
