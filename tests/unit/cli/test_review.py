"""`gleanwatch consent review` and the question at start: told first, asked one by one, recorded as it was typed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.changes import Changes
from agent.cli.asking import Failure
from agent.cli.consent import consent
from agent.cli.consent_desk import language_of
from agent.cli.consent_review import question, review, typed_words
from agent.cli.run_notice import ask_at_start
from agent.consent.standing import fits
from agent.model.consent import Press, PurposeView
from agent.model.face import NoticeText
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose, StartRule
from tests.support.places import clean_environment
from tests.support.waiting import until
from tests.unit.cli.conftest import ScriptedDesk
from tests.unit.cli.paper_agent import PaperAgent
from tests.unit.cli.typist import at_terminal
from tests.unit.link.keeping import NOW, StillClock

MANDATORY = (Purpose.DETECT, Purpose.WARN, Purpose.LEDGER, Purpose.HEALTH)
"""Those that this release does something for, in the order in which they are told."""


def in_a_pipe(*arguments: str) -> Result:
    return CliRunner().invoke(consent, list(arguments))


def asked(agent: PaperAgent, command: str) -> list[Mapping[str, object]]:
    return [args for name, args in agent.asked if name == command]


# At a real terminal


def test_each_purpose_is_told_and_asked_about_on_its_own(env: Mapping[str, str], agent: PaperAgent) -> None:
    with at_terminal(env, "consent", "review") as person:
        person.expect(agent.notice().sha256)
        person.type("")
        for number, word in enumerate(("seen", "object", "", "seen", "allow"), 1):
            person.expect(f"{number} of 5")
            for told in ("Legal basis", "What is looked at", "Who sees it", "How long", "Your answer"):
                person.expect(told)
            person.type(word)
        person.expect("Where it stands now")
        assert person.end() == 0, person.said
    assert [act.kind for act in agent.acts[:4]] == [ActKind.SHOWN] * 4
    assert [(act.purpose, act.kind, act.control) for act in agent.acts[4:]] == [
        (Purpose.DETECT, ActKind.ACKNOWLEDGED, "terminal.acknowledge"),
        (Purpose.WARN, ActKind.OBJECTED, "terminal.object"),
        (Purpose.HEALTH, ActKind.ACKNOWLEDGED, "terminal.acknowledge"),
        (Purpose.LONGER_HISTORY, ActKind.GIVEN, "terminal.allow"),
    ]
    assert {act.channel for act in agent.acts} == {Channel.TERMINAL}
    assert {act.notice_sha256 for act in agent.acts} == {agent.notice().sha256}


def test_ctrl_c_keeps_what_was_answered_and_nothing_else(env: Mapping[str, str], agent: PaperAgent) -> None:
    with at_terminal(env, "consent", "review") as person:
        person.expect("Enter to go on")
        person.type("")
        person.expect("1 of 5")
        person.expect("Your answer")
        person.type("seen")
        person.expect("2 of 5")
        person.expect("Your answer")
        person.interrupt("What you had answered before is on record, nothing else is.")
        assert person.end() == 1
    assert [act.kind for act in agent.acts if act.kind is not ActKind.SHOWN] == [ActKind.ACKNOWLEDGED]


def test_into_a_pipe_the_text_is_written_and_nothing_is_asked_or_recorded(
    env: Mapping[str, str], agent: PaperAgent
) -> None:
    done = in_a_pipe("review")
    assert (done.exit_code, done.stdout) == (1, agent.notice().text)
    assert "typed by a person at a terminal" in done.stderr
    assert agent.acts == []


# What is recorded


def test_showing_comes_first_and_every_answer_says_how_long_the_text_stood_there(
    desk: ScriptedDesk, agent: PaperAgent
) -> None:
    review(desk.types("", "seen", "", "object", "", "refuse", pace=1.5))
    assert [(act.kind, act.purpose, act.dwell_ms) for act in agent.acts if act.kind is not ActKind.SHOWN] == [
        (ActKind.ACKNOWLEDGED, Purpose.DETECT, 3000),
        (ActKind.OBJECTED, Purpose.LEDGER, 6000),
        (ActKind.REFUSED, Purpose.LONGER_HISTORY, 9000),
    ]
    shown = agent.recorded(ActKind.SHOWN)
    assert {(act.dwell_ms, act.control) for act in shown} == {(None, "terminal.notice")}
    assert agent.acts[: len(shown)] == shown


def test_enter_alone_records_that_it_was_shown_and_nothing_more(desk: ScriptedDesk, agent: PaperAgent) -> None:
    review(desk.types(*[""] * 6))
    assert {act.kind for act in agent.acts} == {ActKind.SHOWN}


def test_what_is_not_understood_is_asked_again_and_recorded_nowhere(desk: ScriptedDesk, agent: PaperAgent) -> None:
    review(desk.types("", "agree", "SEEN ", *[""] * 4))
    assert "Not understood; nothing was recorded." in desk.said
    assert [act.kind for act in agent.acts if act.kind is not ActKind.SHOWN] == [ActKind.ACKNOWLEDGED]


def test_what_changed_stands_before_the_notice_and_unchanged_text_says_nothing_of_it(
    desk: ScriptedDesk, agent: PaperAgent
) -> None:
    agent.before = agent.notice().text.replace("24 hours", "12 hours")
    review(desk.types(*[""] * 6))
    changed, whole = desk.said.index("What changed since you last answered"), desk.said.index("Notice, version")
    assert changed < desk.said.index("- ") and changed < whole
    assert "12 hours" in desk.said[changed:whole]
    agent.before = ""
    desk.screen.truncate(0)
    review(desk.types(*[""] * 6))
    assert "What changed" not in desk.said


def test_a_notice_that_changes_meanwhile_takes_no_answer(desk: ScriptedDesk, agent: PaperAgent) -> None:
    at = desk.types("", "seen")
    read = at.read

    def policy_changes(prompt: str) -> str:
        agent.lead_days = 14
        return read(prompt)

    with pytest.raises(Failure, match="The notice has changed"):
        review(replace(at, read=policy_changes))
    assert {act.kind for act in agent.acts} == {ActKind.SHOWN}


def test_a_consent_is_taken_back_at_the_same_place_by_the_same_one_word(desk: ScriptedDesk, agent: PaperAgent) -> None:
    review(desk.types(*[""] * 5, "allow"))
    given = desk.typed
    review(desk.types(*[""] * 5, "withdraw"))
    assert desk.typed == 2 * given
    last = agent.acts[-1]
    assert (last.kind, last.purpose, last.control) == (
        ActKind.WITHDRAWN,
        Purpose.LONGER_HISTORY,
        "terminal.withdraw",
    )
    assert agent.gate(Purpose.LONGER_HISTORY).state is GateState.CLOSED


@pytest.mark.parametrize(
    "case",
    [
        (Mode.PERSONAL, StartRule.ACKNOWLEDGED, "yes", ActKind.ACKNOWLEDGED),
        (Mode.PERSONAL, StartRule.ACKNOWLEDGED, "seen", ActKind.ACKNOWLEDGED),
        (Mode.PERSONAL, StartRule.ACKNOWLEDGED, "no", ActKind.OBJECTED),
        (Mode.MANAGED, StartRule.SHOWN, "seen", ActKind.ACKNOWLEDGED),
        (Mode.MANAGED, StartRule.ACKNOWLEDGED, "object", ActKind.OBJECTED),
        (Mode.MANAGED, StartRule.AUTHORISED, "authorise", ActKind.AUTHORISED),
        (Mode.MANAGED, StartRule.AUTHORISED, "object", ActKind.OBJECTED),
    ],
)
def test_every_start_rule_has_its_word(
    desk: ScriptedDesk, agent: PaperAgent, case: tuple[Mode, StartRule, str, ActKind]
) -> None:
    mode, rule, word, kind = case
    agent.mode, agent.start = mode, rule
    review(desk.types("", word, *[""] * 4))
    assert [act.kind for act in agent.acts if act.kind is not ActKind.SHOWN] == [kind]
    decides = mode is Mode.PERSONAL or rule is StartRule.AUTHORISED
    closed = decides and kind is ActKind.OBJECTED
    assert agent.gate(Purpose.DETECT).state is (GateState.CLOSED if closed else GateState.OPEN)


def test_seen_does_not_pass_for_an_authorisation(desk: ScriptedDesk, agent: PaperAgent) -> None:
    agent.start = StartRule.AUTHORISED
    review(desk.types("", "seen", "", *[""] * 4))
    assert {act.kind for act in agent.acts} == {ActKind.SHOWN}


# Laws of what is offered


def views() -> st.SearchStrategy[tuple[PurposeView, Mode, StartRule]]:
    def build(purpose: Purpose, kind: ActKind | None, reason: str, mode: Mode, start: StartRule) -> object:
        act = None if kind is None else Act(purpose, kind, NOW, "0" * 64, Channel.PAGE, entry=1)
        gate = Gate(purpose, GateState.CLOSED, 0, reason=reason)
        view = PurposeView(purpose, purpose.optional, True, gate, act, "t", "m", "b", (), (), "r", None, False)
        return view, mode, start

    words = [None, ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED, ActKind.GIVEN, ActKind.REFUSED]
    return st.builds(
        build,  # type: ignore[arg-type]
        st.sampled_from(Purpose),
        st.sampled_from([*words, ActKind.WITHDRAWN, ActKind.EXPIRED]),
        st.sampled_from(["", "notice_changed", "not_acknowledged", "objected", "not_given"]),
        st.sampled_from(Mode),
        st.sampled_from(StartRule),
    )


@settings(max_examples=300, deadline=None)
@given(views(), st.sampled_from(["en", "nb"]))
def test_whatever_can_be_typed_fits_and_no_is_always_as_near_as_yes(
    case: tuple[PurposeView, Mode, StartRule], language: str
) -> None:
    view, mode, start = case
    authorisation = mode is Mode.MANAGED and start is StartRule.AUTHORISED
    options = question(view, mode, language, authorisation=authorisation)
    kinds = [option.kind for option in options]
    assert (options[-1].word, options[-1].kind) == ("", None), "Enter decides nothing"
    for kind in kinds:
        assert kind is None or fits(view.purpose, kind, start, mode) == ""
    allowing = {ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.GIVEN}
    forbidding = {ActKind.OBJECTED, ActKind.REFUSED, ActKind.WITHDRAWN}
    assert not allowing & set(kinds) or forbidding & set(kinds)
    known = typed_words(options)
    assert all(known[option.word] is option.kind for option in options)
    assert set(known.values()) == set(kinds), "a word that is not offered means nothing new"


# Languages


@pytest.mark.parametrize(
    ("env", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "nn_NO"}, "nb"),
        ({"LANG": "de_DE", "LC_ALL": "fr_FR@euro"}, "fr"),
        ({"LANG": "de_DE", "LC_MESSAGES": "es"}, "es"),
        ({"LANG": "de_DE", "LC_ALL": ""}, "de"),
        ({"LANG": "tlh"}, "en"),
    ],
)
def test_the_environment_says_which_language_is_wanted(env: Mapping[str, str], language: str) -> None:
    assert language_of(env) == language


def test_a_language_that_is_not_there_is_said_and_the_text_shown_is_the_one_recorded(
    desk: ScriptedDesk, agent: PaperAgent
) -> None:
    review(desk.types(*[""] * 6, language="fr"))
    assert "not there in the language you asked for (fr)" in desk.said
    assert {act.language for act in agent.acts} == {"en"}
    assert {args["language"] for args in asked(agent, "notice")} == {"fr"}


def test_a_language_nobody_wrote_is_misuse_and_says_which_there_are(env: Mapping[str, str]) -> None:
    done = in_a_pipe("review", "--language", "tlh")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "en, de, fr, es, nb" in done.stderr


# At the start of the agent


class PaperFace:
    """The running agent's face over the agent on paper, for the question that `gleanwatch run` asks."""

    def __init__(self, agent: PaperAgent) -> None:
        self.agent, self.said = agent, Changes()

    async def purposes(self, language: str) -> Sequence[PurposeView]:
        return self.agent.views(language)

    def notice(self, language: str) -> NoticeText:
        return self.agent.notice(language)

    async def difference(self, _language: str) -> Sequence[tuple[str, str]] | None:
        return None

    async def act(self, purpose: Purpose | None, press: Press, channel: Channel) -> None:
        named = purpose.value if purpose is not None else None
        self.agent.act({**msgspec.to_builtins(press), "purpose": named, "channel": channel.value})
        self.said.say("gates")

    def changes(self) -> AsyncIterator[str]:
        return self.said.listen()


