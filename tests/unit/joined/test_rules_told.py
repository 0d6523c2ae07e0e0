"""When an organisation's rules are in force: once exactly the notice that tells of them was shown, and nobody disputes
that it was.

The notice without them, and with others, goes on to hold: whatever is added or taken away, no gate moves.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.consent import Press
from agent.model.own_rules import OwnRule
from agent.model.purposes import ActKind, Channel, GateState, Purpose, StartRule
from tests.unit.joined.rig import Join, Joined, Joining, MovedClock, managed

RULES = {
    letter: OwnRule(f"id-{letter}", f"Rule {letter}", "As agreed with everybody.", "media-downloader", ("tool is x",))
    for letter in "abc"
}
SETS = ("", "a", "b", "ab", "abc")


def rules(letters: str) -> tuple[Sequence[OwnRule], str]:
    return [RULES[letter] for letter in letters], letters * 8


@dataclass
class Model:
    """What is expected: which texts were shown, by which entry, and which showing was disputed."""

    shown: dict[int, str] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)

    def told(self, now: set[str]) -> bool:
        return any(sha in now for entry, sha in self.shown.items() if entry not in self.disputed)


async def shown(joined: Joined, language: str = "en") -> None:
    await joined.press(ActKind.SHOWN, language=language)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("tell"), st.sampled_from(SETS)),
            st.tuples(st.just("show"), st.sampled_from(["en", "de"])),
            st.tuples(st.just("answer"), st.just("en")),
            st.tuples(st.just("dispute"), st.integers(0, 5).map(str)),
        ),
        max_size=12,
    )
)
def test_rules_are_told_exactly_when_the_very_text_with_them_was_shown(steps: list[tuple[str, str]]) -> None:
    asyncio.run(_run(steps))


async def _run(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        rulebook = managed("GB", start=StartRule.SHOWN, lead_days=0)
        async with Joining(Path(place) / "gleanwatch.db", rulebook, MovedClock()) as joined:
            consents, model = joined.consents, Model()
            for step, what in steps:
                joined.clock.advance(ms=1)
                before = len(consents.acts)
                if step == "tell":
                    await consents.tell_rules(*rules(what))
                elif step == "show":
                    await shown(joined, what)
                elif step == "answer":
                    await joined.press(ActKind.ACKNOWLEDGED, language=what)
                elif model.shown:
                    entry = sorted(model.shown)[int(what) % len(model.shown)]
                    if entry not in model.disputed:
                        await consents.dispute(entry, Channel.PAGE)
                        model.disputed.add(entry)
                for act in consents.acts[before:]:
                    if act.kind is ActKind.SHOWN:
                        model.shown[act.entry or -1] = act.notice_sha256
                now = {consents.notice(language).sha256 for language in consents.languages()}
                assert (consents.rules_told() is not None) == model.told(now)


async def test_adding_and_removing_rules_moves_no_gate(join: Join) -> None:
    async with join(managed("GB", start=StartRule.SHOWN, lead_days=0)) as joined:
        await shown(joined)
        assert joined.gate().state is GateState.OPEN
        since = joined.gate().since
        for letters in ("a", "ab", "", "b"):
            joined.clock.advance(days=1)
            await joined.consents.tell_rules(*rules(letters))
            assert joined.gate().state is GateState.OPEN
            if letters == "ab":
                await shown(joined)
        assert joined.gate().since == since


async def test_who_was_only_ever_shown_the_notice_with_rules_was_shown_the_notice(join: Join) -> None:
    rulebook = managed("GB", start=StartRule.SHOWN, lead_days=0)
    async with join(rulebook) as joined:
        await joined.consents.tell_rules(*rules("a"))
        assert joined.gate().state is not GateState.OPEN
        await shown(joined)
        since = joined.consents.rules_told()
        assert since == joined.clock.now()
    async with join(rulebook) as joined:  # started anew, before the rules are read again
        assert joined.gate().state is GateState.OPEN
        joined.clock.advance(days=2)
        await joined.consents.tell_rules(*rules("a"))
        assert joined.consents.rules_told() == since
        await joined.consents.tell_rules(*rules("b"))
        assert joined.consents.rules_told() is None
        assert joined.gate().state is GateState.OPEN


async def test_the_difference_shows_the_rules_that_came_and_those_that_went(join: Join) -> None:
    async with join(managed("GB")) as joined:
        await shown(joined)
        await joined.press(ActKind.ACKNOWLEDGED)
        assert await joined.consents.difference() is None
        await joined.consents.tell_rules(*rules("a"))
        lines = await joined.consents.difference() or []
        assert {mark for mark, line in lines if line.strip() and line != "…"} <= {"+", " "}
        assert any(mark == "+" and "Rule a" in line for mark, line in lines)
        await shown(joined)
        await joined.press(ActKind.ACKNOWLEDGED)
        assert await joined.consents.difference() is None
        await joined.consents.tell_rules(*rules("b"))
        marks = {mark: line for mark, line in await joined.consents.difference() or [] if "Rule" in line}
        assert "Rule b" in marks["+"]
        assert "Rule a" in marks["-"]


async def test_an_answer_to_the_text_of_before_is_refused_while_rules_wait(join: Join) -> None:
    async with join(managed("GB")) as joined:
        bare = joined.consents.notice().sha256
        await shown(joined)
        await joined.consents.tell_rules(*rules("a"))
        with pytest.raises(ValueError, match="has changed since it was shown"):
            await joined.consents.act(Purpose.DETECT, Press(ActKind.ACKNOWLEDGED, bare, "x"), Channel.PAGE)
        # Saying no needs no reading of what is new.
        await joined.consents.act(Purpose.DETECT, Press(ActKind.OBJECTED, bare, "x"), Channel.PAGE)
