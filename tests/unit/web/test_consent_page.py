"""The consent page: each purpose on its own, no choice with a louder side, taking back as easy as giving."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from agent.model.consent import Press
from agent.model.purposes import ActKind, Channel, Gate, GateState, Mode, Purpose
from agent.web.purposes import cards_of, notice_choices, summary
from tests.unit.web.fake_face import DAY, NOW, UNUSED, FakeFace
from tests.unit.web.served import Page

LONGER = Purpose.LONGER_HISTORY
SHOWN = Gate(Purpose.DETECT, GateState.WAITING, NOW, reason="not_acknowledged")
NOT_SHOWN = Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="notice_not_shown")
USED = [p for p in Purpose if p not in UNUSED]


@dataclass
class Button:
    """One button with the form around it."""

    action: str
    fields: dict[str, str]
    label: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


class Buttons(HTMLParser):
    """Every button of a page that sends a form, with the fields that a press sends."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[Button] = []
        self._form: tuple[str, dict[str, str]] | None = None
        self._open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = (named["action"], {})
        elif tag == "input" and self._form is not None and named.get("type") == "hidden":
            self._form[1][named["name"]] = named["value"]
        elif tag == "button" and self._form is not None:
            fields = self._form[1] | ({named["name"]: named["value"]} if "name" in named else {})
            self.all.append(Button(self._form[0], fields, attributes=named))
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.all[-1].label += data

    def about(self, purpose: Purpose) -> list[Button]:
        return [b for b in self.all if b.fields.get("purpose") == purpose.value]


async def text_of(page: Page, path: str = "/consent") -> str:
    async with page.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def buttons(page: Page, purpose: Purpose) -> list[Button]:
    return Buttons(await text_of(page)).about(purpose)


async def press(page: Page, button: Button) -> str:
    """Press one button and return where the page leads."""
    async with page.post(button.action, button.fields) as answer:
        assert answer.status == 303
        return answer.headers["Location"]


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED), FakeFace()], ids=["managed", "personal"])
async def test_each_purpose_says_what_why_on_which_basis_for_whom_and_how_long(inside: Page) -> None:
    text = await text_of(inside)
    for view in await inside.face.purposes():
        if not view.in_use:
            continue
        card = text.split(f'id="purpose-{view.purpose.name.lower()}"')[1].split("</section>")[0]
        for words in (view.title, view.meaning, view.retention, *view.categories, *view.recipients):
            assert words.replace("'", "&#39;") in card, words
        assert view.basis.replace("'", "&#39;") in card
        assert "Is it on?" in card


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_a_mandatory_purpose_asks_for_no_agreement(inside: Page) -> None:
    text = await text_of(inside)
    assert "agree" not in text.lower()
    for purpose in USED:
        if not purpose.optional:
            labels = [b.label for b in await buttons(inside, purpose)]
            assert labels == ["I have been shown this", "I have been shown this and I object"]


@pytest.mark.parametrize(
    "face",
    [FakeFace(Mode.MANAGED, Gate(Purpose.DETECT, GateState.WAITING, NOW, reason="not_authorised"), authorised=True)],
)
async def test_where_it_needs_an_authorisation_that_is_what_is_asked(inside: Page) -> None:
    first, second = await buttons(inside, Purpose.DETECT)
    assert (first.label, second.label) == ("I authorise this", "I do not authorise this")
    assert "It starts only if you authorise it" in await text_of(inside)
    await press(inside, first)
    assert inside.face.pressed[-1].press.control == "notice.authorise"
    (back,) = await buttons(inside, Purpose.DETECT)
    assert (back.label, back.fields["kind"]) == ("I have been shown this and I object", "objected")
    await press(inside, back)
    assert "because you did not authorise it" in await text_of(inside)
    (again,) = await buttons(inside, Purpose.DETECT)
    assert again.fields["kind"] == "authorised"


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED), FakeFace()], ids=["managed", "personal"])
async def test_an_optional_purpose_is_off_and_no_side_is_chosen_for_the_person(inside: Page) -> None:
    allow, refuse = await buttons(inside, LONGER)
    assert (allow.label, refuse.label) == ("I allow this", "I do not allow this")
    for one in (allow, refuse):
        assert set(one.attributes) == {"type", "name", "value", "id"}, "no class, nothing that makes one louder"
    text = await text_of(inside)
    assert "checked" not in text
    assert "autofocus" not in text
    assert "That counts as no" in text


async def steps(page: Page, purpose: Purpose, kind: ActKind) -> int:
    """Count the presses from the page as it stands until an act is on record, following wherever they lead."""
    path, taken = "/consent", 0
    while not (page.face.pressed and page.face.pressed[-1].press.kind is kind):
        assert taken < 5, "it is never recorded"
        (button,) = [b for b in Buttons(await text_of(page, path)).about(purpose) if b.fields["kind"] == kind.value]
        path, taken = (await press(page, button)).partition("#")[0], taken + 1
    return taken