def lines(*typed: str) -> object:
    left = iter(typed)

    async def read() -> str:
        try:
            return next(left)
        except StopIteration:
            await asyncio.Event().wait()
            raise

    return read


async def start(agent: PaperAgent, *typed: str) -> None:
    await ask_at_start(PaperFace(agent), agent.mode, StillClock(), lines(*typed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "case",
    [
        (Mode.PERSONAL, StartRule.ACKNOWLEDGED, "yes\n", ActKind.ACKNOWLEDGED),
        (Mode.PERSONAL, StartRule.ACKNOWLEDGED, "no\n", ActKind.OBJECTED),
        (Mode.MANAGED, StartRule.ACKNOWLEDGED, "seen\n", ActKind.ACKNOWLEDGED),
        (Mode.MANAGED, StartRule.AUTHORISED, "authorise\n", ActKind.AUTHORISED),
    ],
)
async def test_one_answer_at_start_is_for_every_purpose_that_rests_on_the_notice(
    agent: PaperAgent, capsys: pytest.CaptureFixture[str], case: tuple[Mode, StartRule, str, ActKind]
) -> None:
    mode, rule, word, kind = case
    agent.mode, agent.start = mode, rule
    await start(agent, word)
    assert agent.notice().sha256 in capsys.readouterr().out
    assert [(act.purpose, act.kind) for act in agent.acts] == [
        *itertools.product(MANDATORY, [ActKind.SHOWN]),
        *itertools.product(MANDATORY, [kind]),
    ]
    agent.asked.clear()
    await start(agent)  # answered: the next start asks nothing, so nothing needs to be typed


@pytest.mark.parametrize("typed", ["\n", ""])
async def test_enter_or_a_terminal_that_went_away_decides_nothing(agent: PaperAgent, typed: str) -> None:
    await start(agent, typed)
    assert {act.kind for act in agent.acts} == {ActKind.SHOWN}


async def test_a_test_instance_is_not_asked(agent: PaperAgent) -> None:
    agent.mode = Mode.TEST
    await start(agent)
    assert agent.acts == []


async def test_an_answer_given_on_the_page_ends_the_question(agent: PaperAgent) -> None:
    face = PaperFace(agent)
    asking = asyncio.ensure_future(ask_at_start(face, agent.mode, StillClock(), lines("what?\n")))  # type: ignore[arg-type]
    await until(lambda: bool(agent.recorded(ActKind.SHOWN)), "the notice to be shown")
    for _ in range(50):
        await asyncio.sleep(0)
    assert not asking.done()
    await face.act(None, Press(ActKind.ACKNOWLEDGED, agent.notice().sha256, "notice.acknowledge"), Channel.PAGE)
    await asyncio.wait_for(asking, 20)
    assert {act.channel for act in agent.recorded(ActKind.ACKNOWLEDGED)} == {Channel.PAGE}


async def test_the_question_can_be_cancelled_at_any_moment(agent: PaperAgent) -> None:
    asking = asyncio.ensure_future(start(agent))
    await until(lambda: bool(agent.recorded(ActKind.SHOWN)), "the notice to be shown")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(asyncio.all_tasks()) == 1, "nothing is left behind"


def test_the_running_agent_asks_at_its_terminal_and_ends_by_ctrl_c_in_the_middle_of_the_question(folder: Path) -> None:
    """The real agent, its real database: a question that was left open is asked again, an answered one is not."""
    env = clean_environment(folder, GLEANWATCH_DESKTOP="off")
    for answer, then in ((None, "has stopped"), ("yes", "Watching: on"), (None, "Watching: on")):
        with at_terminal(env, "run") as person:
            if then == "has stopped" or answer:
                person.expect("Enter  decide later")
                person.expect("Your answer:")
            if answer:
                person.type(answer)
            if then == "Watching: on":
                person.expect("Your page, once")
                person.expect(then)
            person.interrupt("has stopped")
            assert person.end() == 0, person.said
            assert "Traceback" not in person.said
    assert "Your answer" not in person.said
