"""A finding in plain English: complete for every stage and level, and made from the finding alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.content.catalogue import load_catalogue
from agent.detection.explain import explain
from agent.detection.names import TECHNIQUES
from agent.model.answers import WORDS
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, Stage

FINDING = st.builds(
    Finding,
    id=st.just("f"),
    tool=st.sampled_from(["scrapy", "cadence:x", "script:requests"]),
    name=st.just("Scrapy"),
    family=st.just("scraper-framework"),
    stage=st.sampled_from(Stage),
    confidence=st.floats(0, 1),
    level=st.sampled_from(Level),
    flagged=st.booleans(),
    platforms=st.sampled_from([(), ("linkedin",), ("linkedin", "x")]),
    first_seen=st.just(1),
    last_seen=st.just(2),
    count=st.just(1),
    evidence=st.lists(
        st.builds(
            Evidence, cls=st.sampled_from(EvidenceClass), rule=st.just("r"), detail=st.just("d"), weight=st.just(0.5)
        ),
        max_size=3,
    ).map(tuple),
    answer=st.sampled_from(["", *WORDS, "of_a_later_release"]),
    lowered=st.sampled_from(["", "a test runner started it"]),
    modes=st.lists(st.sampled_from(CollectMode), max_size=2, unique=True).map(tuple),
)


@given(FINDING)
def test_every_finding_is_said_in_whole_sentences(finding: Finding) -> None:
    said = explain(finding)
    for sentence in (said.headline, *said.why, said.meaning, *said.now):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0] == "«"
    assert len(said.why) == len(finding.evidence) + 1 + bool(finding.lowered)
    assert [sign.rule for sign in said.signs] == [piece.rule for piece in finding.evidence]
    assert bool(said.instead) is finding.flagged
    assert bool(said.said) is bool(finding.answer)
    assert said.said.startswith("Disputed: said to ") is (finding.answer in {"mistaken", "not_me"})


async def test_a_real_finding_says_what_was_seen_and_what_to_do(world: Any) -> None:
    (found,) = await world.start("wget", "-r", "https://site.example/")
    said = explain(found)
    assert said.headline == "GNU Wget was started and asked for page after page by following links."
    assert "How it was started: asked for many: page after page by following links (-r)." in said.why
    assert said.now[0].startswith("End the copy.")


def test_a_rhythm_is_said_in_words() -> None:
    piece = Evidence(EvidenceClass.CADENCE, "cadence.window", "30 page loads on LinkedIn: rate, even", 0.6)
    finding = Finding(
        "f", "cadence:linkedin", "Page loads on LinkedIn in a machine's rhythm", "browser-automation", Stage.COLLECTING,
        0.6, Level.MEDIUM, True, ("linkedin",), 1, 2, 1, evidence=(piece,),
    )  # fmt: skip
    assert explain(finding).why[0] == (
        "The rhythm of page loads: 30 page loads on LinkedIn, more than twenty a minute and evenly spaced."
    )


def test_every_technique_of_the_catalogue_has_its_published_name() -> None:
    used = {technique for tool in load_catalogue().tools for technique in tool.techniques}
    assert used <= TECHNIQUES.keys()