async def test_withdrawing_takes_as_many_steps_as_giving(inside: Page) -> None:
    giving = await steps(inside, LONGER, ActKind.GIVEN)
    withdrawing = await steps(inside, LONGER, ActKind.WITHDRAWN)
    assert withdrawing == giving == 1
    assert [p.press.control for p in inside.face.pressed] == ["purpose.allow", "purpose.withdraw"]
    card = (await text_of(inside)).split('id="purpose-longer_history"')[1].partition("</section>")[0]
    assert card.count("<input") == card.count('type="hidden"'), "nothing to fill in on either way"


async def test_a_consent_says_when_it_ends_and_a_refusal_stays_a_refusal(inside: Page) -> None:
    allow, refuse = await buttons(inside, LONGER)
    await press(inside, refuse)
    assert "because you did not allow it" in await text_of(inside)
    assert [b.label for b in await buttons(inside, LONGER)] == ["I allow this"]
    inside.face.expires[LONGER] = NOW + 365 * DAY
    await press(inside, allow)
    text = await text_of(inside)
    assert "Ends by itself" in text
    assert "«I allow this»" in text


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_an_objection_says_that_the_data_stays_here_and_can_be_taken_back(inside: Page) -> None:
    _, objecting = await buttons(inside, Purpose.HEALTH)
    await press(inside, objecting)
    text = await text_of(inside)
    assert "stays on this computer until your objection is answered or you take it back" in text
    (back,) = await buttons(inside, Purpose.HEALTH)
    assert (back.label, back.fields["kind"]) == ("I take back my objection", "acknowledged")
    await press(inside, back)
    assert "stays on this computer until" not in await text_of(inside)
    assert [p.purpose for p in inside.face.pressed] == [Purpose.HEALTH, Purpose.HEALTH], "the others are left alone"


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED)])
async def test_what_is_not_in_use_is_named_and_not_asked(inside: Page) -> None:
    text = await text_of(inside)
    unused = text.split("Not in use here")[1].split("</section>")[0]
    for view in await inside.face.purposes():
        assert (view.title in unused) == (view.purpose in UNUSED)
        if view.purpose in UNUSED:
            assert f"purpose-{view.purpose.name.lower()}" not in text
    assert "<button" not in unused
    assert "Nothing is done for these" in unused


@pytest.mark.parametrize("reason", ["notice_not_shown", "notice_changed"])
async def test_nothing_can_be_answered_before_the_notice_was_read(inside: Page, reason: str) -> None:
    inside.face.gate = Gate(Purpose.DETECT, GateState.CLOSED, 0, reason=reason)
    text = await text_of(inside)
    assert "Read the notice first" in text
    assert [b for b in Buttons(text).all if b.action == "/act"] == []
    async with inside.post("/act", inside.act("given", LONGER.value, "consent")) as answer:
        assert answer.status == 409
    assert inside.face.pressed == []


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, NOT_SHOWN)])
async def test_without_a_script_reading_leads_to_answering_each_by_itself(inside: Page) -> None:
    (choose,) = [b for b in Buttons(await text_of(inside, "/")).all if "each purpose" in b.label]
    assert (await press(inside, choose)).startswith("/consent")
    assert [p.press.kind for p in inside.face.pressed] == [ActKind.SHOWN]
    assert len(await buttons(inside, Purpose.DETECT)) == 2


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Gate(LONGER, GateState.CLOSED, NOW, reason="expired"), "the time of your consent was over"),
        (Gate(LONGER, GateState.CLOSED, NOW, reason="withdrawn"), "because you withdrew your consent"),
        (Gate(LONGER, GateState.CLOSED, NOW, reason="some_later_reason"), "some later reason"),
        (Gate(Purpose.DETECT, GateState.WAITING, NOW, NOW + 14 * DAY, "lead_days"), "Starts <time"),
        (Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="language_missing"), "in a language that this release"),
        (SHOWN, "whichever of the two you press"),
    ],
)
@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED)])
async def test_a_gate_that_is_not_open_says_why_and_when(inside: Page, gate: Gate, words: str) -> None:
    inside.face.gates[gate.purpose] = gate
    assert words in await text_of(inside)
    inside.face.gates.clear()


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_the_record_says_which_button_and_how_long_the_text_lay_there(inside: Page) -> None:
    await text_of(inside)
    inside.clock.seconds += 12.5
    acknowledge, _ = await buttons(inside, Purpose.WARN)
    inside.clock.seconds += 2.25
    await press(inside, acknowledge)
    await text_of(inside, "/consent?said=acknowledged_one")
    inside.clock.seconds += 1
    objecting = Button("/act", inside.act("objected", Purpose.HEALTH.value, "consent"))
    await press(inside, objecting)
    presses = [p.press for p in inside.face.pressed]
    assert [p.control for p in presses] == ["notice.acknowledge", "notice.object"]
    assert [p.dwell_ms for p in presses] == [2250, 3250], "the page that comes back has lain there all along"
    assert all(p.channel is Channel.PAGE for p in inside.face.pressed)


