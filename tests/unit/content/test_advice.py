"""Every family has advice: how it is stopped, what becomes of what it took, whom to tell, what is allowed instead."""

from __future__ import annotations

import pytest

from agent.content.advice import AdviceError, load_advice, parse_advice, to_do, ways
from agent.content.catalogue import load_catalogue
from agent.content.platforms import load_platforms
from agent.content.terms import load_terms
from agent.pages.words import FAMILY

FAMILIES = sorted({tool.family for tool in load_catalogue().tools} | FAMILY.keys())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_advice_of_its_own(family: str) -> None:
    assert family in load_advice().families
    stop, keep, *tell = to_do(family)
    assert stop.split()[0] in {"End", "Switch"}
    assert keep.startswith("Do not ")
    assert any("data protection" in line for line in tell)
    for line in to_do(family):
        assert line.endswith(".")
    assert ways(family)


def test_no_two_families_are_told_the_same() -> None:
    told = [to_do(family)[:2] for family in FAMILIES]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("platform", sorted(load_platforms().keys))
def test_what_the_platform_itself_offers_comes_first(platform: str) -> None:
    offered = load_terms()[platform].instead
    assert ways("social-media-scraper", [platform])[: len(offered)] == offered


def test_the_official_ways_are_named_with_where_that_was_read() -> None:
    def read(platform: str) -> str:
        return " ".join(way.way for way in ways("social-media-scraper", [platform]) if way.certainty in "AB")

    assert "Meta Content Library" in read("facebook")
    assert "Meta Content Library" in read("instagram")
    assert "Research API" in read("tiktok")
    assert "YouTube Data API" in read("youtube")
    assert "Researcher Program" in read("youtube")
    assert "Researcher Access Program" in read("linkedin")
    assert "X API" in read("x")
    for platform in load_platforms().keys:
        sources = {way.source for way in ways("api-harvester", [platform])}
        assert "GDPR, Articles 15 and 20" in sources
    for terms in load_terms().values():
        assert all(way.source for way in terms.instead if way.certainty in "AB")


def test_nothing_is_offered_twice_and_an_unknown_family_still_has_what_always_holds() -> None:
    both = [way.way for way in ways("site-mirror", ["facebook", "instagram"])]
    assert len(set(both)) == len(both)
    assert ways("a-later-family") == load_advice().everywhere
    assert to_do("a-later-family") == load_advice().tell


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not well formed"),
        ("schema_version: 1\nchecked: 2026-01-01\ntell: []", "tell"),
        (
            "schema_version: 1\nchecked: 2026-01-01\ntell: [t]\neverywhere: [{way: w, certainty: B}]\nfamilies:\n"
            + "- {family: f, stop: s, keep: k, instead: [{way: w, certainty: B}]}\n" * 2,
            "twice",
        ),
    ],
)
def test_broken_advice_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(AdviceError, match=said):
        parse_advice(text)