async def test_a_press_from_a_page_that_was_never_shown_has_no_dwell_time(inside: Page) -> None:
    await press(inside, Button("/act", inside.act("given", LONGER.value, "consent")))
    assert inside.face.pressed[0].press.dwell_ms is None


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        ("given", ""),
        ("withdrawn", ""),
        ("shown", LONGER.value),
        ("expired", LONGER.value),
        ("answered", Purpose.WARN.value),
        ("disputed", Purpose.WARN.value),
        ("given", "no.such-purpose"),
        ("agreed", LONGER.value),
    ],
)
async def test_acts_that_are_not_made_here_are_refused(inside: Page, kind: str, purpose: str) -> None:
    async with inside.post("/act", inside.act(kind, purpose, "consent")) as answer:
        assert answer.status == 400
    assert inside.face.pressed == []


async def test_what_the_agent_refuses_is_said_in_its_words(inside: Page) -> None:
    inside.face.refuses = "self.longer-history is <not> for today."
    async with inside.post("/act", inside.act("given", LONGER.value, "consent")) as answer:
        assert answer.status == 409
        assert "self.longer-history is &lt;not&gt; for today." in await answer.text()
    assert inside.refused == ["web.not_possible"]


async def test_the_way_back_is_ours_whatever_the_form_says(inside: Page) -> None:
    for place in ("//evil.example", "https://evil.example/", "../consent", ""):
        async with inside.post("/act", inside.act("objected", came_from=place)) as answer:
            assert answer.headers["Location"] == "/?said=stopped"


@pytest.mark.parametrize("language", ["de", "nb"])
@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_in_another_language_the_page_and_the_notices_words_speak_it(inside: Page, language: str) -> None:
    text = await text_of(inside, f"/consent?lang={language}")
    for view in await inside.face.purposes(language):
        if view.in_use:
            assert f'lang="{language}">{view.title}</h3>' in text
    assert f'<html lang="{language}">' in text
    labels = [b.label for b in Buttons(text).about(Purpose.DETECT)]
    notice = await text_of(inside, "/notice")
    assert all(label in notice for label in labels), "the notice's own words, in the language chosen before"
    button = Buttons(text).about(Purpose.DETECT)[0]
    await press(inside, button)
    assert inside.face.pressed[-1].language == language
    assert inside.face.pressed[-1].press.notice_sha256 == inside.face.notice(language).sha256


async def test_the_overview_says_in_one_line_how_many_are_on(inside: Page) -> None:
    assert "4 of 5 purposes are on." in await text_of(inside, "/")
    assert 'href="/consent"' in await text_of(inside, "/")


async def test_the_line_says_what_waits_and_what_is_objected_to() -> None:
    face = FakeFace(Mode.MANAGED, SHOWN)
    assert summary(await face.purposes()) == "0 of 5 purposes are on. 4 wait for your answer."
    await face.act(Purpose.HEALTH, Press(ActKind.OBJECTED, face.text.sha256, ""), Channel.PAGE)
    line = "1 of 5 purposes is on. 3 wait for your answer. You object to 1."
    assert summary(await face.purposes()) == line
    face.unused = frozenset(Purpose)
    assert summary(await face.purposes()) == "Nothing is asked of you here."


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_every_choice_is_of_an_act_that_fits(mode: Mode, language: str) -> None:
    for reason in ("", "not_acknowledged", "not_authorised", "objected", "lead_days", "expired"):
        state = GateState.CLOSED if reason else GateState.OPEN
        face = FakeFace(mode, Gate(Purpose.DETECT, state, NOW, reason=reason))
        views = await face.purposes(language)
        cards = cards_of(views, mode, language)
        for card in cards.mandatory:
            kinds = {c.kind for c in card.choices}
            assert kinds
            assert kinds <= {ActKind.ACKNOWLEDGED, ActKind.OBJECTED, ActKind.AUTHORISED}
            assert mode is Mode.MANAGED or ActKind.AUTHORISED not in kinds
        for card in cards.optional:
            assert {c.kind for c in card.choices} <= {ActKind.GIVEN, ActKind.REFUSED, ActKind.WITHDRAWN}
        assert notice_choices(views, mode, language)
